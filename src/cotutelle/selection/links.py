"""What this room adds to the rooms below: who reads files and profiles, what an admission sets off."""

from __future__ import annotations

from typing import Any

from cotutelle.core.access import why_not
from cotutelle.files import access
from cotutelle.files.models import StoredFile
from cotutelle.mentorship import hooks as mentorship_hooks
from cotutelle.mentorship.models import Mentor
from cotutelle.people.models import Person
from cotutelle.programmes import hooks
from cotutelle.programmes.models import Student
from cotutelle.selection import services
from cotutelle.selection.enums import OfferState, PlacementState, RoundState
from cotutelle.selection.models import Objection, Offer, Override, Placement
from cotutelle.selection.queries.answers import applicants
from cotutelle.selection.queries.visibility import offers_visible_to, own_answers, own_offers
from cotutelle.selection.services.suspension import follow_suspension


def reads_minutes(actor: Any, file: StoredFile) -> str | None:
    """Let those read the minutes who see the assignment."""
    override = Override.objects.filter(minutes=file).first()
    return why_not(actor, "selection.view_overrides", override)


def reads_evidence(actor: Any, file: StoredFile) -> str | None:
    """Let those read the evidence who answer the objection."""
    objection = Objection.objects.filter(evidence=file).first()
    return why_not(actor, "selection.answer_objection", objection)


def reads_profile(actor: Person, student: Student) -> bool:
    """Tell whether ``student`` chose the actor (or whom they stand in for), or is placed there."""
    rounds = student.participations.values("round")
    answers = own_answers(actor).filter(round__in=rounds)
    if any(applicants(answer).filter(student=student).exists() for answer in answers):
        return True
    return Placement.objects.filter(
        participant__student=student,
        offer__in=own_offers(actor).values("pk"),
        state__in=[PlacementState.PUBLISHED, PlacementState.CONFIRMED],
    ).exists()


def open_offers(actor: Person, mentor: Mentor) -> list[Offer]:
    """Return the mentor's open offers of rounds under way that ``actor`` may see."""
    rows = offers_visible_to(actor).filter(
        mentor=mentor,
        state=OfferState.OPEN,
        round__state__in=[RoundState.RANKING, RoundState.ANSWERING],
    )
    return list(rows.order_by("round_id", "number"))


access.register(services.MINUTES, reads_minutes)
access.register(services.EVIDENCE, reads_evidence)
hooks.let_read_profiles(reads_profile)
mentorship_hooks.show_offers(open_offers)
hooks.on_admission_change(services.follow_admission)
mentorship_hooks.on_suspension(follow_suspension)
