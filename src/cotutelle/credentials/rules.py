"""Who defines, proposes, signs, issues and revokes; who sees whose certificates."""

from __future__ import annotations

from typing import Any

import rules
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import grant
from cotutelle.core.clock import today
from cotutelle.credentials.enums import CredentialKind, SignerRole
from cotutelle.credentials.models import Credential
from cotutelle.institutions.queries import below
from cotutelle.mentorship.enums import PairState
from cotutelle.mentorship.models import Mentorship
from cotutelle.people.enums import Role
from cotutelle.people.models import RoleGrant
from cotutelle.people.queries import active
from cotutelle.people.rules import has_role, is_administrator
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay
from cotutelle.workflow.queries import principals_of

# Who acts for the institution that issues.
ISSUERS = (Role.GRADUATE_OFFICER, Role.PARTNER_OFFICER)
# Who proposes students of a unit, and reads what became of it.
PROPOSERS = (
    Role.GRADUATE_OFFICER,
    Role.PARTNER_OFFICER,
    Role.DEPARTMENT_SECRETARY,
    Role.RESIDENCY_OFFICE,
)
# Who sees the stays in a ward, and so proposes for it and signs for it.
WARD_ROLES = (
    Role.GRADUATE_OFFICER,
    Role.RESIDENCY_OFFICE,
    Role.PARTNER_OFFICER,
    Role.DEPARTMENT_SECRETARY,
    Role.BASE_SECRETARY,
)
# The offices that sign; who stands in for one of them sees what takes an office's signature.
SIGNING_OFFICES = (Role.DEPARTMENT_SECRETARY, Role.BASE_SECRETARY, Role.RESIDENCY_OFFICE)
OFFICE_SIGNERS = (SignerRole.DEPARTMENT, SignerRole.RESIDENCY)
KEY_KEEPERS = (Role.SYSTEM_ADMINISTRATOR, *ISSUERS)


def units_with(actor: Any, *roles: Role) -> list[Any]:
    """Return the units on which ``actor`` holds one of ``roles``."""
    return [g.unit for g in getattr(actor, "active_grants", ()) if g.role in roles]


def offices_stood_in_for(people: Any) -> tuple[list[Any], list[Any]]:
    """
    Return the units whose signing offices ``people`` hold, for whom somebody stands in.

    First those whose students they see themselves, then those whose wards they do.
    """
    rows = active(RoleGrant.objects.filter(person__in=people, role__in=SIGNING_OFFICES))
    grants = list(rows.select_related("unit"))
    return (
        [grant.unit for grant in grants if grant.role in PROPOSERS],
        [grant.unit for grant in grants if grant.role in WARD_ROLES],
    )


def supervised_by(people: Any, student: str = "pk") -> Exists:
    """Return the condition that one of ``people`` supervises the student whose key is ``student``."""
    pairs = Mentorship.objects.filter(
        student=OuterRef(student), mentor__person__in=people, state=PairState.ACTIVE
    )
    return Exists(pairs)


def proposable(actor: Any) -> Q:
    """
    Return the condition on students whom ``actor`` may propose.

    Those of the units whose office they are, those they supervise, and those who rotate through
    their wards and have come there.
    """
    found = below(units_with(actor, *PROPOSERS)) | Q(supervised_by([actor.pk]))
    if wards := units_with(actor, *WARD_ROLES):
        stays = Stay.objects.filter(
            below(wards, "ward__unit__path"),
            participant__student=OuterRef("pk"),
            starts_on__lte=today(),
        )
        found |= Q(Exists(stays))
    return found


@rules.predicate
def may_propose(actor: Any, obj: Any = None) -> bool:
    """The actor may propose the student."""
    if not getattr(actor, "pk", None):
        return False
    if obj is None:
        return bool(units_with(actor, *PROPOSERS, *WARD_ROLES)) or Role.MENTOR in actor.roles
    return bool(Student.objects.filter(proposable(actor), pk=obj.pk).exists())


@rules.predicate
def is_holder(actor: Any, obj: Any = None) -> bool:
    """The actor is the student of the award, or whose certificate it is."""
    if obj is None:
        return Role.STUDENT in getattr(actor, "roles", ())
    if hasattr(obj, "student_id"):
        return bool(obj.student.person_id == actor.pk)
    return bool(getattr(obj, "person_id", None) == actor.pk)


@rules.predicate
def holds_one(actor: Any, obj: Any = None) -> bool:
    """The actor holds a certificate: graduates keep theirs when they are students no more."""
    return obj is None and Credential.objects.filter(person=actor.pk or 0).exists()


