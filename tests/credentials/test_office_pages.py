"""Pages of officers, secretaries and mentors, as people use them."""

from __future__ import annotations

import io
import json
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from cotutelle.core.canonical import sha256_hex
from cotutelle.credentials.enums import (
    AchievementKind,
    AchievementState,
    AwardState,
    CredentialState,
    Cryptosuite,
    IssuerKeyState,
    SignerRole,
)
from cotutelle.credentials.importers.achievements import COLUMNS
from cotutelle.credentials.models import Achievement, Award, Credential, IssuerKey, StatusList
from cotutelle.credentials.services import status_lists
from cotutelle.jobs.models import Job
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from tests.factories.credentials import (
    make_achievement,
    make_award,
    make_credential,
    make_scene,
    sign_all,
)
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory

pytestmark = pytest.mark.django_db
BOTH = (SignerRole.CLINICAL, SignerRole.RESEARCH)


def signed_in(person: Person) -> Client:
    Person.objects.filter(pk=person.pk).update(language="en")
    client = Client()
    client.force_login(Person.objects.get(pk=person.pk))
    return client


def said(response) -> list[str]:
    return [str(one) for one in response.wsgi_request._messages]


# ---------------------------------------------------------------- achievements


def test_an_officer_defines_an_achievement_and_puts_it_into_use():
    scene = make_scene()
    client = signed_in(scene.officer)
    form = {
        "unit": scene.unit.public_id, "kind": "gate-passed", "name_zh": "腹腔镜授权",
        "name_en": "Laparoscopy gate", "criteria_zh": "三次合格", "criteria_en": "Three passes",
        "signers": ["clinical"], "valid_months": "24",
        "cryptosuite": "eddsa-rdfc-2022",
    }  # fmt: skip

    page = client.post(reverse("credentials:achievement-new"), form)

    made = Achievement.objects.get()
    assert page.status_code == 302
    assert (made.state, made.valid_months, made.signers) == ("draft", 24, ["clinical"])
    assert made.cryptosuite == Cryptosuite.RDFC
    client.post(reverse("credentials:achievement-move", args=[made.public_id]), {"state": "open"})
    made.refresh_from_db()
    assert made.state == AchievementState.OPEN
    thing = client.get(reverse("credentials:achievement", args=[made.public_id])).content.decode()
    assert "Laparoscopy gate" in thing
    assert reverse("credentials:propose", args=[made.public_id]) in thing
    history = client.get(
        reverse("credentials:achievement", args=[made.public_id]) + "?tab=history"
    ).content.decode()
    assert "Achievement put into use" in history


def test_a_missing_language_is_shown_at_its_field():
    scene = make_scene()
    page = signed_in(scene.officer).post(
        reverse("credentials:achievement-new"),
        {"unit": scene.unit.public_id, "kind": "generic", "name_zh": "证明", "name_en": "Proof",
         "criteria_zh": "甲", "criteria_en": "A", "signers": ["principal"],
         "description_zh": "说明", "cryptosuite": "eddsa-jcs-2022"},
    )  # fmt: skip

    assert page.status_code == 200
    assert list(page.context["form"].errors) == ["description_en"]
    assert not Achievement.objects.exists()


def test_drafts_are_changed_and_what_is_in_use_is_copied():
    scene = make_scene()
    draft = make_achievement(scene.unit, state=AchievementState.DRAFT, actor=scene.officer)
    client = signed_in(scene.officer)
    page = client.get(reverse("credentials:achievement-edit", args=[draft.public_id]))
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    values = {k: v for k, v in values.items() if v is not None} | {"name_en": "Better"}

    client.post(reverse("credentials:achievement-edit", args=[draft.public_id]), values)
    client.post(
        reverse("credentials:achievement-copy", args=[draft.public_id]),
        {"unit": scene.unit.public_id, "name_zh": "副本", "name_en": "Copy"},
    )

    draft.refresh_from_db()
    assert draft.name_en == "Better"
    assert Achievement.objects.filter(name_zh="副本", state="draft").exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_achievements_asks_as_often_for_three_rows_as_for_one(
    rows, django_assert_num_queries
):
    scene = make_scene()
    for _n in range(rows):
        make_achievement(scene.unit, actor=scene.officer)
    client = signed_in(scene.officer)
    client.get(reverse("credentials:achievements"))

    with django_assert_num_queries(9):
        page = client.get(reverse("credentials:achievements"))

    assert page.content.decode().count("Waiting for signatures") >= rows


