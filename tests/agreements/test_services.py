"""The life of an agreement, who may do what, and who is told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cotutelle.agreements import queries, services
from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.agreements.services import AgreementData
from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.models import Entry
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.agreements import AgreementFactory, make_agreement
from tests.factories.files import upload
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorFactory
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


def data(**changes: Any) -> AgreementData:
    values: dict[str, Any] = {
        "number": "2026-01",
        "name_zh": "联合培养协议",
        "starts_on": today(),
        "ends_on": today() + dt.timedelta(days=365),
        "places": 6,
        "places_min": 2,
    }
    return AgreementData(**values | changes)


def officer(unit: Unit) -> Person:
    return make_person(Role.GRADUATE_OFFICER, unit=unit)


def test_a_draft_binds_nobody_until_it_is_put_in_force() -> None:
    unit, partner = UnitFactory.create(), UnitFactory.create()
    actor = officer(unit)
    made = services.create_agreement(unit, partner, data(), actor=actor)
    assert not queries.in_force(today()).exists()
    services.put_in_force(made, actor=actor)
    assert queries.in_force(today()).get() == made
    assert not queries.in_force(made.ends_on + dt.timedelta(days=1)).exists()
    entry = Entry.objects.get(action="agreements.agreement.in_force")
    assert entry.decision


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"number": " "}, "agreement.number"),
        ({"name_zh": ""}, "agreement.name"),
        ({"ends_on": dt.date(2020, 1, 1)}, "agreement.period"),
        ({"places": 1}, "agreement.places"),
    ],
)
def test_an_unsound_draft_is_refused(changes: dict[str, Any], code: str) -> None:
    unit = UnitFactory.create()
    with pytest.raises(RuleViolation) as refused:
        services.create_agreement(unit, UnitFactory.create(), data(**changes), actor=officer(unit))
    assert refused.value.code == code


def test_a_number_stands_for_one_agreement_of_the_unit() -> None:
    unit = UnitFactory.create()
    actor = officer(unit)
    services.create_agreement(unit, UnitFactory.create(), data(), actor=actor)
    with pytest.raises(RuleViolation, match=r".") as refused:
        services.create_agreement(unit, UnitFactory.create(), data(), actor=actor)
    assert refused.value.code == "agreement.number_taken"


def test_a_unit_makes_no_agreement_with_its_own_department() -> None:
    unit = UnitFactory.create()
    with pytest.raises(RuleViolation) as refused:
        services.create_agreement(
            unit, UnitFactory.create(parent=unit), data(), actor=officer(unit)
        )
    assert refused.value.code == "agreement.partner"


STEPS = {
    "edit": lambda a, actor: services.edit_agreement(a, data(), actor=actor),
    "force": lambda a, actor: services.put_in_force(a, actor=actor),
    "end": lambda a, actor: services.end_agreement(a, reason="合作结束", actor=actor),
    "file": lambda a, actor: services.set_document(a, upload(), actor=actor),
    "lend": lambda a, actor: services.add_mentors(a, [], actor=actor),
}
ALLOWED = {
    AgreementState.DRAFT: {"edit", "force", "end", "file", "lend"},
    AgreementState.IN_FORCE: {"end", "file", "lend"},
    AgreementState.ENDED: set(),
}


@pytest.mark.parametrize("state", AgreementState.values)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_is_taken_from_the_states_that_allow_it(state: str, step: str) -> None:
    found = AgreementFactory.create(state=state)
    actor = officer(found.unit)
    if step in ALLOWED[AgreementState(state)]:
        STEPS[step](found, actor)
    else:
        with pytest.raises(RuleViolation) as refused:
            STEPS[step](found, actor)
        assert refused.value.code in {"agreement.state", "agreement.transition"}


def test_two_officers_cannot_both_move_it() -> None:
    found = AgreementFactory.create()
    stale = Agreement.objects.get(pk=found.pk)
    services.end_agreement(found, reason="不再合作", actor=officer(found.unit))
    with pytest.raises(RuleViolation) as refused:
        services.put_in_force(stale, actor=officer(found.unit))
    assert refused.value.code == "agreement.stale"


def test_an_agreement_past_its_last_day_is_not_put_in_force() -> None:
    found = AgreementFactory.create(
        starts_on=dt.date(2020, 1, 1), ends_on=today() - dt.timedelta(days=1)
    )
    with pytest.raises(RuleViolation) as refused:
        services.put_in_force(found, actor=officer(found.unit))
    assert refused.value.code == "agreement.over"


def _actors(found: Agreement) -> dict[str, Person]:
    return {
        "owner": officer(found.unit),
        "colleague": make_person(Role.DEPARTMENT_SECRETARY, unit=found.unit),
        "partner": make_person(Role.PARTNER_OFFICER, unit=found.partner),
        "their_department": make_person(
            Role.PARTNER_OFFICER, unit=UnitFactory.create(parent=found.partner)
        ),
        "stranger": officer(UnitFactory.create()),
        "other_partner": make_person(Role.PARTNER_OFFICER, unit=UnitFactory.create()),
        "mentor": make_person(Role.MENTOR, unit=found.partner),
    }


def test_only_the_two_parties_see_an_agreement_and_only_ours_changes_it() -> None:
    found = make_agreement()
    sees, changes, lends = set(), set(), set()
    for name, actor in _actors(found).items():
        if queries.agreements_visible_to(actor).filter(pk=found.pk).exists():
            sees.add(name)
        try:
            services.set_document(found, upload(), actor=actor)
            changes.add(name)
        except Refused:
            pass
        try:
            services.add_mentors(found, [], actor=actor)
            lends.add(name)
        except Refused:
            pass
    assert sees == lends == {"owner", "partner", "their_department"}
    assert changes == {"owner"}


def test_a_partner_officer_lends_mentors_of_their_own_units_alone() -> None:
    found = make_agreement()
    ward, other = UnitFactory.create(parent=found.partner), UnitFactory.create(parent=found.partner)
    actor = make_person(Role.PARTNER_OFFICER, unit=ward)
    mine, theirs = MentorFactory.create(unit=ward), MentorFactory.create(unit=other)
    assert services.add_mentors(found, [mine], actor=actor) == 1
    assert services.add_mentors(found, [mine], actor=actor) == 0
    with pytest.raises(RuleViolation) as refused:
        services.add_mentors(found, [theirs], actor=actor)
    assert refused.value.code == "agreement.mentor"
    services.add_mentors(found, [theirs], actor=officer(found.unit))
    with pytest.raises(RuleViolation) as kept:
        services.remove_mentors(found, list(found.mentors.filter(mentor=theirs)), actor=actor)
    assert kept.value.code == "agreement.mentor"
    assert found.mentors.count() == 2


def test_a_mentor_of_nobody_or_no_longer_active_is_not_lent_but_a_visiting_one_is() -> None:
    found = make_agreement()
    gone = MentorFactory.create(unit=found.partner, is_archived=True)
    visiting = MentorFactory.create()
    visiting.other_units.add(UnitFactory.create(parent=found.partner))
    for mentor in (gone, MentorFactory.create()):
        with pytest.raises(RuleViolation):
            services.add_mentors(found, [mentor], actor=officer(found.unit))
    assert services.add_mentors(found, [visiting], actor=officer(found.unit)) == 1


def test_the_partner_and_the_mentors_are_told_once_it_binds() -> None:
    found = AgreementFactory.create()
    office = make_person(Role.PARTNER_OFFICER, unit=found.partner)
    make_person(Role.PARTNER_OFFICER, unit=UnitFactory.create())
    early, late = (MentorFactory.create(unit=found.partner) for _n in range(2))
    actor = officer(found.unit)
    services.add_mentors(found, [early], actor=actor)
    assert not Notice.objects.exists()
    services.put_in_force(found, actor=actor)
    services.add_mentors(found, [late], actor=actor)
    services.remove_mentors(found, list(found.mentors.filter(mentor=late)), actor=actor)
    services.end_agreement(found, reason="合作结束", actor=actor)
    told = sorted(Notice.objects.values_list("kind", "person_id"))
    assert told == sorted(
        [
            ("agreements.in_force", office.pk),
            ("agreements.mentor_added", early.person_id),
            ("agreements.mentor_added", late.person_id),
            ("agreements.mentor_removed", late.person_id),
            ("agreements.ended", office.pk),
            ("agreements.ended", early.person_id),
        ]
    )
