"""Links, transcripts, papers and badges: whatever is given away can be checked."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pypdf import PdfReader

from cotutelle.core.access import why_not
from cotutelle.core.canonical import canonical
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.enums import CredentialState, Cryptosuite
from cotutelle.credentials.models import Credential, Share
from cotutelle.credentials.queries import bundles
from cotutelle.credentials.queries.bundles import bundle_of, shown_in
from cotutelle.credentials.queries.shares import open_share
from cotutelle.credentials.services.papers import ATTACHMENT, badge_of, issue_paper
from cotutelle.credentials.services.shares import end_share, make_share
from cotutelle.credentials.services.standing import revoke, suspend
from cotutelle.credentials.services.status_lists import publish_lists
from cotutelle.credentials.services.transcripts import make_transcript
from cotutelle.documents.queries import visible_to as documents_visible_to
from cotutelle.documents.services import void_document
from cotutelle.engines.credentials.files import read_file
from cotutelle.engines.credentials.report import Report
from cotutelle.engines.credentials.verifying import verify_bundle
from cotutelle.files.services import read_file as stored
from cotutelle.ledger.enums import AnchorKind, AnchorState
from cotutelle.ledger.models import Anchor, Trace
from cotutelle.ledger.queries import policy_text
from cotutelle.ledger.queries.log import published_checkpoint
from tests.factories.credentials import Scene, make_achievement, make_credential, make_scene
from tests.factories.log import WatchedLog, make_log

pytestmark = pytest.mark.django_db


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
    """Publish status lists and the log, as the worker does."""
    publish_lists()
    log.publish()


def checked(bundle: Any) -> Report:
    # What is read is the file, not the values that were put into it.
    return verify_bundle(read_file(canonical(bundle)), policy=policy_text(), now=now())


def state_of(report: Report, row: str) -> tuple[str, str]:
    found = report.findings[row]
    return found.state, found.code


def test_a_bundle_holds_all_that_a_check_needs(certificate: Credential) -> None:
    report = checked(bundle_of(certificate))
    assert {name: f.code for name, f in report.findings.items() if f.state == "bad"} == {}
    assert report.verdict == "valid"


def test_what_is_signed_for_badge_platforms_is_checked_and_goes_into_transcripts(
    scene: Scene, log: WatchedLog
) -> None:
    kind = make_achievement(scene.unit, actor=scene.officer, cryptosuite=Cryptosuite.RDFC)
    made = make_credential(scene, kind)
    settle(log)
    share = make_transcript(scene.person, credentials=[made], shown=[1, 2], actor=scene.person)
    settle(log)
    for one in (made, share.credential):
        assert checked(bundle_of(one)).verdict == "valid"
    badge = read_file(badge_of(made))
    assert badge["proof"]["cryptosuite"] == Cryptosuite.RDFC


def test_before_the_log_publishes_nothing_is_claimed(scene: Scene) -> None:
    bundle = bundle_of(make_credential(scene))
    assert bundle is not None
    assert "logged" not in bundle
    assert checked(bundle).verdict == "unknown"


@pytest.mark.parametrize(
    ("act", "code"), [(suspend, "status.suspended"), (revoke, "status.revoked")]
)
def test_a_new_bundle_says_that_it_holds_no_more(
    certificate: Credential, scene: Scene, log: WatchedLog, act: Any, code: str
) -> None:
    before = bundle_of(certificate)
    act(certificate, "原件有误", actor=scene.officer)
    settle(log)
    assert state_of(checked(bundle_of(certificate)), "status") == ("bad", code)
    assert state_of(checked(before), "status")[0] == "good"  # as of then, and it says of when


def anchored(log: WatchedLog) -> Anchor:
    """Anchor what is published now."""
    head = published_checkpoint(log.shard)
    assert head is not None
    return Anchor.objects.create(
        shard=log.shard, kind=AnchorKind.EVM, state=AnchorState.CONFIRMED, size=head.size,
        root=head.root, sent_at=now(), confirmed_at=now(),
        reference={"chain_id": 31337, "contract": "0x00", "tx": "0x01", "block": 7},
    )  # fmt: skip


def test_what_was_anchored_earlier_is_proven_to_be_the_same_history(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    anchor = anchored(log)
    assert "consistency" not in (bundle_of(certificate) or {}), "one size"
    make_credential(scene, make_achievement(scene.unit, actor=scene.officer))
    settle(log)

    bundle = bundle_of(certificate) or {}

    (proof,) = bundle["consistency"]
    head = published_checkpoint(log.shard)
    assert head is not None
    told = (proof["origin"], proof["from"], proof["to"])
    assert told == (log.shard.origin, anchor.size, head.size)
    assert state_of(checked(bundle), "witnesses") == ("good", "witnesses.good")
    without = {name: value for name, value in bundle.items() if name != "consistency"}
    assert state_of(checked(without), "witnesses") == ("good", "witnesses.apart")
    assert checked(without).verdict == "valid"
    wrong = {**proof, "proof": ["A" * 43 + "=", *proof["proof"][1:]]}
    report = checked({**bundle, "consistency": [wrong]})
    assert state_of(report, "witnesses") == ("bad", "witnesses.inconsistent")


def test_a_file_shows_the_log_at_one_size_though_it_grows_meanwhile(
    certificate: Credential, scene: Scene, log: WatchedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_history = bundles.key_history

    def grows(*given: Any) -> Any:
        make_credential(scene, make_achievement(scene.unit, actor=scene.officer))
        settle(log)
        return key_history(*given)

    monkeypatch.setattr(bundles, "key_history", grows)
    report = checked(bundle_of(certificate))

    assert (report.verdict, state_of(report, "witnesses")) == ("valid", ("good", "witnesses.good"))


def test_a_link_opens_until_its_day_or_its_end(certificate: Credential, scene: Scene) -> None:
    share = make_share(certificate, actor=scene.person, days=7, title="某医院")
    assert open_share(share.token) == share
    with time_machine.travel(now() + dt.timedelta(days=7, seconds=1)):
        assert open_share(share.token) is None
    end_share(share, actor=scene.person)
    assert open_share(share.token) is None
    with pytest.raises(RuleViolation) as refusal:
        end_share(share, actor=scene.person)
    assert refusal.value.code == "share.stale"


def test_only_the_holder_shares(certificate: Credential, scene: Scene) -> None:
    for other in (scene.officer, scene.clinical.person, make_scene().person):
        with pytest.raises(Refused):
            make_share(certificate, actor=other)
    assert not Share.objects.exists()


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"days": 0}, "share.days"),
        ({"days": 367}, "share.days"),
        ({"title": "x" * 151}, "share.title"),
    ],
)
def test_links_have_bounds(
    certificate: Credential, scene: Scene, values: dict[str, Any], code: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        make_share(certificate, actor=scene.person, **values)
    assert refusal.value.code == code


def test_a_whole_transcript_says_so(certificate: Credential, scene: Scene, log: WatchedLog) -> None:
    trace = Trace.objects.get(person=scene.person)
    share = make_transcript(
        scene.person,
        credentials=[certificate],
        shown=range(1, trace.count + 1),
        actor=scene.person,
    )
    settle(log)
    report = checked(bundle_of(share.credential))
    assert state_of(report, "completeness") == ("good", "completeness.whole")
    assert report.verdict == "valid"
    trace.refresh_from_db()
    assert trace.count == len(shown_in(share.credential))  # the transcript itself is no event


def test_a_partial_transcript_says_how_much_is_missing(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    trace = Trace.objects.get(person=scene.person)
    assert trace.count == 2  # signed, and issued
    shown = [trace.count]
    share = make_transcript(
        scene.person, credentials=[certificate], shown=shown, actor=scene.person
    )
    settle(log)
    bundle = bundle_of(share.credential)
    report = checked(bundle)
    assert state_of(report, "completeness") == ("good", "completeness.partial")
    assert report.findings["completeness"].params == {"shown": 1, "count": 2}
    # An event withheld from what was signed as shown is found out.
    assert bundle is not None
    fewer = {**bundle, "disclosed": []}
    assert state_of(checked(fewer), "completeness")[0] == "bad"


def test_another_link_to_a_transcript_shows_the_same(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    first = make_transcript(
        scene.person, credentials=[certificate], shown=[1, 2], actor=scene.person
    )
    settle(log)
    second = make_share(first.credential, actor=scene.person)
    report = checked(bundle_of(second.credential))
    assert state_of(report, "completeness") == ("good", "completeness.whole")


def test_a_transcript_on_paper_names_what_it_shows(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    share = make_transcript(scene.person, credentials=[certificate], shown=[2], actor=scene.person)
    settle(log)
    with pytest.raises(Refused):
        issue_paper(share.credential, actor=scene.officer)
    document = issue_paper(share.credential, actor=scene.person)
    for copy, extent in (
        (document.file_zh, "记录共2项，展示其中1项"),
        (document.file_en, "1ofthe2eventsoftherecord"),
    ):
        content = stored(copy)
        assert verify_bundle(read_file(content), policy=policy_text(), now=now()).verdict == "valid"
        text = "".join(PdfReader(io.BytesIO(content)).pages[0].extract_text().split())
        assert extent in text
        assert certificate.name_zh in text or "".join(certificate.name_en.split()) in text


def test_the_paper_of_a_transcript_is_its_holders_alone(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    share = make_transcript(scene.person, credentials=[certificate], shown=[], actor=scene.person)
    settle(log)
    own = issue_paper(share.credential, actor=scene.person)
    open_ = issue_paper(certificate, actor=scene.person)

    assert set(documents_visible_to(scene.person)) == {own, open_}
    for other in (scene.officer, scene.secretary, scene.clinical.person):
        assert own not in documents_visible_to(other)
        assert why_not(other, "documents.view_document", own) is not None
    assert open_ in documents_visible_to(scene.officer)


def test_transcripts_take_only_own_certificates_and_events(
    certificate: Credential, scene: Scene
) -> None:
    stranger = make_scene().person
    refusals = []
    for values in (
        {"credentials": [], "shown": []},
        {"credentials": [], "shown": [999]},
        {"credentials": [certificate], "shown": [], "person": stranger},
    ):
        person = values.pop("person", scene.person)
        with pytest.raises(RuleViolation) as refusal:
            make_transcript(person, actor=person, **values)  # type: ignore[arg-type]
        refusals.append(refusal.value.code)
    assert refusals == ["transcript.empty", "transcript.event", "transcript.other"]


def test_a_certificate_that_is_not_in_the_log_yet_goes_into_no_transcript(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    waiting = make_credential(scene)
    both = [certificate, waiting]
    with pytest.raises(RuleViolation) as refusal:
        make_transcript(scene.person, credentials=both, shown=[1], actor=scene.person)
    assert refusal.value.code == "transcript.event"
    settle(log)

    share = make_transcript(scene.person, credentials=both, shown=[1], actor=scene.person)

    settle(log)
    assert checked(bundle_of(share.credential)).verdict == "valid"


def test_a_revoked_certificate_goes_into_no_transcript_and_onto_no_paper(
    certificate: Credential, scene: Scene
) -> None:
    issue_paper(certificate, actor=scene.person)
    revoke(certificate, "原件有误", actor=scene.officer)
    certificate.refresh_from_db()
    assert certificate.state == CredentialState.REVOKED
    for act in (
        lambda: make_transcript(
            scene.person, credentials=[certificate], shown=[], actor=scene.person
        ),
        lambda: issue_paper(certificate, actor=scene.person),
        lambda: badge_of(certificate),
    ):
        with pytest.raises(RuleViolation) as refusal:
            act()
        assert refusal.value.code in {"transcript.revoked", "paper.revoked"}


def test_a_paper_carries_the_bundle_and_a_link_that_opens(
    certificate: Credential, scene: Scene
) -> None:
    document = issue_paper(certificate, actor=scene.person)
    assert issue_paper(certificate, actor=scene.officer) == document  # one paper, not many
    for copy in (document.file_zh, document.file_en):
        content = stored(copy)
        reader = PdfReader(io.BytesIO(content))
        assert len(reader.pages) == 1
        assert checked(json.loads(reader.attachments[ATTACHMENT][0])).verdict == "valid"
        assert verify_bundle(read_file(content), policy=policy_text(), now=now()).verdict == "valid"
        text = "".join(reader.pages[0].extract_text().split())
        assert scene.person.name_zh in text or "".join(scene.person.name_en.split()) in text
    share = Share.objects.get(is_paper=True)
    assert share.expires_at is None
    assert open_share(share.token) == share


def test_after_a_void_paper_there_is_another_under_a_new_number(
    certificate: Credential, scene: Scene
) -> None:
    first = issue_paper(certificate, actor=scene.person)
    void_document(first, reason="印刷错误", actor=scene.officer)
    second = issue_paper(certificate, actor=scene.person)
    assert second.number != first.number
    assert Share.objects.filter(is_paper=True).count() == 1


def test_a_paper_waits_for_the_log(scene: Scene) -> None:
    with pytest.raises(RuleViolation) as refusal:
        issue_paper(make_credential(scene), actor=scene.person)
    assert refusal.value.code == "paper.not_logged"


def test_a_badge_is_the_certificate(certificate: Credential) -> None:
    picture = badge_of(certificate)
    assert picture.startswith(b"\x89PNG")
    assert read_file(picture) == json.loads(certificate.body)