def test_the_list_of_achievements_is_filtered_and_exported():
    scene = make_scene()
    make_achievement(scene.unit, name_zh="甲", actor=scene.officer)
    make_achievement(
        scene.unit, AchievementKind.GATE, name_zh="乙", state=AchievementState.DRAFT,
        actor=scene.officer,
    )  # fmt: skip
    client = signed_in(scene.officer)
    url = reverse("credentials:achievements")

    assert [r.name_zh for r in client.get(f"{url}?state=draft").context["listing"].rows] == ["乙"]
    assert [r.name_zh for r in client.get(f"{url}?q=甲").context["listing"].rows] == ["甲"]
    book = load_workbook(io.BytesIO(client.get(f"{url}?kind=gate-passed&format=xlsx").content))
    rows = list(book.active.iter_rows(values_only=True))
    assert [row[2] for row in rows[1:]] == ["乙"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_the_list_writes_out_can_be_imported(language):
    scene = make_scene()
    make_achievement(scene.unit, actor=scene.officer)
    client = signed_in(scene.officer)
    Person.objects.filter(pk=scene.officer.pk).update(language=language)

    answer = client.get(reverse("credentials:achievements") + "?format=xlsx")

    heads = next(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert {column.labels[language == "en"] for column in COLUMNS} <= set(heads)


# ---------------------------------------------------------------- proposing and signing


def test_a_mentor_proposes_one_student_and_signs_on_the_phone():
    scene = make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.EVALUATION, actor=scene.officer)
    client = signed_in(scene.clinical.person)
    assert achievement.name_en in client.get(reverse("credentials:propose-start")).content.decode()
    url = reverse("credentials:propose", args=[achievement.public_id])
    stranger = StudentFactory.create(cohort=scene.student.cohort)
    shown = client.get(url).content.decode()
    assert str(scene.student.public_id) in shown
    assert str(stranger.public_id) not in shown

    client.post(
        url,
        {"students": [scene.student.public_id], "fact_value": "86.5", "fact_standardError": "2",
         "fact_scale_min": "0", "fact_scale_max": "100"},
    )  # fmt: skip

    award = Award.objects.get()
    assert award.facts == {"value": 86.5, "standardError": 2, "scale": {"min": 0, "max": 100}}
    page_url = reverse("credentials:award", args=[award.public_id])
    page = client.get(page_url).content.decode()
    assert "Sign as Principal supervisor" in page
    assert "86.5" in page
    button = f"sign:principal:{scene.clinical.person.public_id}"
    client.post(page_url, {"do": button, "note": ""})
    award.refresh_from_db()
    assert award.state == AwardState.SIGNED
    assert "Sign as" not in client.get(page_url).content.decode()


def test_a_value_outside_of_its_scale_is_shown_at_its_field():
    scene = make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.EVALUATION, actor=scene.officer)
    page = signed_in(scene.officer).post(
        reverse("credentials:propose", args=[achievement.public_id]),
        {"students": [scene.student.public_id], "fact_value": "120", "fact_standardError": "2",
         "fact_scale_min": "0", "fact_scale_max": "100"},
    )  # fmt: skip

    assert list(page.context["form"].errors) == ["fact_value"]
    assert not Award.objects.exists()


def test_declining_needs_a_reason_and_a_button_of_somebody_else_does_nothing():
    scene = make_scene()
    award = make_award(scene)
    client = signed_in(scene.clinical.person)
    url = reverse("credentials:award", args=[award.public_id])
    decline = f"decline:principal:{scene.clinical.person.public_id}"

    page = client.post(url, {"do": decline, "note": " "})
    assert list(page.context["form"].errors) == ["note"]
    page = client.post(url, {"do": f"sign:principal:{scene.research.person.public_id}"})
    assert page.context["form"].non_field_errors()
    award.refresh_from_db()
    assert award.state == AwardState.PROPOSED
    client.post(url, {"do": decline, "note": "Not shown"})
    award.refresh_from_db()
    assert (award.state, award.reason) == (AwardState.DECLINED, "Not shown")


