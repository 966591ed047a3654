"""Reading proposals: whose signature each takes, and who sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import OuterRef, Q, QuerySet

from cotutelle.core.clock import today
from cotutelle.credentials.enums import AwardState, SignerRole
from cotutelle.credentials.models import Award, SignOff
from cotutelle.credentials.rules import (
    ISSUERS,
    OFFICE_SIGNERS,
    PROPOSERS,
    WARD_ROLES,
    offices_stood_in_for,
    proposable,
    supervised_by,
    units_with,
)
from cotutelle.institutions.queries import below
from cotutelle.ledger.models import Entry
from cotutelle.mentorship.enums import PairRole, PairState, Track
from cotutelle.mentorship.models import Mentorship
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders, search
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay
from cotutelle.workflow.queries import principals_of

_JOINED = (
    "achievement__unit", "student__person", "student__unit", "student__cohort", "proposed_by",
    "stay__ward__unit", "stay__ward__hospital",
)  # fmt: skip
MENTOR_ROLES = frozenset({SignerRole.PRINCIPAL, SignerRole.CLINICAL, SignerRole.RESEARCH})
OPEN = (AwardState.PROPOSED, AwardState.SIGNED)


def awards_visible_to(actor: Person) -> QuerySet[Award]:
    """
    Return the proposals ``actor`` may see.

    Their own; those they made; those of students they supervise (or whose mentor they stand in
    for), of the units whose office they are, of stays in their wards, and of what their
    institution issues; those that take the signature of an office they stand in for.
    """
    principals = list(principals_of(actor).values_list("pk", flat=True))
    mentors = [actor.pk, *principals]
    found = (
        Q(student__person=actor)
        | Q(proposed_by=actor)
        | Q(supervised_by(mentors, "student"))
        | below(units_with(actor, *PROPOSERS), "student__unit__path")
        | below(units_with(actor, *WARD_ROLES), "stay__ward__unit__path")
        | below(units_with(actor, *ISSUERS), "achievement__unit__path")
    )
    if principals:
        of_students, of_wards = offices_stood_in_for(principals)
        found |= Q(achievement__signers__overlap=list(OFFICE_SIGNERS)) & (
            below(of_students, "student__unit__path") | below(of_wards, "stay__ward__unit__path")
        )
    return Award.objects.filter(found).select_related(*_JOINED)


visible_to = awards_visible_to


def to_issue(actor: Person) -> QuerySet[Award]:
    """Return the signed proposals that the institutions of ``actor`` may issue."""
    found = below(units_with(actor, *ISSUERS), "achievement__unit__path")
    return Award.objects.filter(found, state=AwardState.SIGNED).select_related(*_JOINED)


def search_awards(rows: QuerySet[Award], text: str) -> QuerySet[Award]:
    """Narrow to proposals of students who are called so, or of achievements called so."""
    people = search(Person.objects.all(), text)
    return rows.filter(
        Q(student__person__in=people)
        | Q(achievement__name_zh__icontains=text)
        | Q(achievement__name_en__icontains=text)
    )


def proposable_students(actor: Person) -> QuerySet[Student]:
    """Return the students whom ``actor`` may propose."""
    rows = Student.objects.filter(proposable(actor))
    return rows.select_related("person", "unit", "cohort")


def proposable_stays(actor: Person) -> QuerySet[Stay]:
    """Return the stays of those students that have ended and are not certified or proposed."""
    taken = Award.objects.filter(stay=OuterRef("pk"), state__in=(*OPEN, AwardState.ISSUED))
    return (
        Stay.objects.filter(
            participant__student__in=proposable_students(actor), ends_on__lt=today()
        )
        .filter(~Q(pk__in=taken.values("stay")))
        .select_related("participant__student__person", "ward__hospital", "ward__unit")
        .order_by("-ends_on", "participant__student__person__name_sort", "id")
    )


# ---------------------------------------------------------------- signers

# Two mentors who sign each for themselves: four eyes, and four hands.
_BESIDE = {
    SignerRole.CLINICAL: SignerRole.RESEARCH,
    SignerRole.RESEARCH: SignerRole.CLINICAL,
}
# Who signs for an office: those of the ward of the stay, else those of the student's own unit.
OFFICES: Mapping[SignerRole, tuple[tuple[Role, ...], tuple[Role, ...]]] = {
    SignerRole.DEPARTMENT: (
        (Role.DEPARTMENT_SECRETARY, Role.BASE_SECRETARY),
        (Role.DEPARTMENT_SECRETARY,),
    ),
    SignerRole.RESIDENCY: ((Role.RESIDENCY_OFFICE,), (Role.RESIDENCY_OFFICE,)),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A signature that an award takes: whose it may be, the one that was given, and by which agent."""

    role: SignerRole
    people: tuple[Person, ...]
    given: SignOff | None
    agent: Person | None = None


