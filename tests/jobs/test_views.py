"""The page of a job: progress with and without JavaScript, stop, result."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from cotutelle.jobs import registry
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import CRASHED, run_now, start_job
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


@registry.handler("test.view", title="Test import", done_url=lambda job: "/result/")
def work(handle: registry.JobHandle) -> None:
    handle.progress(2, 2)


@pytest.fixture
def owner() -> Person:
    return make_person(language="en")


def test_a_waiting_job_refreshes_itself_and_can_be_stopped(client: Client, owner: Person) -> None:
    job = start_job("test.view", actor=owner)
    client.force_login(owner)
    page = client.get(f"/jobs/{job.public_id}/").content.decode()
    assert f'hx-get="/jobs/{job.public_id}/progress/"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    page = client.post(f"/jobs/{job.public_id}/stop/", follow=True).content.decode()
    assert "stopped before it began" in page
    assert client.post(f"/jobs/{job.public_id}/stop/").status_code == 409


def test_a_running_job_says_how_far_and_a_finished_one_leads_to_its_result(
    client: Client, owner: Person
) -> None:
    job = start_job("test.view", actor=owner)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, done=1, total=4)
    client.force_login(owner)
    piece = client.get(f"/jobs/{job.public_id}/progress/").content.decode()
    assert "1 of 4 steps done." in piece
    assert "25%" in piece
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED)
    run_now(job)
    piece = client.get(f"/jobs/{job.public_id}/progress/").content.decode()
    assert 'href="/result/"' in piece
    assert "hx-get" not in piece


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"error_code": CRASHED}, "died several times"),
        ({"error_code": "any.rule", "error": "Row 7 is wrong."}, "Row 7 is wrong."),
    ],
)
def test_a_failure_is_said_in_words(
    client: Client, owner: Person, values: dict[str, str], says: str
) -> None:
    job = start_job("test.view", actor=owner)
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, **values)
    client.force_login(owner)
    with translation.override("en"):
        assert says in client.get(f"/jobs/{job.public_id}/").content.decode()


def test_owner_colleague_administrator_stranger(client: Client, owner: Person) -> None:
    job = start_job("test.view", actor=owner, unit=owner.unit)
    seen = {}
    for name, person in {
        "colleague": make_person(Role.GRADUATE_OFFICER, unit=owner.unit),
        "administrator": make_person(Role.SYSTEM_ADMINISTRATOR, unit=owner.unit),
        "other administrator": make_person(Role.SYSTEM_ADMINISTRATOR),
    }.items():
        client.force_login(person)
        seen[name] = [
            client.get(f"/jobs/{job.public_id}/").status_code,
            client.get(f"/jobs/{job.public_id}/progress/").status_code,
            client.post(f"/jobs/{job.public_id}/stop/").status_code,
        ]
    assert seen == {
        "colleague": [404, 404, 404],
        "administrator": [200, 200, 302],
        "other administrator": [404, 404, 404],
    }


@pytest.mark.parametrize("rows", [1, 3])
def test_my_jobs_cost_the_same_for_one_and_three(
    client: Client, owner: Person, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for _n in range(rows):
        start_job("test.view", actor=owner)
    client.force_login(owner)
    client.get("/jobs/")
    with django_assert_num_queries(7):
        page = client.get("/jobs/").content.decode()
    assert page.count(">Test import</a><br>") == rows
