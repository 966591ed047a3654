"""Papers of a round: issuing them and finding those that were issued."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cotutelle.core.access import requires
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.documents.enums import DocumentState
from cotutelle.documents.kinds import label_of
from cotutelle.documents.models import Document
from cotutelle.documents.queries import visible_to
from cotutelle.jobs.services import start_job
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.selection.models import Participant, Round
from cotutelle.selection.paper_tasks import INTENTION_FORMS
from cotutelle.selection.services import papers as papers_service
from cotutelle.selection.views.officer_common import actor_of, may, page, round_or_404
from cotutelle.selection.views.officer_review import reasons_of
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort

DOCUMENT_KINDS = {
    DocumentState.ISSUED: "run",
    DocumentState.ARCHIVED: "ok",
    DocumentState.VOID: "late",
}
KINDS = (
    papers_service.SUMMARY,
    papers_service.NOTICE,
    papers_service.REPORT,
    papers_service.INTENTION,
)


@requires("selection.view_review")
def papers(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = round_or_404(request, public_id, "selection.view_review")
    about = Q(subject_type=Round._meta.label_lower, subject_id=found.pk) | Q(
        subject_type=Participant._meta.label_lower,
        subject_id__in=found.participants.values("pk"),
    )
    listing = Listing(
        request.GET,
        visible_to(actor_of(request)).filter(about, kind__in=KINDS),
        sorts=[
            Sort("newest", _("newest first"), ["-id"]),
            Sort("number", _("Number"), ["number", "id"]),
        ],
        choices=[
            Choice("kind", _("Kind"), [(kind, label_of(kind)) for kind in KINDS], "kind"),
            Choice("state", _("State"), DocumentState.choices, "state"),
        ],
        search=Search((), _("Number, title or student"), apply=partial(_by_text, found)),
    )
    if fmt := request.GET.get("format"):
        return download(request, _table(listing, found), fmt)
    names = _students(found, listing.rows)
    for row in listing.rows:
        row.student = names.get(row.pk, "")  # type: ignore[attr-defined]
        row.kind_label = label_of(row.kind)  # type: ignore[attr-defined]
        row.state_kind = DOCUMENT_KINDS[DocumentState(row.state)]  # type: ignore[attr-defined]
    return page(
        request,
        "papers",
        found,
        tab="documents",
        listing=listing,
        may_issue=may(request, "selection.manage_round", found),
    )


def _by_text(round_: Round, rows: QuerySet[Document], text: str) -> QuerySet[Document]:
    students = round_.participants.filter(student__person__in=search(Person.objects.all(), text))
    return rows.filter(
        Q(number__icontains=text)
        | Q(title_zh__icontains=text)
        | Q(title_en__icontains=text)
        | Q(subject_type=Participant._meta.label_lower, subject_id__in=students.values("pk"))
    )


def _students(round_: Round, papers: Iterable[Document]) -> dict[int, str]:
    """Return paper key → the student it is about; papers about the whole round are absent."""
    about = {p.pk: p.subject_id for p in papers if p.subject_type == Participant._meta.label_lower}
    people = round_.participants.select_related("student__person").in_bulk(list(about.values()))
    return {key: people[subject].student.display_name for key, subject in about.items()}


def _table(listing: Listing[Document], round_: Round) -> Table:
    rows = list(listing.all_rows)
    names = _students(round_, rows)
    columns = [
        Out(_("Number"), lambda d: d.number),
        Out(_("Kind"), lambda d: label_of(d.kind)),
        Out(_("Title"), lambda d: d.display_name),
        Out(_("Student"), lambda d: names.get(d.pk, "")),
        Out(_("Issued at"), lambda d: d.issued_at, "datetime"),
        Out(_("State"), lambda d: DocumentState(d.state).label),
    ]
    return Table(_("Papers"), columns, rows)


@requires("selection.manage_round")
@require_POST
def issue(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Issue one paper at once, or intention forms of the picked students as a job."""
    found = round_or_404(request, public_id, "selection.manage_round")
    actor = actor_of(request)
    kind = request.POST.get("kind", "")
    if kind == "intention":
        picked = [str(key) for key in uuids(request.POST.getlist("pick"))]
        job = start_job(
            INTENTION_FORMS,
            actor=actor,
            unit=found.unit,
            subject=found,
            args={"round": found.pk, "participants": picked},
        )
        return redirect("jobs:job", job.public_id)
    try:
        if kind == "summary":
            made = papers_service.issue_summary(found, actor=actor)
        elif kind == "notice":
            made = papers_service.issue_notice(found, actor=actor)
        else:
            counts, labels = reasons_of(found)
            made = papers_service.issue_report(found, reasons=counts, labels=labels, actor=actor)
    except RuleViolation as violation:
        messages.error(request, str(violation))
        return redirect("selection:papers", found.public_id)
    messages.success(
        request, _("Paper %(number)s issued in both languages.") % {"number": made.number}
    )
    return redirect("documents:document", made.public_id)