def test_strangers_find_no_proposal_and_a_classmate_neither():
    scene, other = make_scene(), make_scene()
    award = make_award(scene)
    classmate = StudentFactory.create(cohort=scene.student.cohort)
    url = reverse("credentials:award", args=[award.public_id])
    for person in (other.officer, other.clinical.person):
        assert signed_in(person).get(url).status_code == 404
    assert signed_in(classmate.person).get(url).status_code in {403, 404}
    assert signed_in(scene.person).get(url).status_code == 200
    assert signed_in(scene.research.person).post(url, {"do": "sign"}).status_code == 200
    award.refresh_from_db()
    assert award.state == AwardState.PROPOSED


def test_who_was_named_on_the_way_is_there_to_be_chosen(monkeypatch):
    monkeypatch.setattr("cotutelle.credentials.views.awards.MOST_SHOWN", 1)
    scene = make_scene()
    achievement = make_achievement(scene.unit, actor=scene.officer)
    StudentFactory.create_batch(2, cohort=scene.student.cohort, unit=scene.student.unit)
    url = reverse("credentials:propose", args=[achievement.public_id])
    client = signed_in(scene.officer)

    for student in Student.objects.all():
        form = client.get(f"{url}?student={student.public_id}").context["form"]
        assert student in form.fields["students"].queryset
        assert form["students"].value() == [student.public_id]
    assert client.get(f"{url}?student=nobody").status_code == 200


def test_many_rotations_are_proposed_by_their_stays():
    scene = make_scene()
    achievement = make_achievement(scene.unit, AchievementKind.ROTATION, actor=scene.officer)
    client = signed_in(scene.residency)
    url = reverse("credentials:propose", args=[achievement.public_id])
    assert scene.stay.ward.name_en in client.get(url).content.decode()

    client.post(url, {"stays": [scene.stay.public_id], "fact_exitAssessment": "优"})

    award = Award.objects.get()
    assert (award.stay, award.facts["exitAssessment"]) == (scene.stay, "优")


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_proposals_asks_as_often_for_three_rows_as_for_one(
    rows, django_assert_num_queries
):
    scene = make_scene()
    for _n in range(rows):
        make_award(scene)
    client = signed_in(scene.officer)
    client.get(reverse("credentials:awards"))

    with django_assert_num_queries(11):
        page = client.get(reverse("credentials:awards"))

    assert len(page.context["listing"].rows) == rows


def test_a_proposal_is_withdrawn_with_a_reason():
    scene = make_scene()
    award = make_award(scene)
    client = signed_in(scene.officer)
    url = reverse("credentials:award-withdraw", args=[award.public_id])

    assert "reason" in client.post(url, {"reason": ""}).context["form"].errors
    client.post(url, {"reason": "Wrong student"})
    for person in (scene.person, scene.research.person):
        assert signed_in(person).get(url).status_code == 403

    award.refresh_from_db()
    assert (award.state, award.reason) == (AwardState.WITHDRAWN, "Wrong student")


# ---------------------------------------------------------------- issuing


def test_an_officer_reviews_and_issues_what_fits_its_schema():
    scene = make_scene()
    good = sign_all(make_award(scene))
    bad = sign_all(make_award(scene))
    Award.objects.filter(pk=bad.pk).update(facts={"course": "x"})
    client = signed_in(scene.officer)

    page = client.get(reverse("credentials:issue")).content.decode()

    assert "1 of them cannot be issued" in page
    assert good.achievement.name_zh not in page, "the choices are in the language of the page"
    assert str(good.public_id) in page
    assert f'value="{bad.public_id}"' not in page
    answer = client.post(
        reverse("credentials:issue-do"), {"pick": [good.public_id, bad.public_id], "do": "issue"}
    )
    assert Credential.objects.get().award == good
    assert any("1 certificate issued" in one for one in said(answer))
    assert any("Not all of them" in one for one in said(answer))


def test_many_become_a_job_and_refusing_needs_a_reason():
    scene = make_scene()
    awards = [sign_all(make_award(scene)) for _n in range(4)]
    client = signed_in(scene.officer)
    picked = [a.public_id for a in awards]

    client.post(reverse("credentials:issue-do"), {"pick": picked[:1], "do": "refuse", "reason": ""})
    assert Award.objects.filter(state="signed").count() == 4
    client.post(
        reverse("credentials:issue-do"), {"pick": picked[:1], "do": "refuse", "reason": "No"}
    )
    assert Award.objects.get(pk=awards[0].pk).state == AwardState.DECLINED
    extra = sign_all(make_award(scene))
    answer = client.post(
        reverse("credentials:issue-do"), {"pick": [*picked[1:], extra.public_id], "do": "issue"}
    )

    job = Job.objects.get(kind="credentials.issue")
    assert answer["Location"] == reverse("jobs:job", args=[job.public_id])
    assert len(job.args["award_ids"]) == 4