def signers_of(award: Award) -> dict[SignerRole, list[Person]]:
    """Return who may sign in each role that the achievement asks for."""
    return {
        SignerRole(role): people_in(SignerRole(role), award.student, award.stay)
        for role in award.achievement.signers
    }


def people_in(role: SignerRole, student: Student, stay: Stay | None) -> list[Person]:
    """Return who holds ``role`` for ``student`` now (for the ward of ``stay``, where there is one)."""
    if role in MENTOR_ROLES:
        return _mentors(role, student)
    of_the_ward, of_the_student = OFFICES[role]
    if stay is not None and (found := list(holders(stay.ward.unit, *of_the_ward).order_by("id"))):
        return found
    return list(holders(student.unit, *of_the_student).order_by("id"))


def _mentors(role: SignerRole, student: Student) -> list[Person]:
    """
    Return the mentors in ``role``: the principal supervisor, or those of a track.

    Somebody appointed for both tracks counts for the one that nobody else covers.
    """
    rows = list(
        Mentorship.objects.filter(
            student=student, state=PairState.ACTIVE, mentor__person__is_active=True
        )
        .select_related("mentor__person")
        .order_by("role", "id")
    )
    if role == SignerRole.PRINCIPAL:
        return [row.mentor.person for row in rows if row.role == PairRole.FIRST]
    track = Track.CLINICAL if role == SignerRole.CLINICAL else Track.RESEARCH
    exact = [row.mentor.person for row in rows if row.mentor.track == track]
    return exact or [row.mentor.person for row in rows if row.mentor.track == Track.BOTH]


def slots_of(award: Award) -> list[Slot]:
    """Return every signature the award takes, in the order of the achievement."""
    given = {one.role: one for one in award.sign_offs.select_related("signer")}
    return [
        Slot(role, tuple(people), given.get(role)) for role, people in signers_of(award).items()
    ]


def signatures_of(award: Award) -> list[Slot]:
    """Return `slots_of` with the agents who signed for somebody, as the history tells."""
    slots = slots_of(award)
    if all(slot.given is None for slot in slots):
        return slots
    rows = Entry.objects.filter(
        subject_type=award._meta.label_lower, subject_id=award.pk, on_behalf_of__isnull=False
    ).select_related("actor", "payload")
    agents = {}
    for row in rows:
        kept = getattr(row, "payload", None)  # an erased one says no more who signed for whom
        agents[(kept.after or {}).get("role") if kept else None] = row.actor
    return [replace(slot, agent=agents.get(slot.role)) for slot in slots]


def has_signed_beside(award: Award, role: SignerRole, *hands: Person) -> bool:
    """Tell whether one of ``hands`` has signed, also for somebody, as the mentor beside ``role``."""
    beside = _BESIDE.get(role)
    return beside is not None and any(
        slot.given is not None and not {slot.given.signer, slot.agent}.isdisjoint(hands)
        for slot in signatures_of(award)
        if slot.role == beside
    )


def roles_to_sign(award: Award, person: Person) -> list[SignerRole]:
    """Return the roles in which ``person`` is asked to sign and nobody has signed yet."""
    if award.state != AwardState.PROPOSED:
        return []
    return [slot.role for slot in slots_of(award) if slot.given is None and person in slot.people]


def whose_to_sign(award: Award, actor: Person) -> list[tuple[Person, SignerRole]]:
    """Return (person, role): what ``actor`` may sign, for themselves and for those they stand in for."""
    people = [actor, *principals_of(actor)]
    return [
        (person, role)
        for person in people
        for role in roles_to_sign(award, person)
        if not has_signed_beside(award, role, person, actor)
    ]
