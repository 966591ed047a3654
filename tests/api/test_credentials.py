"""Certificates for programs: proposed, signed, issued, ended; read by those concerned alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cotutelle.credentials.enums import AwardState
from cotutelle.credentials.models import Award
from cotutelle.decisions.models import Run
from tests.factories.credentials import (
    make_achievement,
    make_award,
    make_credential,
    make_scene,
    sign_all,
)
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory
from tests.factories.workflow import make_proxy

pytestmark = pytest.mark.django_db
ANY = {"If-Match": "*"}
FACTS = {"course_zh": "医学统计学", "course_en": "Medical statistics", "credits": 2}


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.COTUTELLE_DATA_DIR = tmp_path


def test_from_a_proposal_to_a_certificate(call_as):
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    officer, mentor = call_as(scene.officer), call_as(scene.clinical.person)
    assert [a["id"] for a in mentor("GET", "/achievements").data["items"]] == [
        str(achievement.public_id)
    ]
    body = {
        "achievement": str(achievement.public_id),
        "student": str(scene.student.public_id),
        "facts": FACTS,
    }

    made = officer("POST", "/awards", body, **{"Idempotency-Key": "k1"})
    again = officer("POST", "/awards", body, **{"Idempotency-Key": "k1"})
    path = f"/awards/{made.data['id']}"
    signed = mentor(
        "POST", f"{path}/sign", {"role": "principal"}, **{"If-Match": mentor.etag(path)}
    )
    stale = officer("POST", f"{path}/issue", {}, **{"If-Match": '"old"'})
    issued = officer("POST", f"{path}/issue", {}, **{"If-Match": officer.etag(path)})

    assert [a.status_code for a in (made, again, signed, stale, issued)] == [
        201, 201, 200, 412, 200,
    ]  # fmt: skip
    assert again.data["id"] == made.data["id"]
    assert signed.data["state"] == "signed"
    assert [s["role"] for s in signed.data["signatures"]] == ["principal"]
    subject = issued.data["certificate"]["credentialSubject"]
    assert subject["facts"] == {
        "course": {"en": "Medical statistics", "zh": "医学统计学"},
        "credits": 2,
    }
    assert Award.objects.get().state == AwardState.ISSUED
    assert Run.objects.get(kind="credentials.issue").result == {"issued": 1}
    assert officer("GET", path).data["credential"] == issued.data["id"]


def test_a_bad_fact_is_named_and_nothing_is_kept(call_as):
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    answer = call_as(scene.officer)(
        "POST",
        "/awards",
        {
            "achievement": str(achievement.public_id),
            "student": str(scene.student.public_id),
            "facts": FACTS | {"credits": "two"},
        },
    )

    assert (answer.status_code, answer.data["code"]) == (409, "award.fact")
    assert not Award.objects.exists()


def test_who_signs_and_for_whom(call_as):
    scene = make_scene()
    award = make_award(scene)
    path = f"/awards/{award.public_id}/sign"
    for person in (scene.research.person, scene.secretary):
        refused = call_as(person)("POST", path, {"role": "principal"}, **ANY)
        assert (refused.status_code, refused.data["code"]) == (403, "award.not_signer")
    agent = make_person(unit=scene.unit)
    make_proxy(scene.clinical.person, agent)
    body = {"role": "principal", "on_behalf_of": str(scene.clinical.person.public_id)}

    done = call_as(agent)("POST", path, body, **ANY)

    assert (done.status_code, done.data["state"]) == (200, "signed")
    assert award.sign_offs.get().signer == scene.clinical.person


def test_declining_withdrawing_and_refusing_say_why(call_as):
    scene = make_scene()
    first, second, third = (make_award(scene) for _n in range(3))
    sign_all(third)
    mentor, officer = call_as(scene.clinical.person), call_as(scene.officer)
    empty = mentor(
        "POST", f"/awards/{first.public_id}/sign", {"role": "principal", "agrees": False}, **ANY
    )
    assert (empty.status_code, empty.data["code"]) == (409, "award.reason")

    declined = mentor(
        "POST",
        f"/awards/{first.public_id}/sign",
        {"role": "principal", "agrees": False, "note": "未达标"},
        **ANY,
    )
    withdrawn = officer("POST", f"/awards/{second.public_id}/withdraw", {"reason": "误"}, **ANY)
    refused = officer("POST", f"/awards/{third.public_id}/refuse", {"reason": "缓发"}, **ANY)

    assert [a.data["state"] for a in (declined, withdrawn, refused)] == [
        "declined", "withdrawn", "declined",
    ]  # fmt: skip


def test_a_certificate_is_suspended_reinstated_and_revoked(call_as):
    scene = make_scene()
    made = make_credential(scene)
    officer = call_as(scene.officer)
    path = f"/credentials/{made.public_id}"
    for step, state in (
        ("suspend", "suspended"), ("reinstate", "valid"), ("revoke", "revoked"),
    ):  # fmt: skip
        done = officer("POST", f"{path}/{step}", {"reason": "核查"}, **ANY)
        assert (done.status_code, done.data["state"]) == (200, state)
    late = officer("POST", f"{path}/suspend", {"reason": "核查"}, **ANY)
    assert (late.status_code, late.data["code"]) == (409, "credential.state")
    holder = call_as(scene.person)("POST", f"{path}/revoke", {"reason": "x"}, **ANY)
    assert holder.status_code == 403


def test_own_colleagues_and_strangers(call_as):
    scene, other = make_scene(), make_scene()
    made = make_credential(scene)
    award = made.award
    classmate = StudentFactory.create(cohort=scene.student.cohort)
    for person in (scene.person, scene.research.person, scene.secretary):
        caller = call_as(person)
        assert caller("GET", f"/credentials/{made.public_id}").data["digest"] == made.digest
        assert len(caller("GET", "/credentials").data["items"]) == 1
        assert len(caller("GET", "/awards?state=issued").data["items"]) == 1
    for person in (classmate.person, other.person, other.officer, other.clinical.person):
        caller = call_as(person)
        assert caller("GET", f"/credentials/{made.public_id}").status_code == 404
        assert caller("GET", f"/awards/{award.public_id}").status_code == 404
        items = caller("GET", "/credentials").data["items"]
        assert str(made.public_id) not in [one["id"] for one in items]


def test_status_lists_are_listed_for_those_who_keep_them(call_as):
    scene = make_scene()
    make_credential(scene)

    rows = call_as(scene.officer)("GET", "/status-lists").data["items"]

    assert [(r["purpose"], r["number"], r["certificates"]) for r in rows] == [
        ("revocation", 1, 1),
        ("suspension", 1, 1),
    ]
    assert rows[0]["url"].endswith(f"/status/{scene.unit.code}/revocation/1")
    assert call_as(scene.secretary)("GET", "/status-lists").status_code == 403
