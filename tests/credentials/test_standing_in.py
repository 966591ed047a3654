"""Signing for a mentor or an office with an authorisation (代办): seen, signed, marked, objected to."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from cotutelle.core.access import why_not
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.enums import AchievementKind, AwardState, SignerRole
from cotutelle.credentials.queries.awards import awards_visible_to, signatures_of, whose_to_sign
from cotutelle.credentials.services.awards import sign_award
from cotutelle.ledger.models import Entry
from cotutelle.people.enums import Role
from cotutelle.workflow.models import ProxyAct
from cotutelle.workflow.services import object_to_act, revoke_authorisation
from tests.factories.credentials import make_achievement, make_award, make_scene
from tests.factories.people import make_person
from tests.factories.workflow import make_proxy

pytestmark = pytest.mark.django_db


def test_an_agent_signs_for_a_mentor_who_may_object():
    scene = make_scene()
    mentor = scene.clinical.person
    agent = make_person(unit=scene.unit)
    award = make_award(scene)
    with pytest.raises(Refused):
        sign_award(award, SignerRole.PRINCIPAL, agrees=True, actor=agent, on_behalf_of=mentor)
    make_proxy(mentor, agent)
    agent = type(agent).objects.get(pk=agent.pk)

    sign_award(award, SignerRole.PRINCIPAL, agrees=True, actor=agent, on_behalf_of=mentor)

    entry = Entry.objects.get(action="credentials.award.signed")
    assert (entry.actor, entry.on_behalf_of) == (agent, mentor)
    assert award.sign_offs.get().signer == mentor
    object_to_act(ProxyAct.objects.get(), objection="Not agreed", actor=mentor)
    award.refresh_from_db()
    assert (award.state, award.reason) == (AwardState.WITHDRAWN, "Not agreed")


@pytest.mark.parametrize("is_mentor", [False, True])
def test_nobody_signs_for_both_mentors(is_mentor):
    scene = make_scene()
    clinical, research = scene.clinical.person, scene.research.person
    both = (SignerRole.CLINICAL, SignerRole.RESEARCH)
    kind = make_achievement(scene.unit, signers=both, actor=scene.officer)
    award = make_award(scene, kind)
    agent = research if is_mentor else make_person(unit=scene.unit)
    for mentor in {clinical, research} - {agent}:
        make_proxy(mentor, agent)
    agent = type(agent).objects.get(pk=agent.pk)

    sign_award(award, SignerRole.CLINICAL, agrees=True, actor=agent, on_behalf_of=clinical)

    assert whose_to_sign(award, agent) == []
    with pytest.raises(RuleViolation) as refusal, transaction.atomic():
        sign_award(
            award, SignerRole.RESEARCH, agrees=True, actor=agent,
            on_behalf_of=None if is_mentor else research,
        )  # fmt: skip
    assert refusal.value.code == "award.same_person"
    if not is_mentor:
        sign_award(award, SignerRole.RESEARCH, agrees=True, actor=research)
        assert award.state == AwardState.SIGNED


def test_an_agent_signs_for_an_office_of_another_unit_and_sees_no_more():
    scene, elsewhere = make_scene(), make_scene()
    residency = (SignerRole.RESIDENCY,)
    award = make_award(scene, make_achievement(scene.unit, signers=residency, actor=scene.officer))
    other = make_award(scene)
    agent = elsewhere.residency
    sign = partial(sign_award, award, SignerRole.RESIDENCY, agrees=True)
    with pytest.raises(Refused):
        sign(actor=agent, on_behalf_of=scene.residency)
    assert not awards_visible_to(agent).filter(pk=award.pk).exists()

    make_proxy(scene.residency, agent)
    agent = type(agent).objects.get(pk=agent.pk)

    assert awards_visible_to(agent).filter(pk=award.pk).exists()
    assert not awards_visible_to(agent).filter(pk=other.pk).exists(), "takes no office's signature"
    assert why_not(agent, "credentials.view_award", other)
    with pytest.raises(Refused) as refusal, transaction.atomic():
        sign(actor=agent)
    assert refusal.value.code == "award.not_signer", "not in their own name"
    sign(actor=agent, on_behalf_of=scene.residency)
    entry = Entry.objects.get(action="credentials.award.signed")
    assert (entry.actor, entry.on_behalf_of) == (agent, scene.residency)
    (slot,) = signatures_of(award)
    assert slot.given is not None
    assert (slot.given.signer, slot.agent) == (scene.residency, agent)
    object_to_act(ProxyAct.objects.get(), objection="Not agreed", actor=scene.residency)
    award.refresh_from_db()
    assert award.state == AwardState.WITHDRAWN


def test_an_agent_signs_for_the_office_of_a_ward_on_the_page():
    scene, elsewhere = make_scene(), make_scene()
    ward = make_person(Role.BASE_SECRETARY, unit=scene.stay.ward.unit)
    achievement = make_achievement(
        scene.unit, AchievementKind.ROTATION, signers=(SignerRole.DEPARTMENT,), actor=scene.officer
    )
    award = make_award(scene, achievement)
    make_proxy(ward, elsewhere.secretary)
    client, url = Client(), reverse("credentials:award", args=[award.public_id])
    client.force_login(elsewhere.secretary)
    assert award.student.display_name in client.get(reverse("credentials:awards")).content.decode()
    button = f"sign:department:{ward.public_id}"
    assert button in client.get(url).content.decode()

    page = client.post(url, {"do": button}, follow=True).content.decode()

    award.refresh_from_db()
    assert award.state == AwardState.SIGNED
    assert award.sign_offs.get().signer == ward
    assert f"由{elsewhere.secretary.name_zh}代为签署" in page


def test_an_authorisation_that_has_ended_opens_nothing():
    scene, elsewhere = make_scene(), make_scene()
    residency = (SignerRole.RESIDENCY,)
    award = make_award(scene, make_achievement(scene.unit, signers=residency, actor=scene.officer))
    proxy = make_proxy(scene.residency, elsewhere.secretary)
    revoke_authorisation(proxy, actor=scene.residency)

    agent = type(elsewhere.secretary).objects.get(pk=elsewhere.secretary.pk)
    assert not awards_visible_to(agent).filter(pk=award.pk).exists()
    with pytest.raises(Refused):
        sign_award(
            award, SignerRole.RESIDENCY, agrees=True, actor=agent, on_behalf_of=scene.residency
        )


def test_an_agent_sees_no_more_than_the_office_they_stand_in_for():
    scene, elsewhere = make_scene(), make_scene()
    base = make_person(Role.BASE_SECRETARY, unit=scene.unit)
    residency = (SignerRole.RESIDENCY,)
    award = make_award(scene, make_achievement(scene.unit, signers=residency, actor=scene.officer))
    make_proxy(base, elsewhere.secretary)

    for person in (base, type(base).objects.get(pk=elsewhere.secretary.pk)):
        assert not awards_visible_to(person).filter(pk=award.pk).exists()
        assert why_not(person, "credentials.view_award", award)
