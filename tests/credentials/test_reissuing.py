"""Issuing anew what a compromised key took down: in the background, resumable, each once."""

from __future__ import annotations

import pytest
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import override

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.enums import CredentialState
from cotutelle.credentials.models import Award, Credential, IssuerKey
from cotutelle.credentials.queries.credentials import reissuing_of, to_reissue
from cotutelle.credentials.services.issuer_keys import report_compromise
from cotutelle.credentials.services.issuing import AT_ONCE, verify_batch
from cotutelle.credentials.services.reissuing import reissue, reissue_all, start_reissuing
from cotutelle.credentials.views import keys
from cotutelle.decisions.models import Run
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now, stop_job
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from tests.credentials.test_office_pages import signed_in
from tests.factories.credentials import Scene, make_achievement, make_credential, make_scene
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db
MANY = AT_ONCE + 2


class Killed(BaseException):
    """The process ends between two certificates."""


def taken_down(scene: Scene, count: int = MANY) -> IssuerKey:
    """Return a compromised key that had signed ``count`` certificates."""
    made = [
        make_credential(scene, make_achievement(scene.unit, actor=scene.officer))
        for _n in range(count)
    ]
    report_compromise(made[0].key, 0, actor=scene.officer)
    return IssuerKey.objects.get(pk=made[0].key_id)


def states() -> dict[str, int]:
    rows = Credential.objects.values_list("state").annotate(n=Count("id"))
    return dict(rows.values_list("state", "n"))


def awards_of(key: IssuerKey) -> list[Award]:
    return [one.award for one in to_reissue(key) if one.award]


def test_many_are_issued_anew_in_the_background_and_kept_as_a_decision():
    scene = make_scene()
    key = taken_down(scene)

    job = run_now(start_reissuing(key, actor=scene.officer))

    assert (job.state, job.result) == (JobState.DONE, {"issued": MANY, "left": 0})
    assert (job.done, job.total) == (MANY, MANY)
    assert states() == {CredentialState.VALID: MANY, CredentialState.REVOKED: MANY}
    assert to_reissue(key) == []
    told = Notice.objects.filter(person=scene.person, kind="credentials.issued_again")
    assert told.count() == MANY
    run = Run.objects.get(kind="credentials.issue")
    assert run.result == {"issued": MANY}
    assert verify_batch(run.certificate)["ok"]
    assert {row["key"] for row in run.certificate["credentials"]}.isdisjoint({key.multikey})


