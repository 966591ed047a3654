"""Programme templates: drafted, put in force, replaced by the next edition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.programmes.enums import (
    TEMPLATE_TRANSITIONS,
    MilestoneKind,
    PhaseKind,
    Route,
    TemplateState,
)
from cotutelle.programmes.models import Phase, RouteCalendar, Template

LONGEST_MONTHS = 96
# Admitted in spring, so there is no half-year left before enrolment.
SPRING_ROUTES = frozenset({Route.UNIFIED_EXAM})


@dataclass(frozen=True, slots=True)
class PhaseData:
    """A phase; ``starts_month`` counts from enrolment and is negative before it."""

    kind: str
    starts_month: int
    months: int
    name_zh: str = ""
    name_en: str = ""
    has_clinical_authority: bool = False
    needs_agreement: bool = False
    needs_insurance: bool = False


@dataclass(frozen=True, slots=True)
class RouteData:
    """When students of a route start; ``pre_entry_month`` empty: no half-year before."""

    enrolment_month: int = 9
    pre_entry_month: int | None = None


@dataclass(frozen=True, slots=True)
class TemplateData:
    """
    What a template says.

    ``routes`` maps each route that may enter to its calendar; ``gates`` maps milestones to the
    month after enrolment by which they are reached.
    """

    code: str
    name_zh: str
    kind: str
    degree_type: str
    months: int
    name_en: str = ""
    needs_licence: bool = True
    needs_residency: bool = True
    is_example: bool = False
    note_zh: str = ""
    note_en: str = ""
    routes: Mapping[str, RouteData] = field(default_factory=dict)
    gates: Mapping[str, int] = field(default_factory=dict)
    phases: Sequence[PhaseData] = ()


_PLAIN = (
    "code", "name_zh", "name_en", "kind", "degree_type", "months", "needs_licence",
    "needs_residency", "is_example", "note_zh", "note_en",
)  # fmt: skip


@transaction.atomic
def create_template(unit: Unit, data: TemplateData, *, actor: Person) -> Template:
    """
    Draft a programme as the next edition of its code under ``unit``.

    Refuses with ``template.exists`` and what `edit_template` refuses.
    """
    check(actor, "programmes.manage_template", unit)
    last = Template.objects.filter(unit=unit, code=data.code).aggregate(n=Max("edition"))["n"] or 0
    template = Template(unit=unit, edition=last + 1, created_by=actor, created_at=now())
    _write(template, data)
    record("programmes.template.drafted", actor=actor, subject=template, after=_facts(template))
    return template


@transaction.atomic
def edit_template(template: Template, data: TemplateData, *, actor: Person) -> Template:
    """
    Change a draft; what was in force never changes.

    Refuses with ``template.state`` (no draft), ``template.months``, ``template.phase`` (outside
    the programme, or clinical authority before enrolment), ``template.pre_entry`` (a route
    admitted in spring, or no such phase) and ``template.gate``.
    """
    check(actor, "programmes.manage_template", template)
    _lock(template, TemplateState.DRAFT)
    before = _facts(template)
    _write(template, data)
    after = _facts(template)
    if before != after:
        record(
            "programmes.template.changed", actor=actor, subject=template, before=before, after=after
        )
    return template


def _lock(template: Template, state: TemplateState) -> None:
    locked = Template.objects.select_for_update().get(pk=template.pk)
    if locked.state != state:
        raise RuleViolation(
            "template.state", _("Only a draft is changed. Draw up a new edition instead.")
        )


def _write(template: Template, data: TemplateData) -> None:
    _check_phases(data)
    _check_routes(data)
    _check_gates(data)
    for name in _PLAIN:
        setattr(template, name, getattr(data, name))
    template.routes = sorted(data.routes)
    template.pre_entry_routes = sorted(
        route for route, one in data.routes.items() if one.pre_entry_month is not None
    )
    template.gates = dict(data.gates)
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise RuleViolation(
            "template.exists", _("There is a programme with this code already."), field="code"
        ) from error
    template.phases.all().delete()
    Phase.objects.bulk_create([Phase(template=template, **asdict(one)) for one in data.phases])
    template.calendars.all().delete()
    RouteCalendar.objects.bulk_create(
        [RouteCalendar(template=template, route=r, **asdict(c)) for r, c in data.routes.items()]
    )


def _check_phases(data: TemplateData) -> None:
    if not 1 <= data.months <= LONGEST_MONTHS:
        raise RuleViolation(
            "template.months",
            _("A programme lasts between 1 and %(n)s months.") % {"n": LONGEST_MONTHS},
            field="months",
        )
    for one in data.phases:
        if one.months < 1:
            raise RuleViolation("template.phase", _("A phase lasts one month at least."))
        if one.starts_month + one.months > data.months:
            raise RuleViolation("template.phase", _("A phase ends after the programme does."))
        before = one.starts_month < 0
        if before and one.has_clinical_authority:
            raise RuleViolation(
                "template.phase", _("Nobody has clinical authority before enrolment.")
            )
        if before != (one.kind == PhaseKind.PRE_ENTRY) or (
            before and one.starts_month + one.months > 0
        ):
            raise RuleViolation(
                "template.phase",
                _("Before enrolment lies the pre-entry half-year and nothing else."),
            )


def _check_routes(data: TemplateData) -> None:
    early = {r for r, one in data.routes.items() if one.pre_entry_month is not None}
    if wrong := early & SPRING_ROUTES:
        labels = ", ".join(str(Route(r).label) for r in sorted(wrong))
        raise RuleViolation(
            "template.pre_entry",
            _("%(route)s: admitted in spring, so there is no half-year before enrolment.")
            % {"route": labels},
        )
    if early and not any(one.kind == PhaseKind.PRE_ENTRY for one in data.phases):
        raise RuleViolation(
            "template.pre_entry", _("A route starts early, but no pre-entry half-year is planned.")
        )


def _check_gates(data: TemplateData) -> None:
    known = set(MilestoneKind.values)
    for kind, month in data.gates.items():
        if kind not in known or not 1 <= month <= data.months:
            raise RuleViolation(
                "template.gate", _("A milestone lies within the months of the programme.")
            )


def data_of(template: Template) -> TemplateData:
    """Return what ``template`` says now: the start of an edit or of the next edition."""
    names = PhaseData.__slots__
    return TemplateData(
        **{name: getattr(template, name) for name in _PLAIN},
        routes={
            one.route: RouteData(one.enrolment_month, one.pre_entry_month)
            for one in template.calendars.order_by("id")
        },
        gates=template.gates,
        phases=[PhaseData(**{n: getattr(one, n) for n in names}) for one in template.phases.all()],
    )


@transaction.atomic
def draft_new_edition(template: Template, *, actor: Person) -> Template:
    """
    Draft the next edition of a programme that is or was in force.

    Refuses with ``template.drafted`` (a draft of it waits already).
    """
    check(actor, "programmes.manage_template", template)
    drafts = Template.objects.filter(
        unit=template.unit, code=template.code, state=TemplateState.DRAFT
    )
    if drafts.exists():
        raise RuleViolation("template.drafted", _("A draft of the next edition exists already."))
    data = replace(data_of(template), is_example=template.is_example)
    return create_template(template.unit, data, actor=actor)


@transaction.atomic
def put_template_in_force(template: Template, *, actor: Person) -> Template:
    """
    Put a draft in force; the edition before it is replaced, and students on it keep it.

    Refuses with ``template.transition``, ``template.empty`` (no phase or no route) and
    ``template.stale``.
    """
    check(actor, "programmes.manage_template", template)
    if not template.routes or not template.phases.exists():
        raise RuleViolation(
            "template.empty", _("A programme needs a route and a phase before it is put in force.")
        )
    old = Template.objects.filter(
        unit=template.unit, code=template.code, state=TemplateState.IN_FORCE
    ).first()
    if old is not None:
        _move(old, TemplateState.RETIRED, actor)
    _move(template, TemplateState.IN_FORCE, actor)
    return template


@transaction.atomic
def retire_template(template: Template, *, actor: Person) -> Template:
    """Take a programme out of force; students on it keep it. Refuses with ``template.transition``."""
    check(actor, "programmes.manage_template", template)
    _move(template, TemplateState.RETIRED, actor)
    return template


_SAID = {
    TemplateState.IN_FORCE: "programmes.template.put_in_force",
    TemplateState.RETIRED: "programmes.template.retired",
}


def _move(template: Template, to: TemplateState, actor: Person) -> None:
    seen = TemplateState(template.state)
    if to not in TEMPLATE_TRANSITIONS[seen]:
        raise RuleViolation(
            "template.transition",
            _("A programme that is “%(from)s” cannot become “%(to)s”.")
            % {"from": seen.label, "to": to.label},
        )
    if Template.objects.filter(pk=template.pk, state=seen).update(state=to) != 1:
        raise RuleViolation("template.stale", _("Somebody has just changed this. Look again."))
    template.state = to
    record(
        _SAID[to], actor=actor, subject=template,
        before={"state": seen}, after={"state": to}, decision=True,
    )  # fmt: skip


def _facts(template: Template) -> dict[str, Any]:
    return {
        **{name: getattr(template, name) for name in _PLAIN},
        "edition": template.edition,
        "routes": list(template.routes),
        "pre_entry_routes": list(template.pre_entry_routes),
        "gates": dict(template.gates),
        "phases": [str(one) for one in template.phases.all()],
    }
