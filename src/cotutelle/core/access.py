"""
Who may do what: denied unless a rule allows, and a refusal says why.

Rooms declare permissions in their ``rules.py`` with `grant`; every view and API route
names one with `requires`; every service asks `check`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import rules
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cotutelle.core.errors import Refused

View = Callable[..., HttpResponse]
PUBLIC = "public"
SIGNED_IN = "signed_in"

_reasons: dict[str, Any] = {}


def grant(permission: str, predicate: Any, *, reason: Any) -> None:
    """
    Declare ``permission``.

    Parameters
    ----------
    permission
        ``<room>.<verb>_<noun>``.
    predicate
        A ``rules`` predicate of (actor, object or ``None``). Without an object it answers
        "anywhere at all".
    reason
        Lazy sentence shown to those who are refused; it names the rule.
    """
    rules.add_perm(permission, predicate)
    _reasons[permission] = reason


def why_not(actor: Any, permission: str, obj: Any = None) -> str | None:
    """Return why ``actor`` may not do ``permission`` to ``obj``; ``None`` when they may."""
    if actor.is_authenticated and actor.is_active and rules.has_perm(permission, actor, obj):
        return None
    return str(_reasons.get(permission) or _("No rule allows this."))


def check(actor: Any, permission: str, obj: Any = None) -> None:
    """
    Refuse unless ``actor`` may do ``permission`` to ``obj``.

    Raises
    ------
    Refused
        ``access.denied`` with the sentence of the rule.
    """
    if reason := why_not(actor, permission, obj):
        raise Refused(reason)


def requires(permission: str) -> Callable[[View], View]:
    """
    Let a view run only for those who hold ``permission`` anywhere at all.

    Which objects is the matter of ``visible_to`` in the queries and of the service.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if permission != PUBLIC:
                if not request.user.is_authenticated:
                    return redirect_to_login(request.get_full_path())
                if permission != SIGNED_IN:
                    check(request.user, permission)
            return view(request, *args, **kwargs)

        checked.permission = permission  # type: ignore[attr-defined]
        return checked

    return decorate