def test_an_officer_from_elsewhere_has_nothing_to_issue():
    scene = make_scene()
    award = sign_all(make_award(scene))
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    client = signed_in(stranger)

    assert client.get(reverse("credentials:issue")).context["listing"].total == 0
    client.post(reverse("credentials:issue-do"), {"pick": [award.public_id], "do": "issue"})

    assert not Credential.objects.exists()
    secretary = signed_in(scene.secretary)
    assert secretary.get(reverse("credentials:issue")).status_code == 403


# ---------------------------------------------------------------- certificates


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_of_certificates_asks_as_often_for_three_rows_as_for_one(
    rows, django_assert_num_queries
):
    scene = make_scene()
    for _n in range(rows):
        make_credential(scene)
    client = signed_in(scene.officer)
    client.get(reverse("credentials:credentials"))

    with django_assert_num_queries(9):
        page = client.get(reverse("credentials:credentials"))

    assert len(page.context["listing"].rows) == rows


def test_suspending_reinstating_and_revoking_on_the_pages():
    scene = make_scene()
    made = make_credential(scene)
    client = signed_in(scene.officer)

    def act(name: str, **form: str) -> Credential:
        client.post(reverse(f"credentials:{name}", args=[made.public_id]), form)
        return Credential.objects.get(pk=made.pk)

    assert act("suspend", reason="").state == CredentialState.VALID
    assert act("suspend", reason="Doubt").state == CredentialState.SUSPENDED
    page = client.get(reverse("credentials:credential", args=[made.public_id])).content.decode()
    assert "Doubt" in page
    assert act("reinstate", reason="Cleared").state == CredentialState.VALID
    url = reverse("credentials:revoke")
    form = {"pick": [made.public_id], "reason": "Forged", "typed": "yes"}
    assert "typed" in client.post(url, form).context["form"].errors
    client.post(url, form | {"typed": "Revoke"})
    assert Credential.objects.get(pk=made.pk).state == CredentialState.REVOKED
    history = client.get(
        reverse("credentials:credential", args=[made.public_id]) + "?tab=history"
    ).content.decode()
    assert "Certificate revoked" in history
    assert "Certificate issued" in history


def test_many_are_revoked_at_once_but_not_those_of_others():
    scene, other = make_scene(), make_scene()
    mine = [make_credential(scene) for _n in range(2)]
    theirs = make_credential(other)
    picked = [one.public_id for one in (*mine, theirs)]
    client = signed_in(scene.officer)
    url = reverse("credentials:revoke")
    page = client.get(url, {"pick": picked})
    assert [row.pk for row in page.context["rows"]] == [one.pk for one in mine]

    client.post(url, {"pick": picked, "reason": "Error", "typed": "revoke"})

    assert Credential.objects.filter(state="revoked").count() == 2
    theirs.refresh_from_db()
    assert theirs.state == CredentialState.VALID


def test_who_opens_a_certificate():
    scene, other = make_scene(), make_scene()
    made = make_credential(scene)
    classmate = StudentFactory.create(cohort=scene.student.cohort)
    url = reverse("credentials:credential", args=[made.public_id])
    for person in (scene.person, scene.research.person, scene.secretary, scene.officer):
        assert "2.5" in signed_in(person).get(url).content.decode()
    for person in (other.officer, other.person, classmate.person):
        assert signed_in(person).get(url).status_code in {403, 404}
    for name in ("suspend", "reinstate"):
        step = reverse(f"credentials:{name}", args=[made.public_id])
        assert signed_in(scene.secretary).post(step, {"reason": "x"}).status_code == 403


# ---------------------------------------------------------------- keys and public addresses


