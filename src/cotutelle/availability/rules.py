"""Who sees when somebody is busy: the person, and whoever arranges times for them."""

from __future__ import annotations

from typing import Any

import rules
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant


@rules.predicate
def is_owner(actor: Any, obj: Any = None) -> bool:
    """The calendar address is the actor's own."""
    return obj is None or obj == actor or getattr(obj, "person_id", None) == actor.pk


grant(
    "availability.manage_feeds",
    is_owner,
    reason=_("Everybody looks after their own calendar addresses."),
)