@rules.predicate
def supervises_them(actor: Any, obj: Any = None) -> bool:
    """The actor, or somebody they stand in for, supervises the student now."""
    people = [actor.pk, *principals_of(actor).values_list("pk", flat=True)]
    rows = Mentorship.objects.filter(mentor__person__in=people, state=PairState.ACTIVE)
    if obj is None:
        return bool(rows.exists())
    person = obj.student.person_id if hasattr(obj, "student_id") else obj.person_id
    return bool(rows.filter(student__person=person).exists())


@rules.predicate
def keeps_the_student(actor: Any, obj: Any = None) -> bool:
    """The actor is an office of the student's unit."""
    units = units_with(actor, *PROPOSERS)
    if obj is None:
        return bool(units)
    student = getattr(obj, "student", None) or getattr(obj.person, "student", None)
    return student is not None and any(student.unit.path.startswith(u.path) for u in units)


@rules.predicate
def keeps_the_ward(actor: Any, obj: Any = None) -> bool:
    """The actor keeps the ward of the stay that an award is about."""
    units = units_with(actor, *WARD_ROLES)
    if obj is None:
        return bool(units)
    stay = getattr(obj, "stay", None)
    return stay is not None and any(stay.ward.unit.path.startswith(u.path) for u in units)


@rules.predicate
def stands_in_for_an_office(actor: Any, obj: Any = None) -> bool:
    """The actor stands in for an office whose signature the award takes."""
    of_students, of_wards = offices_stood_in_for(principals_of(actor))
    if obj is None or not of_wards:
        return bool(of_wards)
    if not set(OFFICE_SIGNERS) & set(obj.achievement.signers):
        return False
    paths = [(obj.student.unit.path, of_students)]
    if obj.stay is not None:
        paths.append((obj.stay.ward.unit.path, of_wards))
    return any(path.startswith(unit.path) for path, units in paths for unit in units)


@rules.predicate
def proposed_it(actor: Any, obj: Any = None) -> bool:
    """The actor proposed the award."""
    return obj is None or obj.proposed_by_id == actor.pk


@rules.predicate
def is_no_transcript(actor: Any, obj: Any = None) -> bool:
    """Not what somebody chose to show of themselves: only they see that, and give it away."""
    return getattr(obj, "kind", None) != CredentialKind.TRANSCRIPT


issues = has_role(*ISSUERS)
has_any_role = has_role(*Role)

grant(
    "credentials.view_achievements",
    has_any_role,
    reason=_("Only people with a role in the consortium read what can be certified."),
)
grant(
    "credentials.manage_achievement",
    issues,
    reason=_("Only the officers of the issuing institution define what it certifies."),
)
grant(
    "credentials.propose_award",
    may_propose,
    reason=_("Only the student's mentors and the offices of their unit or ward propose them."),
)
grant(
    "credentials.import_awards",
    has_role(*PROPOSERS),
    reason=_("Only the offices of a unit import proposals for its students."),
)
grant(
    "credentials.view_awards",
    may_propose | supervises_them,
    reason=_("Only mentors and the offices see proposals; students see their own certificates."),
)
grant(
    "credentials.view_award",
    is_holder
    | supervises_them
    | keeps_the_student
    | keeps_the_ward
    | proposed_it
    | issues
    | stands_in_for_an_office,
    reason=_("Only the student, their mentors and the offices concerned see this proposal."),
)
grant(
    "credentials.sign_award",
    supervises_them | keeps_the_student | keeps_the_ward | stands_in_for_an_office,
    reason=_("Only those whose signature is asked for sign, or whom they have authorised."),
)
grant(
    "credentials.withdraw_award",
    proposed_it | issues,
    reason=_("Only who proposed it, or the issuing institution, withdraws a proposal."),
)
grant(
    "credentials.issue_award",
    issues,
    reason=_("Only the officers of the issuing institution issue certificates."),
)
grant(
    "credentials.view_credentials",
    issues | keeps_the_student | supervises_them,
    reason=_("Only mentors and the offices list the certificates of their students."),
)
grant(
    "credentials.view_credential",
    is_holder | (is_no_transcript & (supervises_them | keeps_the_student | issues)) | holds_one,
    reason=_("Only the holder, their mentors and the offices concerned see this certificate."),
)
grant(
    "credentials.revoke_credential",
    issues,
    reason=_("Only the officers of the issuing institution suspend and revoke its certificates."),
)
grant(
    "credentials.view_keys",
    has_role(*KEY_KEEPERS),
    reason=_("Only system administrators and the officers of an institution see its keys."),
)
grant(
    "credentials.manage_key",
    is_administrator | issues,
    reason=_("Only system administrators and the officers of an institution change its keys."),
)
grant(
    "credentials.share_credential",
    is_holder | holds_one,
    reason=_("Only the holder decides who sees their certificates."),
)
