"""The papers of a season: what stands in them, what never does, and who issues them."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.documents.models import Document
from cotutelle.files.models import StoredFile
from cotutelle.files.services import read_file
from cotutelle.jobs.services import run_now, start_job
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection import services
from cotutelle.selection.models import Round
from cotutelle.selection.paper_tasks import INTENTION_FORMS
from cotutelle.selection.services import papers
from cotutelle.selection.views.officer_review import reasons_of
from tests.factories.people import make_person
from tests.factories.selection import make_officer
from tests.selection.test_pages_officer import at, make_market, run_market, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def market() -> Round:
    return make_market()


@pytest.fixture
def officer(market: Round) -> Person:
    return make_officer(market)


def pages_of(file: StoredFile) -> list[str]:
    """Return the text of each page without spaces: lines are broken by the layout."""
    reader = PdfReader(io.BytesIO(read_file(file)))
    return ["".join(page.extract_text().split()) for page in reader.pages]


def report(round_: Round, officer: Person) -> Document:
    counts, labels = reasons_of(round_)
    return papers.issue_report(round_, reasons=counts, labels=labels, actor=officer)


def test_the_intention_form_keeps_the_order_off_the_mentors_sheet(
    market: Round, officer: Person
) -> None:
    one = market.participants.first()
    form = papers.issue_intention_form(one, actor=officer)
    chinese, english = pages_of(form.file_zh), pages_of(form.file_en)
    assert len(chinese) == len(english) == 2
    assert "方向1" in chinese[0]
    assert "方向2" in chinese[0]
    assert "Offer1" in english[0]
    assert "方向1" not in chinese[1]
    assert "方向2" not in chinese[1]
    assert "Placefortheseal" in english[1]
    assert str(one.student.admission_score) not in "".join(chinese)
    assert form.number.split("-")[1] == "YX"


def test_the_notice_holds_names_and_no_scores(market: Round, officer: Person) -> None:
    run_market(officer, market)
    with pytest.raises(RuleViolation) as refused:
        papers.issue_notice(market, actor=officer)
    assert refused.value.code == "paper.no_notice"
    notice = services.publish_round(market, actor=officer)
    paper = papers.issue_notice(market, actor=officer)
    notice.refresh_from_db()
    assert notice.document == paper
    text = "".join(pages_of(paper.file_zh))
    for placement in market.placements.select_related("participant__student__person"):
        student = placement.participant.student
        assert student.person.name_zh in text
        assert student.candidate_number not in text
        assert student.person.number not in text
    assert "公示期" in text


def test_the_summary_counts_by_unit_and_carries_the_digest(market: Round, officer: Person) -> None:
    with pytest.raises(RuleViolation) as refused:
        papers.issue_summary(market, actor=officer)
    assert refused.value.code == "paper.no_result"
    run = run_market(officer, market)
    paper = papers.issue_summary(market, actor=officer)
    text = "".join(pages_of(paper.file_en))
    assert "2placed,1withoutaplace" in text
    assert run.certificate_sha256 in text
    assert "盖章处" in "".join(pages_of(paper.file_zh))


def test_the_report_is_one_page_with_reasons(market: Round, officer: Person) -> None:
    run_market(officer, market)
    paper = report(market, officer)
    english = pages_of(paper.file_en)
    assert len(english) == len(pages_of(paper.file_zh)) == 1
    assert "2of3studentshaveaplace" in english[0]
    assert "Placeswenttoapplicantswhomthementorpreferred1" in english[0]
    assert "Independentlychecked" in english[0]


@pytest.mark.parametrize("role", [Role.LEADER, Role.DEPARTMENT_SECRETARY, Role.STUDENT])
def test_only_the_school_issues_papers(role: Role, market: Round, officer: Person) -> None:
    run_market(officer, market)
    other = make_person(role, unit=market.unit)
    one = market.participants.first()
    for act in (
        lambda: papers.issue_summary(market, actor=other),
        lambda: papers.issue_notice(market, actor=other),
        lambda: papers.issue_intention_form(one, actor=other),
        lambda: report(market, other),
    ):
        with pytest.raises(Refused):
            act()
    assert not Document.objects.exists()


def test_intention_forms_of_the_picked_students_are_a_job(market: Round, officer: Person) -> None:
    picked = list(market.participants.order_by("id")[:2])
    job = start_job(
        INTENTION_FORMS,
        actor=officer,
        unit=market.unit,
        subject=market,
        args={"round": market.pk, "participants": [str(p.public_id) for p in picked]},
    )
    done = run_now(job)
    assert done.result == {"issued": 2}
    assert sorted(Document.objects.values_list("subject_id", flat=True)) == [p.pk for p in picked]


def test_issuing_from_the_page_leads_to_the_paper(market: Round, officer: Person) -> None:
    run_market(officer, market)
    client = sign_in(officer)
    response = client.post(at("paper-issue", market), {"kind": "summary"})
    paper = Document.objects.get()
    assert response["Location"] == f"/documents/{paper.public_id}/"
    page = client.get(at("papers", market)).content.decode()
    assert paper.number in page


def test_a_student_finds_their_own_intention_form_alone(market: Round, officer: Person) -> None:
    mine, other = market.participants.order_by("id")[:2]
    form = papers.issue_intention_form(mine, actor=officer)
    url = f"/documents/{form.public_id}/"
    assert sign_in(mine.student.person).get(url).status_code == 200
    assert sign_in(other.student.person).get(url).status_code in (403, 404)


def test_the_list_of_papers_names_the_student_and_finds_by_name(
    market: Round, officer: Person
) -> None:
    first, second = market.participants.select_related("student__person").order_by("id")[:2]
    for one in (first, second):
        papers.issue_intention_form(one, actor=officer)
    client = sign_in(officer)

    whole = client.get(at("papers", market)).content.decode()
    found = client.get(at("papers", market), {"q": first.student.display_name}).content.decode()

    assert first.student.display_name in whole
    assert second.student.display_name in whole
    assert first.student.display_name in found
    assert f">{second.student.display_name}<" not in found
