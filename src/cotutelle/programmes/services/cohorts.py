"""Cohorts."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.programmes.models import Cohort


@transaction.atomic
def create_cohort(unit: Unit, *, year: int, name_zh: str, name_en: str, actor: Person) -> Cohort:
    """Open a cohort under ``unit``. Refuses with ``cohort.exists``."""
    check(actor, "programmes.manage_cohort", unit)
    cohort = _saved(Cohort(unit=unit, year=year, name_zh=name_zh, name_en=name_en))
    record("programmes.cohort.created", actor=actor, subject=cohort, after=_values(cohort))
    return cohort


@transaction.atomic
def edit_cohort(cohort: Cohort, *, year: int, name_zh: str, name_en: str, actor: Person) -> Cohort:
    """Change year or names of a cohort. Refuses with ``cohort.exists``."""
    check(actor, "programmes.manage_cohort", cohort)
    before = _values(cohort)
    cohort.year, cohort.name_zh, cohort.name_en = year, name_zh, name_en
    _saved(cohort)
    record(
        "programmes.cohort.changed",
        actor=actor,
        subject=cohort,
        before=before,
        after=_values(cohort),
    )
    return cohort


def _saved(cohort: Cohort) -> Cohort:
    try:
        with transaction.atomic():
            cohort.save()
    except IntegrityError as error:
        raise RuleViolation(
            "cohort.exists", _("This unit has a cohort of that year and name."), field="name_zh"
        ) from error
    return cohort


def _values(cohort: Cohort) -> dict[str, object]:
    return {"year": cohort.year, "name_zh": cohort.name_zh, "name_en": cohort.name_en}
