"""Pages of holders, and those on which anybody checks what they were given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from cotutelle.core.canonical import canonical
from cotutelle.credentials.enums import AchievementKind
from cotutelle.credentials.models import Credential, Share
from cotutelle.credentials.queries.bundles import bundle_of
from cotutelle.credentials.services.shares import end_share, make_share
from cotutelle.credentials.services.standing import revoke
from cotutelle.people.models import Person, RoleGrant
from tests.credentials.test_sharing import settle
from tests.engines.credentials.world import World
from tests.factories.credentials import Scene, make_achievement, make_credential, make_scene
from tests.factories.log import WatchedLog, make_log
from tests.factories.people import make_person
from tests.ui.page_checks import find_faults

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


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page(client: Client, url: str, language: str = "en") -> str:
    answer = client.get(url, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.status_code
    text = answer.content.decode()
    assert find_faults(text) == []
    return text


def rows_of(text: str) -> dict[str, str]:
    """Return each row of a report as plain text."""
    import re  # noqa: PLC0415

    found = re.findall(r'<tr data-check="(\w+)">(.*?)</tr>', text, re.DOTALL)
    return {name: re.sub(r"<[^>]+>|\s+", " ", row) for name, row in found}


def test_certificates_for_several_wards_are_told_apart(scene: Scene) -> None:
    kind = make_achievement(scene.unit, AchievementKind.ROTATION, actor=scene.officer)
    certificate = make_credential(scene, kind)
    make_share(certificate, days=30, actor=scene.person)
    client, ward = client_of(scene.person), scene.stay.ward.name_zh

    assert certificate.ward_name
    for name in ("my-certificates", "transcript-new", "shares"):
        assert ward in page(client, reverse(f"credentials:{name}")), name
    assert ward in page(client, reverse("credentials:share-new", args=[certificate.public_id]))
    assert ward in page(client_of(scene.officer), reverse("credentials:credentials"))


def test_a_holder_sees_what_they_have_and_in_which_forms(
    certificate: Credential, scene: Scene, django_assert_num_queries: Any
) -> None:
    client = client_of(scene.person)
    text = page(client, reverse("credentials:my-certificates"))
    for name in ("share-new", "paper", "badge", "bundle"):
        assert reverse(f"credentials:{name}", args=[certificate.public_id]) in text
    make_credential(scene)
    make_credential(scene)
    client.get(reverse("credentials:my-certificates"))
    with django_assert_num_queries(12):
        client.get(reverse("credentials:my-certificates"))


def test_files_of_others_do_not_exist(certificate: Credential, scene: Scene) -> None:
    stranger = client_of(make_scene().person)
    mentor = client_of(scene.clinical.person)
    for name in ("badge", "bundle"):
        url = reverse(f"credentials:{name}", args=[certificate.public_id])
        assert stranger.get(url).status_code == 404
        assert mentor.get(url).status_code == 200
        assert Client().get(url).status_code == 302
    url = reverse("credentials:share-new", args=[certificate.public_id])
    assert mentor.get(url).status_code == 404


def test_links_are_in_the_history_that_their_holder_reads_alone(
    certificate: Credential, scene: Scene
) -> None:
    end_share(make_share(certificate, actor=scene.person), actor=scene.person)
    url = reverse("credentials:credential", args=[certificate.public_id]) + "?tab=history"

    own, office = (page(client_of(one), url) for one in (scene.person, scene.officer))

    assert all(words in own for words in ("已生成链接", "已结束链接"))
    assert not any(words in office for words in ("已生成链接", "已结束链接"))
    assert "证书已签发" in office


def test_a_graduate_keeps_what_is_theirs(certificate: Credential, scene: Scene) -> None:
    RoleGrant.objects.filter(person=scene.person).delete()
    graduate = client_of(Person.objects.get(pk=scene.person.pk))
    stranger = client_of(make_person())

    bundle = reverse("credentials:bundle", args=[certificate.public_id])
    assert graduate.get(bundle).status_code == 200
    assert stranger.get(bundle).status_code == 403
    page = graduate.get(reverse("credentials:credential", args=[certificate.public_id]))
    assert page.status_code == 200


def test_downloads_hold_what_they_say(certificate: Credential, scene: Scene) -> None:
    client = client_of(scene.person)
    bundle = client.get(reverse("credentials:bundle", args=[certificate.public_id]))
    assert json.loads(bundle.content)["credential"]["id"].endswith(str(certificate.public_id))
    badge = client.get(reverse("credentials:badge", args=[certificate.public_id]))
    assert badge["Content-Type"] == "image/png"
    paper = client.post(reverse("credentials:paper", args=[certificate.public_id]))
    assert b"".join(paper.streaming_content).startswith(b"%PDF-")  # type: ignore[arg-type]


def test_a_link_is_made_shown_opened_and_ended(certificate: Credential, scene: Scene) -> None:
    client = client_of(scene.person)
    url = reverse("credentials:share-new", args=[certificate.public_id])
    wrong = client.post(url, {"days": "400", "title": "某医院"})
    assert wrong.status_code == 200
    assert "某医院" in wrong.content.decode()  # what was typed stays
    client.post(url, {"days": "7", "title": "某医院"})
    share = Share.objects.get()
    shown = page(client, reverse("credentials:share", args=[share.public_id]))
    public = reverse("verify:share", args=[share.token])
    assert f"https://ct.example.org{public}" in shown
    text = page(Client(), public)
    assert "某医院" not in text
    assert rows_of(text)["signature"]
    share.refresh_from_db()
    assert share.views == 1
    client.post(reverse("credentials:share-end", args=[share.public_id]))
    ended = Client().get(public, headers={"Accept-Language": "en"})
    assert ended.status_code == 404
    assert scene.person.name_zh not in ended.content.decode()
    listed = page(client, reverse("credentials:shares"))
    assert reverse("credentials:share", args=[share.public_id]) in listed
    assert reverse("credentials:share-end", args=[share.public_id]) not in listed


def test_public_pages_are_kept_from_search_engines_and_referrers(
    certificate: Credential, scene: Scene
) -> None:
    share = make_share(certificate, actor=scene.person)
    for url in (reverse("verify:share", args=[share.token]), reverse("verify:verify")):
        answer = Client().get(url)
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_anybody_checks_a_file(certificate: Credential, language: str) -> None:
    content = canonical(bundle_of(certificate))
    upload = SimpleUploadedFile("a.cotutelle.json", content)
    answer = Client().post(
        reverse("verify:verify"), {"upload": upload}, headers={"Accept-Language": language}
    )
    rows = rows_of(answer.content.decode())
    word = {"en": "holds", "zh-hans": "成立"}[language]
    for name in ("signature", "issuer", "logged", "witnesses", "status"):
        assert f" {word} " in rows[name], rows[name]


def test_a_changed_byte_is_refused_and_a_revoked_one_says_so(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    text = canonical(bundle_of(certificate)).decode()
    altered = text.replace(scene.person.name_zh, "别人", 1)
    assert altered != text
    answer = Client().post(
        reverse("verify:verify"), {"text": altered}, headers={"Accept-Language": "en"}
    )
    assert "Refused" in answer.content.decode()
    share = make_share(certificate, actor=scene.person)
    revoke(certificate, "原件有误", actor=scene.officer)
    settle(log)
    with override("en"):
        shown = page(Client(), reverse("verify:share", args=[share.token]))
    assert "revoked" in rows_of(shown)["status"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "Choose a file or paste its text."),
        ({"text": "not json"}, "not JSON"),
        ({"text": '{"a":1,"a":2}'}, "twice"),
    ],
)
def test_what_cannot_be_read_is_answered_in_words(
    log: WatchedLog, values: dict[str, str], says: str
) -> None:
    answer = Client().post(reverse("verify:verify"), values, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    assert says in answer.content.decode()


def test_the_offline_page_is_one_file_with_our_policy(certificate: Credential) -> None:
    answer = Client().get(reverse("verify:offline"))
    text = answer.content.decode()
    assert "attachment" in answer["Content-Disposition"]
    assert "witness.example/w1" in text
    assert "<script src" not in text


def test_a_transcript_is_chosen_on_a_page(
    certificate: Credential, scene: Scene, log: WatchedLog
) -> None:
    client = client_of(scene.person)
    url = reverse("credentials:transcript-new")
    text = page(client, url)
    assert text.count('name="event"') == 2
    empty = client.post(url, {"days": "30"})
    assert "请至少选择一个证书或一项记录。" in empty.content.decode()
    client.post(url, {"days": "30", "certificate": str(certificate.public_id), "event": "2"})
    share = Share.objects.get()
    settle(log)
    rows = rows_of(page(Client(), reverse("verify:share", args=[share.token])))
    assert "1" in rows["completeness"]
    assert "2" in rows["completeness"]


def test_schemas_are_served_where_certificates_say(certificate: Credential) -> None:
    named = json.loads(certificate.body)["credentialSchema"]["id"]
    answer = Client().get(named.removeprefix("https://log.example"))
    assert json.loads(answer.content)["$id"] == named
    assert Client().get("/credentials/schemas/nothing.json").status_code == 404


def test_ended_links_tell_nothing(certificate: Credential, scene: Scene) -> None:
    share = make_share(certificate, actor=scene.person)
    end_share(share, actor=scene.person)
    ended = Client().get(reverse("verify:share", args=[share.token]))
    never = Client().get(reverse("verify:share", args=["never-made"]))
    assert (ended.status_code, never.status_code) == (404, 404)
    assert ended.content.count(b"<") == never.content.count(b"<")


STRANGE: dict[str, dict[str, Any]] = {
    "before the calendar": {"validFrom": "0001-01-01T00:00:00+14:00"},
    "after the calendar": {"validUntil": "9999-12-31T23:59:59-14:00"},
    "half a scale": {"credentialSubject": {"facts": {"scale": {"min": 1}}}},
    "things for texts": {
        "id": {},
        "name": {"a": {}},
        "issuer": {"id": {}, "name": {}},
        "credentialSubject": {"facts": {"a": {"zh": {}}, "b": [[{}]], "c": None}, "result": [{}]},
    },
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_file_of_strange_shapes_is_refused_on_the_page_too(log: WatchedLog, name: str) -> None:
    document = {"@context": ["https://www.w3.org/ns/credentials/v2"], **STRANGE[name]}

    answer = Client().post(
        reverse("verify:verify"), {"text": json.dumps(document)}, headers={"Accept-Language": "en"}
    )

    assert answer.status_code == 200
    assert "Refused: at least one check failed." in answer.content.decode()


def test_before_there_is_a_policy_no_log_is_believed() -> None:
    text = json.dumps(World().bundle())

    answer = Client().post(
        reverse("verify:verify"), {"text": text}, headers={"Accept-Language": "en"}
    )

    assert answer.status_code == 200
    assert "It names a log that the policy does not know" in answer.content.decode()
