"""A student without a licence in time chooses the professional or the academic track."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import end_of_day, now, today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import deadline, time_zone_of
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual, day
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.programmes import hooks
from cotutelle.programmes.enums import (
    AttainmentKind,
    AttainmentState,
    DegreeType,
    EnrolmentState,
    MilestoneKind,
)
from cotutelle.programmes.models import Attainment, Enrolment, Milestone, Student, TrackChoice
from cotutelle.programmes.queries.enrolments import without_licence
from cotutelle.programmes.services.attainments import residency_offices
from cotutelle.programmes.services.months import add_months
from cotutelle.workflow.services import close_tasks, open_task, open_tasks

CHOOSE = "programmes.choose_track"
FOLLOW = "programmes.follow_track"
CHOICE_DAYS = 14
FOLLOW_DAYS = 5
_CLINICAL = (AttainmentKind.LICENCE, AttainmentKind.RESIDENCY)
_CLINICAL_EXAMS = (MilestoneKind.LICENCE_EXAM, MilestoneKind.RESIDENCY_EXAM)
_NEXT_EXAM_MONTHS = 12


@transaction.atomic
def ask_track_choice(
    enrolment: Enrolment, *, due_on: dt.date, reason: str = "", actor: Person | None
) -> TrackChoice:
    """
    Ask a student without a licence to choose a track by ``due_on``.

    ``actor`` is ``None`` where the day of the licence has passed. Refuses with ``track.track``
    (not on the professional track), ``track.licence`` (held, or not needed), ``track.day`` and
    ``track.asked``.
    """
    if actor is not None:
        check(actor, "programmes.ask_track_choice", enrolment)
    _check_question(enrolment, due_on)
    try:
        with transaction.atomic():
            choice = TrackChoice.objects.create(
                enrolment=enrolment, from_track=enrolment.track, reason=reason.strip(),
                asked_by=actor, asked_at=now(), due_on=due_on,
            )  # fmt: skip
    except IntegrityError as error:
        raise RuleViolation("track.asked", _("The student was asked before.")) from error
    unit, student = enrolment.owning_unit, enrolment.student
    record(
        "programmes.enrolment.track_asked", actor=actor, subject=enrolment,
        after={"due_on": due_on},
    )  # fmt: skip
    open_task(
        assignee=student.person,
        kind=CHOOSE,
        subject=choice,
        unit=unit,
        due_at=end_of_day(due_on, time_zone_of(unit)),
        url=reverse("programmes:choose-track"),
    )
    notify(
        [student.person],
        "programmes.track_asked",
        params={"day": day(due_on)},
        url=reverse("programmes:choose-track"),
        unit=unit,
    )
    return choice


def _check_question(enrolment: Enrolment, due_on: dt.date) -> None:
    if enrolment.track != DegreeType.PROFESSIONAL or enrolment.state != EnrolmentState.ENROLLED:
        raise RuleViolation(
            "track.track", _("Only enrolled students on the professional track choose.")
        )
    open_states = (AttainmentState.NOT_DUE, AttainmentState.AWAITED, AttainmentState.FAILED)
    missing = enrolment.attainments.filter(kind=AttainmentKind.LICENCE, state__in=open_states)
    if not missing.exists():
        raise RuleViolation("track.licence", _("No licence is missing."))
    if due_on < today():
        raise RuleViolation("track.day", _("The day lies in the past."), field="due_on")


def ask_where_licence_is_missing() -> int:
    """Ask everybody whose licence did not come by its day; returns how many. Runs every night."""
    found = list(without_licence(today()))
    for enrolment in found:
        by = deadline(enrolment.owning_unit, today(), CHOICE_DAYS).date()
        ask_track_choice(enrolment, due_on=by, actor=None)
    return len(found)


@transaction.atomic
def choose_track(choice: TrackChoice, to: DegreeType, *, actor: Person) -> TrackChoice:
    """
    Choose once and for all; degree type, certificates and milestones follow, and so do plans.

    On the academic track licence and residency are no longer needed. Whoever stays has another
    year for the licence. The residency office is told and has a task. Refuses with
    ``track.chosen``.
    """
    check(actor, "programmes.choose_track", choice)
    rows = TrackChoice.objects.filter(pk=choice.pk, to_track="")
    moment = now()
    if rows.update(to_track=to, chosen_at=moment) != 1:
        raise RuleViolation("track.chosen", _("The choice was made before and stands."))
    choice.to_track, choice.chosen_at = to, moment
    enrolment = choice.enrolment
    if to == DegreeType.ACADEMIC:
        _go_academic(enrolment)
    else:
        _extend_licence(enrolment)
    close_tasks(choice, CHOOSE)
    record(
        "programmes.enrolment.track_chosen",
        actor=actor,
        subject=enrolment,
        before={"track": choice.from_track},
        after={"track": to},
        decision=True,
    )
    hooks.track_changes.tell(choice, actor)
    _tell_offices(choice)
    return choice


def _go_academic(enrolment: Enrolment) -> None:
    enrolment.track = DegreeType.ACADEMIC
    enrolment.save(update_fields=["track"])
    Student.objects.filter(pk=enrolment.student_id).update(degree_type=DegreeType.ACADEMIC)
    enrolment.student.degree_type = DegreeType.ACADEMIC
    open_rows = enrolment.attainments.filter(~Q(state=AttainmentState.HELD), kind__in=_CLINICAL)
    open_rows.update(
        state=AttainmentState.NOT_NEEDED, awaited_until=None, due_on=None, changed_at=now()
    )
    enrolment.milestones.filter(kind__in=_CLINICAL_EXAMS, done_on__isnull=True).delete()


def _extend_licence(enrolment: Enrolment) -> None:
    licence: Attainment = enrolment.attainments.get(kind=AttainmentKind.LICENCE)
    licence.due_on = add_months(licence.due_on or today(), _NEXT_EXAM_MONTHS)
    licence.save(update_fields=["due_on"])
    Milestone.objects.filter(
        enrolment=enrolment, kind=MilestoneKind.LICENCE_EXAM, done_on__isnull=True
    ).update(due_on=licence.due_on)


def _tell_offices(choice: TrackChoice) -> None:
    unit = choice.owning_unit
    params = {
        "student": bilingual(choice.enrolment.student.person),
        "track": str(choice.to_track),
    }
    url = reverse("programmes:enrolment", args=[choice.enrolment.public_id])
    residency = residency_offices(choice.enrolment.student)
    officers = list(holders(unit, Role.GRADUATE_OFFICER))
    if choice.to_track != choice.from_track:
        open_tasks(
            residency or officers,
            kind=FOLLOW,
            subject=choice,
            unit=unit,
            due_at=deadline(unit, now(), FOLLOW_DAYS),
            params=params,
            url=url,
        )
    notify([*residency, *officers], "programmes.track_chosen", params=params, url=url, unit=unit)


@transaction.atomic
def note_track_followed(choice: TrackChoice, *, actor: Person) -> None:
    """Say that plans follow the choice: closes the task of the office. Refuses with ``track.open``."""
    check(actor, "programmes.ask_track_choice", choice)
    if not choice.to_track:
        raise RuleViolation("track.open", _("The student has not chosen yet."))
    if close_tasks(choice, FOLLOW):
        record(
            "programmes.enrolment.track_followed", actor=actor, subject=choice.enrolment,
            after={"track": choice.to_track},
        )  # fmt: skip
