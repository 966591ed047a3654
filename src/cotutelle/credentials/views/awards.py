"""Proposals: the list, proposing one or many, signing from a phone, withdrawing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.core.access import check, requires
from cotutelle.core.errors import RuleViolation
from cotutelle.core.ids import uuids
from cotutelle.credentials.enums import AchievementState, AwardState, SignerRole
from cotutelle.credentials.facts import in_words
from cotutelle.credentials.forms.awards import ProposeForm, ReasonForm, SignForm
from cotutelle.credentials.models import Achievement, Award
from cotutelle.credentials.queries.achievements import achievements_visible_to
from cotutelle.credentials.queries.awards import (
    OPEN,
    awards_visible_to,
    proposable_stays,
    proposable_students,
    search_awards,
    signatures_of,
    whose_to_sign,
)
from cotutelle.credentials.services.awards import (
    SIGN,
    Proposed,
    propose_award,
    propose_awards,
    sign_award,
    withdraw_award,
)
from cotutelle.credentials.views.common import (
    AWARD_KINDS,
    FORBIDDEN,
    show_form,
    tab_items,
)
from cotutelle.ledger.queries import history_of
from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.people.views.common import actor_of, may, saved_view_context
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay
from cotutelle.ui.downloads import download
from cotutelle.ui.exporting import Out, Table
from cotutelle.ui.listing import Choice, Listing, Search, Sort, Toggle
from cotutelle.ui.violations import show_violation
from cotutelle.workflow.enums import TaskState
from cotutelle.workflow.models import Task

MOST_SHOWN = 40


@requires("credentials.view_awards")
def award_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    used = Achievement.objects.filter(awards__in=awards_visible_to(actor)).distinct()
    options = [(str(a.public_id), a.display_name) for a in used.order_by("name_zh", "id")]
    listing: Listing[Award] = Listing(
        request.GET,
        awards_visible_to(actor),
        sorts=[
            Sort("new", _("newest first"), ["-id"]),
            Sort("student", _("student"), ["student__person__name_sort", "id"]),
        ],
        choices=[
            Choice("state", _("State"), AwardState.choices, "state"),
            Choice("achievement", _("Achievement"), options, "achievement__public_id"),
        ],
        toggles=[Toggle("mine", _("My signature is asked"), lambda rows: _asked(rows, actor))],
        search=Search((), _("Student or achievement"), apply=search_awards),
    )
    if fmt := request.GET.get("format"):
        columns = [
            Out(_("Student"), lambda a: a.student.display_name),
            Out(_("Number"), lambda a: a.student.person.number),
            Out(_("Achievement"), lambda a: a.achievement.display_name),
            Out(_("State"), lambda a: AwardState(a.state).label),
            Out(_("Proposed by"), lambda a: a.proposed_by.display_name),
            Out(_("Proposed on"), lambda a: a.proposed_at, "datetime"),
        ]
        return download(request, Table(_("Proposals"), columns, listing.all_rows), fmt)
    for row in listing.rows:
        row.look = AWARD_KINDS[row.state]  # type: ignore[attr-defined]
    context = {
        "listing": listing,
        "may_list": may(request, "credentials.view_credentials"),
        "may_propose": may(request, "credentials.propose_award"),
        "may_issue": may(request, "credentials.issue_award"),
        "may_import": may(request, "credentials.import_awards"),
    }
    context |= saved_view_context(request, listing)
    return render(request, "credentials/award_list.html", context)


def _asked(rows: QuerySet[Award], actor: Person) -> QuerySet[Award]:
    """Narrow to proposals that ``actor`` has a task to sign."""
    tasks = Task.objects.filter(assignee=actor, kind=SIGN, state=TaskState.OPEN)
    return rows.filter(pk__in=tasks.values("subject_id"))


# ---------------------------------------------------------------- proposing


@requires("credentials.propose_award")
def propose_start(request: HttpRequest) -> HttpResponse:
    rows = achievements_visible_to(actor_of(request)).filter(state=AchievementState.OPEN)
    context = {
        "achievements": rows.order_by("unit__path", "name_zh", "id"),
        "student": request.GET.get("student", ""),
    }
    return render(request, "credentials/propose_start.html", context)


@requires("credentials.propose_award")
def propose(request: HttpRequest, public_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    found = get_object_or_404(
        achievements_visible_to(actor).filter(state=AchievementState.OPEN), public_id=public_id
    )
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    students, stays = proposable_students(actor), proposable_stays(actor)
    named = uuids([request.GET.get("student", "")])
    form = ProposeForm(
        request.POST or None,
        achievement=found,
        students=_shown_students(students, text, named) if request.method != "POST" else students,
        stays=_shown_stays(stays, text) if request.method != "POST" else stays,
        initial={"students": named},
    )
    if request.method == "POST" and form.is_valid():
        try:
            return _propose(request, form, found, actor)
        except RuleViolation as violation:
            _show(form, violation)
    elif request.method == "POST":
        _narrow(form, students, stays)
    return show_form(
        request,
        form,
        title=_("Propose for “%(name)s”") % {"name": found.display_name},
        submit_label=_("Propose"),
        lead=_("Whoever has to sign is told at once."),
        cancel_url=reverse("credentials:achievement", args=[found.public_id]),
        template="credentials/propose.html",
        achievement=found,
        signers=[SignerRole(role).label for role in found.signers],
        text=text,
        most=MOST_SHOWN,
    )


def _narrow(form: ProposeForm, students: QuerySet[Student], stays: QuerySet[Stay]) -> None:
    """Show those who were chosen again, and the first others, after an error."""
    rows: dict[str, QuerySet[Any]] = {"students": students, "stays": stays}
    for name, every in rows.items():
        if name in form.fields:
            first = every.values("pk")[:MOST_SHOWN]
            chosen = Q(public_id__in=uuids(form.data.getlist(name)))  # type: ignore[attr-defined]
            form.fields[name].queryset = every.filter(chosen | Q(pk__in=first))  # type: ignore[attr-defined]


def _shown_students(rows: QuerySet[Student], text: str, named: list[UUID]) -> QuerySet[Student]:
    """Return the first that are searched for, and before all who was named on the way here."""
    wanted = rows.filter(public_id__in=named).values("pk")
    if text:
        rows = rows.filter(person__in=search(Person.objects.all(), text))
    first = rows.order_by("-cohort__year", "person__name_sort", "id").values("pk")[:MOST_SHOWN]
    return (
        Student.objects.filter(Q(pk__in=first) | Q(pk__in=wanted))
        .select_related("person", "cohort")
        .order_by("-cohort__year", "person__name_sort", "id")
    )


def _shown_stays(rows: QuerySet[Stay], text: str) -> QuerySet[Stay]:
    if text:
        people = search(Person.objects.all(), text)
        rows = rows.filter(participant__student__person__in=people)
    first = rows.values("pk")[:MOST_SHOWN]
    return rows.filter(pk__in=first)


def _propose(
    request: HttpRequest, form: ProposeForm, achievement: Achievement, actor: Person
) -> HttpResponse:
    proposals, note = form.proposals(), form.cleaned_data["note"]
    if len(proposals) == 1:
        made = propose_award(achievement, proposals[0], note=note, actor=actor)
        messages.success(request, _("%(name)s is proposed.") % {"name": made.student.display_name})
        return redirect("credentials:award", made.public_id)
    done = propose_awards(achievement, proposals, note=note, actor=actor)
    _say(request, done)
    return redirect(
        reverse("credentials:awards") + f"?achievement={achievement.public_id}"
        if done.done
        else request.get_full_path()
    )


def _say(request: HttpRequest, done: Proposed) -> None:
    if done.done:
        n = len(done.done)
        words = ngettext("%(n)s student proposed.", "%(n)s students proposed.", n) % {"n": n}
        messages.success(request, words)
    for student, reason in done.skipped[:20]:
        messages.warning(
            request,
            _("%(name)s was left out: %(reason)s")
            % {"name": student.display_name, "reason": reason},
        )


def _show(form: ProposeForm, violation: RuleViolation) -> None:
    """Put a refusal at the field of the fact, or of the students."""
    fact = f"fact_{violation.field}"
    who = "stays" if form.by_stay else "students"
    field = fact if fact in form.fields else who if violation.field == "stay" else None
    form.add_error(field, str(violation))


# ---------------------------------------------------------------- one proposal


@requires("credentials.view_award")
def award(request: HttpRequest, public_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    found = get_object_or_404(awards_visible_to(actor), public_id=public_id)
    form = SignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            words = _sign(request, found, form.cleaned_data["note"])
        except RuleViolation as violation:
            if violation.status == FORBIDDEN:
                raise
            form.add_error("note" if violation.field == "reason" else None, str(violation))
            found.refresh_from_db()
        else:
            messages.success(request, words)
            return redirect("credentials:award", found.public_id)
    tab = request.GET.get("tab", "overview")
    made = getattr(found, "credential", None)
    context = {
        "award": found,
        "look": AWARD_KINDS[found.state],
        "form": form,
        "facts": in_words(found.facts),
        "slots": signatures_of(found),
        "asked": [
            {"person": person, "role": role, "own": person == actor}
            for person, role in whose_to_sign(found, actor)
        ],
        "credential": made if made and may(request, "credentials.view_credential", made) else None,
        "may_withdraw": found.state in OPEN and may(request, "credentials.withdraw_award", found),
        "may_issue": found.state == AwardState.SIGNED
        and may(request, "credentials.issue_award", found),
        "tab": tab,
        "tab_items": tab_items(tab, ("overview", _("Overview")), ("history", _("History"))),
        "entries": history_of(found) if tab == "history" else [],
    }
    return render(request, "credentials/award.html", context)


def _sign(request: HttpRequest, found: Award, note: str) -> str:
    """Do what the pressed button says: ``sign:<role>:<person>`` or ``decline:<role>:<person>``."""
    actor = actor_of(request)
    verb, _gap, rest = request.POST.get("do", "").partition(":")
    for person, role in whose_to_sign(found, actor):
        if rest == f"{role}:{person.public_id}" and verb in {"sign", "decline"}:
            sign_award(
                found,
                role,
                agrees=verb == "sign",
                note=note,
                actor=actor,
                on_behalf_of=person if person != actor else None,
            )
            return (
                _("Signed. It appears in the student's trace.")
                if verb == "sign"
                else _("Your reason was kept, and those concerned are told.")
            )
    raise RuleViolation("award.stale", _("Somebody has just changed this. Look again."))


@requires("credentials.withdraw_award")
def award_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    actor = actor_of(request)
    found = get_object_or_404(awards_visible_to(actor), public_id=public_id)
    check(actor, "credentials.withdraw_award", found)
    form = ReasonForm(request.POST or None)
    back = reverse("credentials:award", args=[found.public_id])
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_award(found, form.cleaned_data["reason"], actor=actor)
        except RuleViolation as violation:
            if violation.status == FORBIDDEN:
                raise
            show_violation(form, violation)
        else:
            messages.success(request, _("Withdrawn. Nobody is asked to sign any more."))
            return redirect(back)
    return show_form(
        request,
        form,
        title=_("Withdraw the proposal"),
        lead=_("“%(achievement)s” for %(student)s")
        % {
            "achievement": found.achievement.display_name,
            "student": found.student.display_name,
        },
        submit_label=_("Withdraw the proposal"),
        cancel_url=back,
    )
