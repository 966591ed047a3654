"""What somebody gets of their own, and what is left when they are forgotten."""

from __future__ import annotations

import json

import pytest

from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import AchievementKind, CredentialState, SignerRole
from cotutelle.credentials.models import Credential
from cotutelle.credentials.personal import erase_credentials, export_credentials
from cotutelle.credentials.services import status_lists
from cotutelle.credentials.services.papers import issue_paper
from cotutelle.credentials.services.standing import revoke, suspend
from cotutelle.engines.credentials.status import status_of
from cotutelle.files.services import read_file as stored
from cotutelle.ledger.models import EntryPayload
from tests.factories.credentials import make_achievement, make_award, make_credential, make_scene
from tests.factories.log import make_log

pytestmark = pytest.mark.django_db


def test_everything_of_ones_own_comes_out():
    scene = make_scene()
    made = make_credential(scene)

    mine = export_credentials(scene.person)
    mentors = export_credentials(scene.clinical.person)

    assert mine["certificates"][0]["certificate"] == json.loads(made.body)
    assert mine["proposals"][0]["facts"]["credits"] == 2.5
    assert (mentors["certificates"], mentors["proposals"]) == ([], [])
    assert mentors["signatures"][0]["role"] == SignerRole.PRINCIPAL


def test_texts_and_facts_are_destroyed_and_the_bits_stay():
    scene = make_scene()
    kept, gone = make_credential(scene), make_credential(scene)
    suspend(kept, "张三的作业有疑问", actor=scene.officer)
    revoke(gone, "张三的作业是抄的", actor=scene.officer)
    status_lists.publish_lists()

    erase_credentials(scene.person)

    for one in (kept, gone):
        one.refresh_from_db()
        assert one.body == ""
        assert "张三" not in one.reason
        assert one.award.facts == {}
        assert not EntryPayload.objects.filter(entry=one.entry).exists()
    assert (kept.state, gone.state) == (CredentialState.SUSPENDED, CredentialState.REVOKED)
    for slot in gone.slots.select_related("status_list"):
        said = status_of(json.loads(slot.status_list.body), slot.index)
        assert said == (slot.status_list.purpose == "revocation")
    assert Credential.objects.filter(person=scene.person).count() == 2


def test_papers_lose_what_they_say(settings, tmp_path, django_capture_on_commit_callbacks):
    log = make_log(settings, tmp_path)
    scene = make_scene()
    made = make_credential(scene)
    status_lists.publish_lists()
    log.publish()
    paper = issue_paper(made, actor=scene.person)
    assert stored(paper.file_zh).startswith(b"%PDF")

    with django_capture_on_commit_callbacks(execute=True):
        erase_credentials(scene.person)

    for copy in (paper.file_zh, paper.file_en):
        with pytest.raises(RuleViolation) as refusal:
            stored(copy)
        assert refusal.value.code == "file.missing"
    paper.refresh_from_db()
    assert paper.sha256, "that it was issued stays"


def test_erasing_a_mentor_leaves_the_certificates_of_students():
    scene = make_scene()
    award = make_award(scene, make_achievement(scene.unit, AchievementKind.GATE))
    award.facts |= {"site": {"zh": scene.clinical.person.name_zh, "en": "x"}}
    award.save()
    made = make_credential(scene)

    erase_credentials(scene.clinical.person)

    made.refresh_from_db()
    award.refresh_from_db()
    assert made.body
    assert award.facts["site"]["zh"] == ""
    assert award.facts["level"] == 3
