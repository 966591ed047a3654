"""From a proposal to the last signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.enums import (
    AchievementKind,
    AchievementState,
    AwardState,
    CredentialState,
    SignerRole,
)
from cotutelle.credentials.facts import clean_facts
from cotutelle.credentials.models import Achievement, Award, SignOff
from cotutelle.credentials.queries.awards import OPEN, has_signed_beside, signers_of
from cotutelle.credentials.services.common import need_reason, stale
from cotutelle.credentials.services.drafting import check_draft
from cotutelle.credentials.services.known_facts import known_facts
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.programmes.models import Student
from cotutelle.rotations.models import Stay
from cotutelle.workflow.services import act_for, close_tasks, open_tasks

SIGN = "credentials.sign_award"
ISSUE = "credentials.issue"
SIGNED_ACTION = "credentials.award.signed"
SIGN_DAYS = 10


@dataclass(frozen=True, slots=True)
class Proposal:
    """One student to be proposed. ``stated``: by the names of `cotutelle.credentials.facts`."""

    student: Student
    stated: Mapping[str, Any] = field(default_factory=dict)
    stay: Stay | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """What became of many proposals: the awards, and who was left out with the reason."""

    done: tuple[Award, ...]
    skipped: tuple[tuple[Student, str], ...]


def propose_awards(
    achievement: Achievement, proposals: Sequence[Proposal], *, note: str = "", actor: Person
) -> Proposed:
    """Propose many; a student for whom a rule forbids it is left out, the others are proposed."""
    done: list[Award] = []
    skipped: list[tuple[Student, str]] = []
    for one in proposals:
        try:
            done.append(propose_award(achievement, one, note=note, actor=actor))
        except Refused:
            raise
        except RuleViolation as violation:
            skipped.append((one.student, str(violation)))
    return Proposed(tuple(done), tuple(skipped))


@transaction.atomic
def propose_award(
    achievement: Achievement, proposal: Proposal, *, note: str = "", actor: Person
) -> Award:
    """
    Propose a student; whoever has to sign gets a task and is told.

    Refuses with ``award.achievement`` (not in use), ``award.fact``, ``award.stay``,
    ``award.mentors``, ``award.programme``, ``award.schema``, ``award.no_signer``,
    ``award.open`` (proposed already) and ``award.issued`` (holds a valid certificate).
    """
    award = prepare_award(achievement, proposal, note=note, actor=actor)
    signers = signers_of(award)
    try:
        with transaction.atomic():
            award.save()
    except IntegrityError as error:
        raise RuleViolation("award.open", _("This student is proposed for it already.")) from error
    record(
        "credentials.award.proposed",
        actor=actor,
        subject=award,
        after=told(award) | {"facts": _stated(award)},
    )
    _ask(award, {person for people in signers.values() for person in people})
    return award


def prepare_award(
    achievement: Achievement, proposal: Proposal, *, note: str = "", actor: Person
) -> Award:
    """Return what `propose_award` would propose, after all its checks; nothing is kept."""
    student, stay = proposal.student, proposal.stay
    check(actor, "credentials.propose_award", student)
    achievement.refresh_from_db(fields=["state"])
    if achievement.state != AchievementState.OPEN:
        raise RuleViolation("award.achievement", _("People are proposed only for what is in use."))
    kind = AchievementKind(achievement.kind)
    award = Award(
        achievement=achievement,
        student=student,
        stay=stay,
        facts=known_facts(kind, student, stay) | clean_facts(kind, proposal.stated),
        note=note.strip(),
        proposed_by=actor,
        proposed_at=now(),
    )
    check_draft(award)
    _require_signers(signers_of(award))
    _require_new(award)
    return award


def told(award: Award) -> dict[str, Any]:
    """Return how the history names an award."""
    return {
        "achievement": str(award.achievement.public_id),
        "name_zh": award.achievement.name_zh,
        "name_en": award.achievement.name_en,
    }


def _stated(award: Award) -> dict[str, Any]:
    """Return what is stated, less the names of others: the history of a student is their own."""
    return {name: value for name, value in award.facts.items() if name != "mentors"}


def _require_signers(signers: Mapping[SignerRole, Sequence[Person]]) -> None:
    for role, people in signers.items():
        if not people:
            raise RuleViolation(
                "award.no_signer",
                _("Nobody can sign as %(role)s for this student.") % {"role": role.label},
            )
    clinical = set(signers.get(SignerRole.CLINICAL, ()))
    research = set(signers.get(SignerRole.RESEARCH, ()))
    if clinical and len(clinical | research) == 1 and research:
        raise RuleViolation(
            "award.no_signer", _("Clinical and research mentor of this student are one person.")
        )


def _require_new(award: Award) -> None:
    same = Award.objects.filter(
        achievement=award.achievement, student=award.student, stay=award.stay
    )
    if same.filter(state__in=OPEN).exists():
        raise RuleViolation("award.open", _("This student is proposed for it already."))
    issued = same.filter(state=AwardState.ISSUED)
    if issued.exclude(credential__state=CredentialState.REVOKED).exists():
        raise RuleViolation("award.issued", _("This student holds this certificate already."))


def _title(award: Award) -> dict[str, str]:
    """Return what is proposed in two languages; a stay is told apart by its ward."""
    names = bilingual(award.achievement)
    if award.stay is None:
        return names
    ward = bilingual(award.stay.ward)
    return {"zh": f"{names['zh']}（{ward['zh']}）", "en": f"{names['en']} ({ward['en']})"}


def _ask(award: Award, people: set[Person]) -> None:
    """Give everybody who may sign a task, and tell them."""
    url = reverse("credentials:award", args=[award.public_id])
    words = {
        "student": bilingual(award.student.person),
        "achievement": _title(award),
    }
    unit = award.student.unit
    open_tasks(
        people,
        kind=SIGN,
        subject=award,
        unit=unit,
        due_at=deadline(unit, award.proposed_at, SIGN_DAYS),
        params=words,
        url=url,
    )
    notify(people, "credentials.sign_asked", params=words, url=url, unit=unit)


# ---------------------------------------------------------------- signing


@transaction.atomic
def sign_award(
    award: Award,
    role: SignerRole,
    *,
    agrees: bool,
    note: str = "",
    actor: Person,
    on_behalf_of: Person | None = None,
) -> Award:
    """
    Sign that the criteria are met, or that they are not: then a reason is needed.

    The last signature makes it ready to be issued; one that does not agree ends it. A decision:
    it appears in the student's trace. Refuses with ``award.not_signer`` (the role is not held),
    ``award.same_person`` (clinical and research mentor, or who stands in for one of them),
    ``award.signed`` (this role has signed), ``award.state`` and ``award.reason``.
    """
    signer = on_behalf_of or actor
    check(actor, "credentials.sign_award", award)
    _lock(award, AwardState.PROPOSED)
    signers = signers_of(award)
    if signer not in signers.get(role, ()):
        raise Refused(
            _("Only the %(role)s of this student signs here.") % {"role": role.label},
            code="award.not_signer",
        )
    if has_signed_beside(award, role, signer, actor):
        raise RuleViolation(
            "award.same_person", _("Clinical and research mentor sign each for themselves.")
        )
    if signer != actor:
        act_for(actor, signer, action=SIGNED_ACTION, subject=award)
    text = note.strip() if agrees else need_reason(note, "award")
    made = SignOff(award=award, role=role, signer=signer, agrees=agrees, note=text, at=now())
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise RuleViolation("award.signed", _("This has been signed in this role.")) from error
    record(
        SIGNED_ACTION if agrees else "credentials.award.declined",
        actor=actor,
        on_behalf_of=signer if signer != actor else None,
        subject=award,
        after=told(award) | {"role": role, "agrees": agrees, "facts": _stated(award)},
        decision=True,
    )
    if not agrees:
        _close(award, AwardState.DECLINED, text)
        _tell_refused(award, except_for=actor)
    else:
        _after_signature(award, signers, signer)
    return award


def _after_signature(
    award: Award, signers: Mapping[SignerRole, Sequence[Person]], signer: Person
) -> None:
    given = set(award.sign_offs.values_list("role", flat=True))
    open_roles = [role for role in signers if role not in given]
    waiting = {person for role in open_roles for person in signers[role]}
    for person in {p for people in signers.values() for p in people} - waiting:
        close_tasks(award, SIGN, assignee=person)
    if open_roles:
        return
    award.state = AwardState.SIGNED
    award.save(update_fields=["state"])
    close_tasks(award, SIGN)
    ask_to_issue(award.achievement)


def ask_to_issue(achievement: Achievement) -> None:
    """Give the officers of the institution a task while signed proposals wait; close it after."""
    if not Award.objects.filter(achievement=achievement, state=AwardState.SIGNED).exists():
        close_tasks(achievement, ISSUE)
        return
    unit = achievement.unit
    open_tasks(
        officers_of(achievement),
        kind=ISSUE,
        subject=achievement,
        unit=unit,
        due_at=None,
        params={"achievement": bilingual(achievement)},
        url=reverse("credentials:issue") + f"?achievement={achievement.public_id}",
    )


def officers_of(achievement: Achievement) -> list[Person]:
    """Return who issues: the officers of the institution, those nearest to it."""
    unit = achievement.unit
    near = Role.GRADUATE_OFFICER, Role.PARTNER_OFFICER
    own = holders(unit, *near).filter(grants__unit=unit, grants__role__in=near).distinct()
    return list(own.order_by("id")) or list(holders(unit, *near).order_by("id"))


# ---------------------------------------------------------------- ends


@transaction.atomic
def withdraw_award(award: Award, reason: str, *, actor: Person) -> Award:
    """
    Take a proposal back; refuses with ``award.reason`` and ``award.state``.
    """
    check(actor, "credentials.withdraw_award", award)
    text = need_reason(reason, "award")
    _lock(award, AwardState.PROPOSED, AwardState.SIGNED)
    _close(award, AwardState.WITHDRAWN, text)
    record(
        "credentials.award.withdrawn",
        actor=actor,
        subject=award,
        after=told(award) | {"reason": text},
        decision=bool(award.sign_offs.exists()),
    )
    return award


@transaction.atomic
def refuse_award(award: Award, reason: str, *, actor: Person) -> Award:
    """
    Decline to issue what was signed; refuses with ``award.reason`` and ``award.state``.
    """
    check(actor, "credentials.issue_award", award)
    text = need_reason(reason, "award")
    _lock(award, AwardState.SIGNED)
    _close(award, AwardState.DECLINED, text)
    record(
        "credentials.award.refused",
        actor=actor,
        subject=award,
        after=told(award) | {"reason": text},
        decision=True,
    )
    _tell_refused(award, except_for=actor)
    return award


def withdraw_after_objection(award: Award, objection: str, *, actor: Person) -> None:
    """End a proposal that somebody was made to sign against their will; issued ones stay."""
    rows = Award.objects.select_for_update().filter(
        pk=award.pk, state__in=(AwardState.PROPOSED, AwardState.SIGNED)
    )
    for found in rows:
        text = objection[:500]
        _close(found, AwardState.WITHDRAWN, text)
        record(
            "credentials.award.withdrawn",
            actor=actor,
            subject=found,
            after=told(found) | {"reason": text},
            decision=True,
        )
        _tell_refused(found, except_for=actor)


def _lock(award: Award, *states: AwardState) -> None:
    """Hold the row; refuse with ``award.state`` or ``award.stale`` unless it is in ``states``."""
    seen = award.state
    locked = Award.objects.select_for_update().get(pk=award.pk)
    if locked.state not in states:
        if locked.state != seen:
            raise stale("award")
        raise RuleViolation(
            "award.state",
            _("This cannot be done with a proposal that is “%(state)s”.")
            % {"state": AwardState(seen).label},
        )
    award.state = locked.state


def _close(award: Award, state: AwardState, reason: str) -> None:
    award.state, award.reason, award.decided_at = state, reason, now()
    award.save(update_fields=["state", "reason", "decided_at"])
    close_tasks(award, SIGN, cancelled=True)
    ask_to_issue(award.achievement)


def _tell_refused(award: Award, *, except_for: Person) -> None:
    """Tell who proposed it, and who had signed it."""
    people = {award.proposed_by, *(one.signer for one in award.sign_offs.select_related("signer"))}
    notify(
        people - {except_for},
        "credentials.award_refused",
        params={
            "student": bilingual(award.student.person),
            "achievement": _title(award),
            "reason": award.reason,
        },
        url=reverse("credentials:award", args=[award.public_id]),
        unit=award.achievement.unit,
    )
