"""How a batch of certificates is seen as a decision and checked again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cotutelle.core.access import why_not
from cotutelle.credentials.enums import StatusPurpose
from cotutelle.credentials.rules import ISSUERS, units_with
from cotutelle.credentials.services.issuing import RUN_KIND, verify_batch
from cotutelle.decisions import access
from cotutelle.decisions.models import Run
from cotutelle.institutions.queries import below


def _why_not(actor: Any, run: Run) -> str | None:
    return why_not(actor, "credentials.issue_award", run.unit)


def _visible(actor: Any) -> Q:
    return below(units_with(actor, *ISSUERS))


def _back(run: Run) -> str:
    return reverse("credentials:credentials")


def _in_words(parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("Signature"), _(", ").join(parameters["suites"])),
        (
            _("Status lists"),
            _(", ").join(str(StatusPurpose(p).label) for p in parameters["status"]),
        ),
    ]


access.register(
    RUN_KIND,
    title=gettext_lazy("Issue of certificates"),
    why_not=_why_not,
    visible=_visible,
    verify=verify_batch,
    in_words=_in_words,
    back_url=_back,
    checks={
        "signatures": gettext_lazy("Compared with the certificates themselves"),
        "erased": gettext_lazy("Erased since, and not compared"),
    },
)
