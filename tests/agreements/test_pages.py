"""The pages of agreements: owner, partner, stranger; what stands on them and what a press does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.exchange import registry
from cotutelle.exchange.importing import Context, Row
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.agreements import AgreementFactory, make_agreement
from tests.factories.files import upload
from tests.factories.institutions import UnitFactory
from tests.factories.mentorship import MentorFactory
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db
LIST_QUERIES = 11


def sign_in(client: Client, person: Person) -> Client:
    client.force_login(person)
    client.cookies["language"] = "en"
    return client


def at(name: str, found: Agreement) -> str:
    return reverse(f"agreements:{name}", args=[found.public_id])


@pytest.fixture
def found() -> Agreement:
    return make_agreement()


@pytest.fixture
def office(client: Client, found: Agreement) -> Client:
    return sign_in(client, make_person(Role.GRADUATE_OFFICER, unit=found.unit, language="en"))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_asks_the_same_number_of_questions(
    office: Client, found: Agreement, count: int, django_assert_max_num_queries: Any
) -> None:
    for _n in range(count - 1):
        make_agreement(MentorFactory.create(), unit=found.unit)
    with django_assert_max_num_queries(LIST_QUERIES):
        page = office.get(reverse("agreements:agreements"))
    assert len(page.context["listing"].rows) == count


def test_the_list_is_filtered_by_partner_and_state_and_searched(
    office: Client, found: Agreement
) -> None:
    other = AgreementFactory.create(unit=found.unit, name_zh="麻醉联合培养")
    url = reverse("agreements:agreements")
    for query, expected in {
        f"partner={found.partner.public_id}": [found],
        "state=draft": [other],
        "now=1": [found],
        "q=麻醉": [other],
    }.items():
        assert office.get(f"{url}?{query}").context["listing"].rows == expected
    sheet = office.get(f"{url}?format=xlsx")
    assert sheet["Content-Type"].endswith("spreadsheetml.sheet")


def test_an_agreement_is_drafted_put_in_force_and_ended_on_its_pages(
    office: Client, found: Agreement
) -> None:
    partner = UnitFactory.create()
    office.post(
        reverse("agreements:agreement-new"),
        {
            "unit": found.unit.public_id, "partner": partner.public_id, "number": "2026-9",
            "name_zh": "协议", "starts_on": "2026-09-01", "ends_on": "2030-08-31",
            "places": "4", "places_min": "",
        },
    )  # fmt: skip
    made = Agreement.objects.get(number="2026-9")
    assert (made.places, made.places_min, made.state) == (4, 0, AgreementState.DRAFT)
    office.post(at("agreement-document", made), {"document": upload()})
    ask = office.get(at("agreement-force", made)).content.decode()
    assert "rounds may use its places" in ask
    office.post(at("agreement-force", made), {"confirm": "1"})
    page = office.get(at("agreement", made)).content.decode()
    assert "签字.pdf" in page
    assert "Change the draft" not in page
    office.post(at("agreement-end", made), {"note": ""})
    made.refresh_from_db()
    assert made.state == AgreementState.IN_FORCE
    office.post(at("agreement-end", made), {"note": "合作结束"})
    made.refresh_from_db()
    assert made.state == AgreementState.ENDED
    history = office.get(at("agreement", made) + "?tab=history").content.decode()
    assert "合作结束" in history


def test_what_the_rule_refuses_stands_at_the_field(office: Client, found: Agreement) -> None:
    draft = AgreementFactory.create(unit=found.unit)
    page = office.post(
        at("agreement-edit", draft),
        {
            "number": found.number, "name_zh": "协议", "starts_on": "2026-09-01",
            "ends_on": "2027-08-31", "places_min": "0",
        },
    )  # fmt: skip
    assert page.context["form"].errors["number"] == ["This unit has an agreement of that number."]


def test_a_partner_officer_lends_and_takes_out_mentors_on_the_page(
    client: Client, found: Agreement
) -> None:
    mentor = MentorFactory.create(unit=found.partner)
    MentorFactory.create()
    sign_in(client, make_person(Role.PARTNER_OFFICER, unit=found.partner, language="en"))
    choice = client.get(at("mentors-add", found))
    assert choice.context["listing"].rows == [mentor]
    client.post(at("mentors-add", found), {"pick": [str(mentor.public_id), "nonsense"]})
    listed = client.get(at("mentors", found))
    assert [line.mentor for line in listed.context["listing"].rows] == [mentor]
    client.post(at("mentors-remove", found), {"pick": [str(mentor.public_id)]})
    assert not found.mentors.exists()
    assert client.get(at("agreement-end", found)).status_code == 403


STRANGERS = {
    "another school": (Role.GRADUATE_OFFICER, 404),
    "another partner": (Role.PARTNER_OFFICER, 404),
    "a mentor": (Role.MENTOR, 403),
    "a student": (Role.STUDENT, 403),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_see_nothing(client: Client, found: Agreement, who: str) -> None:
    role, status = STRANGERS[who]
    sign_in(client, make_person(role, unit=UnitFactory.create()))
    for name in ("agreement", "mentors", "mentors-add"):
        assert client.get(at(name, found)).status_code == status
    assert found.display_name not in client.get(reverse("agreements:agreements")).content.decode()


def test_only_the_two_parties_read_the_signed_paper(office: Client, found: Agreement) -> None:
    office.post(at("agreement-document", found), {"document": upload()})
    found.refresh_from_db()
    assert found.document
    url = reverse("files:file", args=[found.document.public_id])
    partner = make_person(Role.PARTNER_OFFICER, unit=found.partner)
    stranger = make_person(Role.GRADUATE_OFFICER, unit=UnitFactory.create())
    statuses = [sign_in(Client(), who).get(url).status_code for who in (partner, stranger)]
    assert statuses == [200, 404]


def test_mentors_are_imported_with_every_bad_number_named(found: Agreement) -> None:
    actor = make_person(Role.PARTNER_OFFICER, unit=found.partner)
    known, stranger = MentorFactory.create(unit=found.partner), MentorFactory.create()
    ctx = Context(found.partner, actor, options={"agreement": str(found.public_id)})
    importer = registry.find("agreement-mentors")
    rows = [Row(2, {"number": known.person.number}), Row(3, {"number": stranger.person.number})]
    assert [(p.row, p.code) for p in importer.check(rows, ctx)] == [(3, "agreement.mentor")]
    assert importer.apply(rows[:1], ctx, lambda done: None).created == 1
    assert importer.check(rows[:1], ctx) == []
    assert importer.apply(rows[:1], ctx, lambda done: None).unchanged == 1
    assert [line.mentor for line in found.mentors.all()] == [known]
    assert dict(importer.options[0].choices(actor, found.partner)).keys() == {str(found.public_id)}