def test_after_a_crash_it_goes_on_where_it_was_and_nobody_gets_two():
    scene = make_scene()
    key = taken_down(scene)
    awards = awards_of(key)

    def dies(done: int, total: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        reissue_all(key, awards, actor=scene.officer, progress=dies)
    assert states() == {CredentialState.VALID: MANY, CredentialState.REVOKED: 2}

    assert reissue_all(key, awards, actor=scene.officer) == MANY

    assert states() == {CredentialState.VALID: MANY, CredentialState.REVOKED: MANY}
    assert Run.objects.get(kind="credentials.issue").result == {"issued": MANY}
    assert reissue_all(key, awards, actor=scene.officer) == MANY, "once more changes nothing"
    assert states() == {CredentialState.VALID: MANY, CredentialState.REVOKED: MANY}


def test_what_broken_off_work_had_done_is_kept_with_the_rest():
    scene = make_scene()
    key = taken_down(scene)
    broken = start_reissuing(key, actor=scene.officer)

    def dies(done: int, total: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        reissue_all(key, awards_of(key), actor=scene.officer, progress=dies)
    Job.objects.filter(pk=broken.pk).update(state=JobState.FAILED, finished_at=broken.created_at)
    assert not Run.objects.exists()

    job = run_now(start_reissuing(key, actor=scene.officer))

    assert job.result == {"issued": MANY, "left": 0}
    assert Run.objects.get(kind="credentials.issue").result == {"issued": MANY}
    assert states() == {CredentialState.VALID: MANY, CredentialState.REVOKED: MANY}


def test_a_stop_keeps_what_is_done():
    scene = make_scene()
    key = taken_down(scene)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    made = reissue_all(key, awards_of(key), actor=scene.officer, should_stop=stop)

    assert made == 2
    assert len(to_reissue(key)) == MANY - 2
    assert Run.objects.get(kind="credentials.issue").result == {"issued": 2}


def test_what_somebody_changed_meanwhile_is_left():
    scene = make_scene()
    key = taken_down(scene)
    awards = awards_of(key)
    gone = Credential.objects.get(award=awards[0])
    Credential.objects.filter(pk=gone.pk).update(state=CredentialState.SUSPENDED, reason="Asked")
    reissue(Credential.objects.get(award=awards[1]), "By hand", actor=scene.officer)

    made = reissue_all(key, awards, actor=scene.officer)

    assert made == MANY - 1, "with the one made by hand"
    gone.refresh_from_db()
    assert gone.state == CredentialState.SUSPENDED


def test_one_issued_anew_by_hand_is_kept_as_a_decision_too():
    scene = make_scene()
    key = taken_down(scene, 1)

    made = reissue(to_reissue(key)[0], "Key lost", actor=scene.officer)

    run = Run.objects.get(kind="credentials.issue")
    assert [row["digest"] for row in run.certificate["credentials"]] == [made.digest]
    assert run.verdict["ok"]


def test_one_work_at_a_time_and_none_for_nothing():
    scene = make_scene()
    key = taken_down(scene)

    first = start_reissuing(key, actor=scene.officer)
    assert start_reissuing(key, actor=scene.officer) == first
    run_now(first)
    with pytest.raises(RuleViolation) as refusal:
        start_reissuing(key, actor=scene.officer)

    assert refusal.value.code == "key.nothing"
    assert reissuing_of(key) == first


def test_strangers_do_not_issue_anew():
    scene = make_scene()
    key = taken_down(scene, 1)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())

    for actor in (stranger, scene.secretary, scene.person):
        with pytest.raises(Refused):
            start_reissuing(key, actor=actor)
        with pytest.raises(Refused):
            reissue_all(key, awards_of(key), actor=actor)
    assert states() == {CredentialState.VALID: 1}


def test_the_page_of_the_key_shows_progress_and_what_came_of_it():
    scene = make_scene()
    key = taken_down(scene)
    officer, page = signed_in(scene.officer), reverse("credentials:key", args=[key.public_id])
    step = reverse("credentials:key-reissue", args=[key.public_id])
    assert step in officer.get(page).content.decode()

    assert officer.post(step).headers["Location"] == page
    assert states() == {CredentialState.VALID: MANY}, "nothing is done inside the request"
    job = Job.objects.get(kind="credentials.reissue")
    shown = officer.get(page).content.decode()
    assert reverse("jobs:progress", args=[job.public_id]) in shown
    assert step not in shown
    colleague = signed_in(make_person(Role.GRADUATE_OFFICER, unit=scene.unit))
    told = colleague.get(page).content.decode()
    with override("en"):
        assert scene.officer.display_name in told
    assert reverse("jobs:progress", args=[job.public_id]) not in told

    run_now(job)
    done = colleague.get(page).content.decode()
    assert f"{MANY} certificates were issued anew" in done
    assert step not in done


def test_a_stopped_or_failed_work_leaves_the_step_open():
    scene = make_scene()
    key = taken_down(scene)
    page = reverse("credentials:key", args=[key.public_id])
    step = reverse("credentials:key-reissue", args=[key.public_id])
    stop_job(start_reissuing(key, actor=scene.officer), actor=scene.officer)
    assert step in signed_in(scene.officer).get(page).content.decode()

    job = start_reissuing(key, actor=scene.officer)
    Job.objects.filter(pk=job.pk).update(
        state=JobState.FAILED, finished_at=job.created_at, error="It broke."
    )
    shown = signed_in(scene.officer).get(page).content.decode()

    assert "It broke." in shown
    assert step in shown


def test_few_are_issued_anew_at_once_and_a_long_list_is_cut(monkeypatch):
    monkeypatch.setattr(keys, "MOST_SHOWN", ":1")
    scene = make_scene()
    key = taken_down(scene, 2)
    page = reverse("credentials:key", args=[key.public_id])

    shown = signed_in(scene.officer).get(page).content.decode()
    signed_in(scene.officer).post(reverse("credentials:key-reissue", args=[key.public_id]))

    assert "The first 1 of 2 are shown." in shown
    assert states() == {CredentialState.VALID: 2, CredentialState.REVOKED: 2}
    assert not Job.objects.filter(kind="credentials.reissue").exists()
