"""Putting an award into the words of a certificate, before anything is signed."""

from __future__ import annotations

import calendar
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.facts import LABELS
from cotutelle.credentials.models import Achievement, Award
from cotutelle.credentials.services.common import base_url
from cotutelle.credentials.services.known_facts import both
from cotutelle.credentials.services.status_lists import profile_of
from cotutelle.engines.credentials.achievements import CredentialProblem, build_credential
from cotutelle.engines.credentials.times import write_time

FACTS_PATH = "credentialSubject.facts."


def credential_url(public_id: uuid.UUID) -> str:
    """Return the name of a certificate; an identifier, never fetched."""
    return f"{base_url()}/credentials/{public_id}"


def schema_url(kind: str) -> str:
    """Return where the schema of a kind is served."""
    return f"{base_url()}/credentials/schemas/{kind}.json"


def draft_of(
    award: Award,
    *,
    public_id: uuid.UUID,
    status: Sequence[Mapping[str, Any]] = (),
    valid_until: dt.datetime | None = None,
) -> dict[str, Any]:
    """
    Return the certificate of ``award`` without a signature, checked against its schema.

    Parameters
    ----------
    valid_until
        The end of the certificate that it replaces; otherwise as the achievement says.

    Raises
    ------
    RuleViolation
        ``award.schema``: a field is missing or unfit; the message names it.
    """
    achievement, at = award.achievement, now()
    months = achievement.valid_months
    until = valid_until or (months_after(at, months) if months else None)
    try:
        return build_credential(
            kind=achievement.kind,
            credential_id=credential_url(public_id),
            issuer=profile_of(achievement.unit),
            valid_from=write_time(at),
            valid_until=write_time(until) if until else None,
            name=both(achievement),
            achievement=_achievement(achievement),
            facts=award.facts,
            subject_id=f"urn:uuid:{uuid.uuid4()}",
            subject_name=both(award.student.person),
            results=_results(award),
            status=status,
            schema_id=schema_url(achievement.kind),
        )
    except CredentialProblem as problem:
        raise RuleViolation(
            "award.schema",
            _("The certificate cannot be made: “%(field)s” is missing or unfit (%(reason)s).")
            % {"field": _field(problem.field), "reason": problem.reason},
        ) from problem


def months_after(moment: dt.datetime, months: int) -> dt.datetime:
    """Return the same day ``months`` later; the last of the month where it has no such day."""
    year, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + year, month + 1
    last = calendar.monthrange(year, month)[1]
    return moment.replace(year=year, month=month, day=min(moment.day, last))


def check_draft(award: Award) -> None:
    """Refuse with ``award.schema`` what could never be issued; nothing is kept."""
    draft_of(award, public_id=uuid.uuid4())


def _achievement(achievement: Achievement) -> dict[str, Any]:
    described = achievement.description_zh and achievement.description_en
    return {
        "id": f"{base_url()}/achievements/{achievement.public_id}",
        "name": both(achievement),
        "description": {"en": achievement.description_en, "zh": achievement.description_zh}
        if described
        else both(achievement),
        "criteria": {"en": achievement.criteria_en, "zh": achievement.criteria_zh},
    }


def _results(award: Award) -> tuple[str, ...]:
    """Return what badge viewers show as the result."""
    value = award.facts.get("value", award.facts.get("grade"))
    return () if value is None else (str(value),)


def _field(path: str) -> str:
    """Return the name of a bad field as the forms call it."""
    name = path.removeprefix(FACTS_PATH).split(".", maxsplit=1)[0]
    return str(LABELS.get(name, path))
