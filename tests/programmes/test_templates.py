from __future__ import annotations

from dataclasses import replace

import pytest

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.people.enums import Role
from cotutelle.programmes import services
from cotutelle.programmes.enums import TEMPLATE_TRANSITIONS, PhaseKind, TemplateState
from cotutelle.programmes.models import Template
from cotutelle.programmes.queries.templates import templates_visible_to, timeline_of
from cotutelle.programmes.services import PhaseData, RouteData
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.rotations_programmes import example, make_enrolment, make_template

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit():
    return UnitFactory.create()


@pytest.fixture
def officer(unit):
    return make_person(Role.GRADUATE_OFFICER, unit=unit)


def refusal_of(call):
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code


def test_the_shipped_examples_are_drafts_marked_as_examples_and_come_once(unit, officer):
    made = services.install_examples(unit, actor=officer)

    assert {one.code for one in made} == {"CM53", "CM4535", "MT", "CMH"}
    assert all(one.is_example and one.state == TemplateState.DRAFT for one in made)
    assert services.install_examples(unit, actor=officer) == []
    for one in made:
        services.put_template_in_force(one, actor=officer)


def test_only_recommended_and_5_plus_3_students_may_begin_before_enrolment(unit, officer):
    four_half = next(
        one for one in services.install_examples(unit, actor=officer) if one.code == "CM4535"
    )

    assert four_half.pre_entry_routes == ["five_plus_three", "recommended"]
    assert "unified_exam" in four_half.routes
    early = four_half.phases.get(kind=PhaseKind.PRE_ENTRY)
    assert (early.starts_month, early.months) == (-6, 6)
    assert not early.has_clinical_authority
    assert early.needs_agreement
    assert early.needs_insurance


def test_medical_technology_needs_no_licence_and_practises_at_a_partner(unit, officer):
    made = {one.code: one for one in services.install_examples(unit, actor=officer)}

    technology = made["MT"]
    assert not technology.needs_licence
    assert not technology.needs_residency
    assert technology.phases.filter(kind=PhaseKind.PRACTICE).exists()
    assert made["CMH"].phases.filter(kind=PhaseKind.HOSTED).exists()


EARLY = PhaseData(PhaseKind.PRE_ENTRY, -6, 6, needs_agreement=True)
COURSES = PhaseData(PhaseKind.COURSES, 0, 36)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"months": 0}, "template.months"),
        ({"months": 97}, "template.months"),
        ({"phases": [PhaseData(PhaseKind.THESIS, 35, 2)]}, "template.phase"),
        ({"phases": [PhaseData(PhaseKind.COURSES, 0, 0)]}, "template.phase"),
        (
            {"phases": [replace(EARLY, has_clinical_authority=True)]},
            "template.phase",
        ),
        ({"phases": [PhaseData(PhaseKind.COURSES, -3, 3)]}, "template.phase"),
        ({"phases": [PhaseData(PhaseKind.PRE_ENTRY, -6, 7)]}, "template.phase"),
        ({"phases": [PhaseData(PhaseKind.PRE_ENTRY, 0, 6)]}, "template.phase"),
        (
            {"routes": {"unified_exam": RouteData(9, 3)}, "phases": [EARLY, COURSES]},
            "template.pre_entry",
        ),
        (
            {"routes": {"recommended": RouteData(9, 3)}, "phases": [COURSES]},
            "template.pre_entry",
        ),
        ({"gates": {"proposal": 37}}, "template.gate"),
        ({"gates": {"lunch": 3}}, "template.gate"),
    ],
)
def test_what_a_template_may_not_say(unit, officer, changes, code):
    assert (
        refusal_of(lambda: services.create_template(unit, example(**changes), actor=officer))
        == code
    )
    assert not Template.objects.exists()


def test_a_draft_is_changed_and_what_was_in_force_never(unit, officer):
    draft = services.create_template(unit, example(), actor=officer)
    services.edit_template(draft, example(months=38, name_zh="改"), actor=officer)
    assert Template.objects.get().months == 38

    services.put_template_in_force(draft, actor=officer)

    assert (
        refusal_of(lambda: services.edit_template(draft, example(), actor=officer))
        == "template.state"
    )
    assert Template.objects.get().months == 38


def test_the_next_edition_replaces_the_one_before_and_students_keep_theirs(unit, officer):
    first = make_template(unit, actor=officer)
    enrolment = make_enrolment(template=first, unit=unit, cohort__unit=unit)
    second = services.draft_new_edition(first, actor=officer)
    assert (second.edition, second.phases.count()) == (2, first.phases.count())
    assert second.gates == first.gates
    assert (
        refusal_of(lambda: services.draft_new_edition(first, actor=officer)) == "template.drafted"
    )

    services.put_template_in_force(second, actor=officer)

    first.refresh_from_db()
    enrolment.refresh_from_db()
    assert first.state == TemplateState.RETIRED
    assert enrolment.template == first
    assert Entry.objects.filter(
        action="programmes.template.put_in_force", decision=True, subject_id=second.pk
    ).exists()


@pytest.mark.parametrize("seen", list(TemplateState))
@pytest.mark.parametrize("to", [TemplateState.IN_FORCE, TemplateState.RETIRED])
def test_templates_follow_their_transitions(unit, officer, seen, to):
    made = services.create_template(unit, example(), actor=officer)
    Template.objects.filter(pk=made.pk).update(state=seen)
    made.refresh_from_db()
    move = {
        TemplateState.IN_FORCE: services.put_template_in_force,
        TemplateState.RETIRED: services.retire_template,
    }[to]

    # An edition in force is the one that is replaced by itself: not a step either.
    if to in TEMPLATE_TRANSITIONS[seen]:
        move(made, actor=officer)
        assert Template.objects.get(pk=made.pk).state == to
    else:
        assert refusal_of(lambda: move(made, actor=officer)) == "template.transition"


def test_an_empty_programme_is_not_put_in_force(unit, officer):
    bare = services.create_template(unit, example(phases=()), actor=officer)

    assert (
        refusal_of(lambda: services.put_template_in_force(bare, actor=officer)) == "template.empty"
    )


def test_only_the_graduate_school_of_the_unit_keeps_programmes(unit, officer):
    draft = services.create_template(unit, example(), actor=officer)
    colleague = make_person(Role.RESIDENCY_OFFICE, unit=unit)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())

    for somebody in (colleague, stranger):
        with pytest.raises(Refused):
            services.edit_template(draft, example(), actor=somebody)
        with pytest.raises(Refused):
            services.put_template_in_force(draft, actor=somebody)
    assert templates_visible_to(colleague).get() == draft
    assert not templates_visible_to(stranger).exists()


def test_the_time_line_begins_before_enrolment(unit, officer):
    line = timeline_of(make_template(unit, "CM4535", actor=officer))

    assert line.months == 42
    early = line.bars[0]
    assert (early.left, early.width, early.before) == (0, 6, 6)
    assert [bar.left for bar in line.bars[1:]] == [6, 6, 39]
