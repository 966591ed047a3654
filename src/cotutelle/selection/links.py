"""What this room adds to the rooms below: who reads a profile, and what an admission sets off."""

from __future__ import annotations

from cotutelle.mentorship import hooks as mentorship_hooks
from cotutelle.people.models import Person
from cotutelle.programmes import hooks
from cotutelle.programmes.models import Student
from cotutelle.selection.enums import PlacementState
from cotutelle.selection.models import Placement
from cotutelle.selection.queries.answers import applicants
from cotutelle.selection.queries.visibility import own_answers, own_offers
from cotutelle.selection.services.supplement import follow_admission
from cotutelle.selection.services.suspension import follow_suspension


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


hooks.let_read_profiles(reads_profile)
hooks.on_admission_change(follow_admission)
mentorship_hooks.on_suspension(follow_suspension)
