"""What this house gives away, checked by the page that it gives away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cotutelle.core.canonical import canonical
from cotutelle.core.clock import now, today
from cotutelle.credentials.models import Credential
from cotutelle.credentials.offline.actions import action_words
from cotutelle.credentials.offline.build import build_page
from cotutelle.credentials.queries.bundles import bundle_of
from cotutelle.credentials.services.papers import badge_of
from cotutelle.credentials.services.standing import revoke
from cotutelle.credentials.services.status_lists import publish_lists
from cotutelle.credentials.services.transcripts import make_transcript
from cotutelle.engines.credentials.files import read_file
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.ledger.models import Trace
from cotutelle.ledger.queries import policy_text
from tests.credentials.offline.conftest import Desk, Opener
from tests.factories.credentials import Scene, make_credential, make_scene
from tests.factories.log import WatchedLog, make_log

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]


@pytest.fixture
def log(settings: Any, tmp_path: Path) -> WatchedLog:
    settings.COTUTELLE_BASE_URL = "https://ct.example.org"
    return make_log(settings, tmp_path)


@pytest.fixture
def scene(log: WatchedLog) -> Scene:
    return make_scene()


@pytest.fixture
def certificate(scene: Scene, log: WatchedLog) -> Credential:
    made = make_credential(scene)
    settle(log)
    return made


def settle(log: WatchedLog) -> None:
    publish_lists()
    log.publish()


@pytest.fixture
def desk(certificate: Credential, open_desk: Opener, tmp_path: Path) -> Desk:
    """An employer's desk; the page was made by this house, and is opened today."""
    path = tmp_path / "house.html"
    page = build_page(policy_text(), built_on=today(), words=action_words())
    path.write_text(page, encoding="utf-8")
    found = open_desk(path)
    found.page.clock.set_fixed_time(now())
    return found


def put(desk: Desk, bundle: Any) -> None:
    """Offer a bundle; what the page shows is what the server says."""
    data = canonical(bundle)
    desk.offer("share.cotutelle.json", data)
    report = verify_bundle(read_file(data), policy=policy_text(), now=now())
    assert desk.verdict() == report.verdict
    assert desk.rows() == {row: (f.state, f.code) for row, f in report.findings.items()}


def test_a_certificate_is_valid_until_it_is_revoked(
    desk: Desk, certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    put(desk, bundle_of(certificate))
    assert desk.verdict() == "valid"
    assert desk.page.locator(".cv-paper code").count() == 0

    revoke(certificate, "原件有误", actor=scene.officer)
    settle(log)
    desk.page.clock.set_fixed_time(now())
    put(desk, bundle_of(certificate))
    assert desk.rows()["status"] == ("bad", "status.revoked")


def test_a_transcript_names_its_events_in_words(
    desk: Desk, certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    trace = Trace.objects.get(person=scene.person)
    share = make_transcript(
        scene.person, credentials=[certificate], shown=[trace.count], actor=scene.person
    )
    settle(log)
    desk.page.clock.set_fixed_time(now())

    put(desk, bundle_of(share.credential))

    assert desk.verdict() == "valid"
    assert desk.rows()["completeness"] == ("good", "completeness.partial")
    lines = desk.page.locator(".cv-trace li").all_inner_texts()
    assert lines[0] == "Event 1 is not shown"
    assert "Certificate issued" in lines[1]


def test_a_badge_of_this_house_is_read(desk: Desk, certificate: Credential) -> None:
    desk.offer("badge.png", badge_of(certificate))

    assert desk.rows()["signature"] == ("good", "signature.good")
    assert desk.verdict() == "unknown"  # a picture carries no evidence
    assert desk.faults == []