def test_a_key_is_replaced_and_reported_on_the_pages():
    scene = make_scene()
    made = make_credential(scene)
    administrator = make_person(Role.SYSTEM_ADMINISTRATOR, unit=scene.unit)
    client = signed_in(administrator)
    assert made.key.multikey[:10] in client.get(reverse("credentials:keys")).content.decode()

    client.post(reverse("credentials:key-rotate", args=[made.key.public_id]))
    url = reverse("credentials:key-compromise", args=[made.key.public_id])
    asked = client.post(url, {"from_index": "0"})
    assert [one.pk for one in asked.context["down"]] == [made.pk]
    found = reverse("credentials:credential", args=[made.public_id])
    assert found not in asked.content.decode(), "administrators may not open it"
    beyond = client.post(url, {"from_index": str(10**30)})
    assert beyond.context["down"] is None
    assert "from_index" in beyond.context["form"].errors
    assert IssuerKey.objects.get(pk=made.key_id).state == IssuerKeyState.RETIRED
    client.post(url, {"from_index": "0", "confirm": "0"})

    key = IssuerKey.objects.get(pk=made.key_id)
    assert (key.state, key.from_index) == (IssuerKeyState.COMPROMISED, 0)
    officer = signed_in(scene.officer)
    page = officer.get(reverse("credentials:key", args=[key.public_id])).content.decode()
    assert reverse("credentials:key-reissue", args=[key.public_id]) in page
    assert found in page
    officer.post(reverse("credentials:key-reissue", args=[key.public_id]))
    assert sorted(Credential.objects.values_list("state", flat=True)) == ["revoked", "valid"]
    assert signed_in(scene.secretary).get(reverse("credentials:keys")).status_code == 403
    stranger = make_person(Role.SYSTEM_ADMINISTRATOR, unit=UnitFactory.create())
    assert signed_in(stranger).get(url).status_code == 404


def test_anybody_fetches_lists_and_keys():
    scene = make_scene()
    make_credential(scene)
    url = reverse("issuers:status", args=[scene.unit.code, "revocation", 1])
    assert Client().get(url).status_code == 404, "not signed yet"
    status_lists.publish_lists()

    answer = Client().get(url)
    keys = Client().get(reverse("issuers:issuer", args=[scene.unit.code]))

    found = StatusList.objects.get(purpose="revocation")
    assert sha256_hex(answer.content) == found.digest
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert (
        Client()
        .get(reverse("issuers:status-logged", args=[scene.unit.code, "revocation", 1]))
        .status_code
        == 404
    ), "not logged yet"
    said_of = json.loads(keys.content)
    key = IssuerKey.objects.get()
    assert said_of["verificationMethod"][0]["publicKeyMultibase"] == key.multikey
    assert scene.person.name_zh not in keys.content.decode() + answer.content.decode()
    assert Client().get(reverse("issuers:issuer", args=["NOWHERE"])).status_code == 404


def test_the_names_in_a_certificate_are_addresses_where_a_verifier_finds_what_it_needs():
    """Bitstring Status List 3.2 and Data Integrity 4.4 open the list and the issuer by their names."""
    credential = make_credential(make_scene())
    status_lists.publish_lists()
    document = json.loads(credential.body)

    for entry in document["credentialStatus"]:
        found = json.loads(Client().get(urlsplit(entry["statusListCredential"]).path).content)
        assert found["id"] == entry["statusListCredential"]
        assert found["credentialSubject"]["statusPurpose"] == entry["statusPurpose"]
    answer = Client().get(urlsplit(document["issuer"]["id"]).path)
    assert answer["Access-Control-Allow-Origin"] == "*"
    issuer = json.loads(answer.content)
    assert issuer["id"] == document["issuer"]["id"]
    assert document["proof"]["verificationMethod"] in issuer["assertionMethod"]
    cid, own = issuer["@context"]
    assert cid == "https://www.w3.org/ns/cid/v1"
    assert set(own) == {"name", "keys"}, "a verifier that expands it refuses what has no meaning"
    assert Client().get("/issuers/NOWHERE").status_code == 404
    assert Client().get("/status/NOWHERE/revocation/1").status_code == 404
    assert Client().get("/issuers/a%00").status_code == 404
    assert Client().get("/status/a%00/revocation/1").status_code == 404


def test_what_was_logged_comes_with_its_evidence(settings, tmp_path):
    from tests.factories.log import make_log  # noqa: PLC0415

    log = make_log(settings, tmp_path)
    scene = make_scene()
    make_credential(scene)
    status_lists.publish_lists()
    log.publish()

    answer = Client().get(reverse("issuers:status-logged", args=[scene.unit.code, "suspension", 1]))
    keys = json.loads(Client().get(reverse("issuers:issuer", args=[scene.unit.code])).content)

    found = json.loads(answer.content)
    assert found["logged"]["entry"]["statement"]["id"] == found["credential"]["id"]
    assert found["logged"]["proof"].startswith("c2sp.org/tlog-proof@v1")
    assert [one["entry"]["statement"]["event"] for one in keys["keys"]] == ["added"]
