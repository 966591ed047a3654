"""Reading programme templates."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from cotutelle.institutions.queries import below
from cotutelle.people.models import Person
from cotutelle.programmes.enums import Route, TemplateState
from cotutelle.programmes.models import Cohort, Phase, Template
from cotutelle.programmes.rules import READERS


def templates_visible_to(actor: Person) -> QuerySet[Template]:
    """Return the programmes of the actor's units, of those above and of those below them."""
    units = [g.unit for g in actor.active_grants if g.role in READERS]
    above = {int(key) for unit in units for key in unit.path.split("/") if key}
    return (
        Template.objects.filter(below(units) | Q(unit_id__in=above))
        .select_related("unit")
        .annotate(students=Count("enrolments"))
    )


def templates_for(cohort: Cohort) -> QuerySet[Template]:
    """Return the programmes in force to which students of ``cohort`` may be assigned."""
    above = [int(key) for key in cohort.unit.path.split("/") if key]
    rows = Template.objects.filter(unit_id__in=above, state=TemplateState.IN_FORCE)
    return rows.select_related("unit").order_by("code", "id")


def editions_of(template: Template) -> QuerySet[Template]:
    """Return every edition of the programme, newest first."""
    return Template.objects.filter(unit=template.unit, code=template.code).order_by("-edition")


@dataclass(frozen=True, slots=True)
class Bar:
    """A phase on the time line, in months after its beginning: ``left`` and ``width``."""

    phase: Phase
    left: int
    width: int

    @property
    def before(self) -> int:
        """Months before enrolment in which it begins."""
        return -self.phase.starts_month

    @property
    def first(self) -> int:
        """Its first month, counted from 1."""
        return self.phase.starts_month + 1

    @property
    def last(self) -> int:
        """Its last month, counted from 1."""
        return self.phase.starts_month + self.phase.months


@dataclass(frozen=True, slots=True)
class Timeline:
    """The phases of a programme between its first and its last month."""

    bars: tuple[Bar, ...]
    months: int


def timeline_of(template: Template) -> Timeline:
    """Return the phases as bars; the line begins before enrolment where a phase does."""
    phases = list(template.phases.all())
    first = min([0, *(one.starts_month for one in phases)])
    last = max([template.months, *(one.starts_month + one.months for one in phases)])
    bars = tuple(Bar(one, one.starts_month - first, one.months) for one in phases)
    return Timeline(bars, last - first)


def route_labels(routes: list[str]) -> list[str]:
    """Return what the routes are called, in their usual order."""
    return [str(route.label) for route in Route if route.value in routes]
