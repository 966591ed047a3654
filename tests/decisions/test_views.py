"""Pages of decisions: evidence for those concerned, nothing for others."""

from __future__ import annotations

import hashlib
import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cotutelle.decisions.models import Run
from cotutelle.people.enums import Role
from tests.decisions.kinds import CERTIFICATE, make_policy, make_run
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


def test_the_run_page_says_rules_verdict_fingerprints_and_command(client: Client) -> None:
    officer = make_person(Role.GRADUATE_OFFICER, language="en")
    run = make_run(officer)
    client.force_login(officer)
    page = client.get(f"/decisions/runs/{run.public_id}/").content.decode()
    assert "by lottery" in page
    assert run.snapshot.sha256 in page
    assert run.certificate_sha256 in page
    assert "cotutelle verify certificate.json" in page
    assert "The independent check found nothing wrong" in page
    assert "Pairs looked at" in page


def test_the_certificate_is_the_bytes_whose_digest_is_shown(client: Client) -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    run = make_run(officer)
    client.force_login(officer)
    answer = client.get(f"/decisions/runs/{run.public_id}/certificate.json")
    assert json.loads(answer.content) == CERTIFICATE
    assert hashlib.sha256(answer.content).hexdigest() == run.certificate_sha256
    assert answer["Content-Disposition"].startswith("attachment")


def test_owner_colleague_and_stranger(client: Client) -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    run = make_run(officer)
    seen = {}
    for name, person in {
        "concerned": make_person(Role.STUDENT, username="concerned"),
        "colleague": make_person(Role.STUDENT, unit=officer.unit),
        "other institution": make_person(Role.GRADUATE_OFFICER),
    }.items():
        client.force_login(person)
        seen[name] = [
            client.get(f"/decisions/runs/{run.public_id}/").status_code,
            client.get(f"/decisions/runs/{run.public_id}/certificate.json").status_code,
            client.post(f"/decisions/runs/{run.public_id}/check/").status_code,
        ]
    assert seen == {
        "concerned": [200, 200, 403],
        "colleague": [404, 404, 403],
        "other institution": [404, 404, 404],
    }


def test_a_check_again_is_said(client: Client) -> None:
    officer = make_person(Role.GRADUATE_OFFICER, language="en")
    run = make_run(officer)
    client.force_login(officer)
    url = f"/decisions/runs/{run.public_id}/check/"
    assert "the certificate holds" in client.post(url, follow=True).content.decode()
    Run.objects.update(certificate={"pairs": []})
    assert "does not hold" in client.post(url, follow=True).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_for_one_and_three(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    officer = make_person(Role.GRADUATE_OFFICER, language="en")
    policy = make_policy(officer)
    for _n in range(rows):
        make_run(officer, policy=policy)
    client.force_login(officer)
    client.get("/decisions/runs/")
    with django_assert_num_queries(7):
        page = client.get("/decisions/runs/").content.decode()
    assert page.count("Test match, run") == rows


def test_the_policy_page_reads_in_words(client: Client) -> None:
    officer = make_person(Role.GRADUATE_OFFICER, language="en")
    policy = make_policy(officer)
    client.force_login(officer)
    assert "Selection rules" in client.get("/decisions/policies/").content.decode()
    page = client.get(f"/decisions/policies/{policy.public_id}/").content.decode()
    assert "by lottery" in page
    assert policy.sha256 in page
    client.force_login(make_person(Role.MENTOR))
    assert client.get(f"/decisions/policies/{policy.public_id}/").status_code == 404
