"""Pairs of mentors: formed, changed in who answers for what, renewed and ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.agreements.models import Agreement
from cotutelle.core.access import check
from cotutelle.core.clock import today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.ledger.services import record
from cotutelle.mentorship.enums import PairRecordKind, PairRole, PairState, Signer
from cotutelle.mentorship.models import Mentorship, Pair, PairRecord
from cotutelle.mentorship.queries.pairs import parties_of
from cotutelle.mentorship.services.pair_records import close_arrangements
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person

CHANGE = "mentorship.change_duties"
SIGNATURES = ("signs_leave", "signs_claims", "signs_thesis")


@dataclass(frozen=True, slots=True)
class Duties:
    """
    Who answers for what: ``first_responsible`` (第一责任人) is a `PairRole`, who signs a `Signer`.

    The one does not follow from the other.
    """

    first_responsible: str = PairRole.FIRST
    signs_leave: str = Signer.FIRST
    signs_claims: str = Signer.FIRST
    signs_thesis: str = Signer.BOTH

    @classmethod
    def of(cls, pair: Pair) -> Duties:
        """Read them from a pair."""
        role = PairRole.SECOND if pair.second.is_first_responsible else PairRole.FIRST
        return cls(role, pair.signs_leave, pair.signs_claims, pair.signs_thesis)

    def signatures(self) -> dict[str, str]:
        """Return who signs, as columns of a pair."""
        return {name: getattr(self, name) for name in SIGNATURES}


@transaction.atomic
def form_pair(
    first: Mentorship,
    second: Mentorship,
    duties: Duties,
    *,
    actor: Person | None,
    agreement: Agreement | None = None,
) -> Pair:
    """
    Join two mentorships of one student; the caller has checked who may.

    Moves the mark of the first responsible mentor, tells all three. Refuses with ``pair.same``
    (one mentor twice) and ``pair.student`` (mentorships of two students).
    """
    if first.student_id != second.student_id:
        raise RuleViolation("pair.student", _("A pair supervises one student."))
    if first.mentor_id == second.mentor_id:
        raise RuleViolation("pair.same", _("First and second mentor are the same person."))
    pair = Pair.objects.create(
        student=first.student,
        first=first,
        second=second,
        agreement=agreement,
        starts_on=max(first.starts_on, second.starts_on),
        **duties.signatures(),
    )
    _make_responsible(pair, duties.first_responsible)
    after = _facts(pair)
    record("mentorship.pair.formed", actor=actor, subject=pair, after=after, decision=True)
    _tell(pair, "mentorship.pair_formed")
    return pair


@transaction.atomic
def change_duties(pair: Pair, duties: Duties, *, reason: str, actor: Person) -> Pair:
    """
    Change who is first responsible and who signs.

    Refuses with ``pair.party`` (nobody decides about themselves), ``pair.reason``, ``pair.ended``
    and ``pair.duties`` (nothing would change).
    """
    check(actor, CHANGE, pair)
    if actor in parties_of(pair):
        raise Refused(_("Nobody decides about a pair in which they take part."), code="pair.party")
    if not reason.strip():
        raise RuleViolation("pair.reason", _("Give your reason."), field="reason")
    _lock(pair)
    before = Duties.of(pair)
    if before == duties:
        raise RuleViolation("pair.duties", _("Nothing would change."))
    for name, value in duties.signatures().items():
        setattr(pair, name, value)
    pair.save(update_fields=list(SIGNATURES))
    _make_responsible(pair, duties.first_responsible)
    record(
        "mentorship.pair.duties_changed",
        actor=actor,
        subject=pair,
        before=asdict(before),
        after=asdict(duties) | {"reason": reason.strip()},
        decision=True,
    )
    _tell(pair, "mentorship.pair_duties_changed", reason=reason.strip())
    return pair


def end_pairs(mentorships: Iterable[Mentorship], *, actor: Person | None) -> list[Pair]:
    """
    End the pairs of which one of ``mentorships`` is a half; the caller is inside a transaction.

    Where the other half goes on, that mentor is the first responsible from now on.
    """
    keys = [one.pk for one in mentorships]
    if not keys:
        return []
    rows = Pair.objects.select_for_update(of=("self",)).filter(
        Q(first__in=keys) | Q(second__in=keys), state=PairState.ACTIVE
    )
    found = list(
        rows.select_related(
            "student__person", "student__unit",
            "first__mentor__person", "second__mentor__person",
        )
    )  # fmt: skip
    for pair in found:
        pair.state, pair.ends_on = PairState.ENDED, today()
        pair.save(update_fields=["state", "ends_on"])
        close_arrangements(pair)
        _leave_to_the_other(pair, keys)
        record(
            "mentorship.pair.dissolved",
            actor=actor,
            subject=pair,
            before={"state": PairState.ACTIVE},
            after={"state": PairState.ENDED},
            decision=True,
        )
        _tell(pair, "mentorship.pair_ended")
    return found


def renew_pair(old: Mentorship, new: Mentorship, *, actor: Person | None) -> Pair | None:
    """
    Let ``new`` take the place of ``old`` in the student's pair, with the same duties.

    The old pair ends with its page; what is open in its plan goes on. The agreement stays where
    it lends the mentor who stays. ``None`` where there is no pair.
    """
    pair = Pair.objects.filter(Q(first=old) | Q(second=old), state=PairState.ACTIVE).first()
    if pair is None:
        return None
    duties = Duties.of(pair)
    end_pairs([old], actor=actor)
    first, second = (new, pair.second) if pair.first_id == old.pk else (pair.first, new)
    stays = second if first is new else first
    agreement = pair.agreement
    if agreement is not None and not agreement.mentors.filter(mentor=stays.mentor_id).exists():
        agreement = None
    fresh = form_pair(first, second, duties, actor=actor, agreement=agreement)
    _carry_plan(pair, fresh)
    return fresh


def _carry_plan(old: Pair, new: Pair) -> None:
    rows = old.records.filter(kind=PairRecordKind.PLAN, done_at=None, withdrawn_at=None)
    PairRecord.objects.bulk_create(
        PairRecord(
            pair=new, kind=row.kind, title=row.title, text=row.text, due_on=row.due_on,
            author_id=row.author_id, created_at=row.created_at,
        )
        for row in rows.order_by("pk")
    )  # fmt: skip


def _lock(pair: Pair) -> None:
    Pair.objects.select_for_update().filter(pk=pair.pk).values("pk").get()
    pair.refresh_from_db(fields=["state", *SIGNATURES])
    if pair.state != PairState.ACTIVE:
        raise RuleViolation("pair.ended", _("This pair has ended."))
    for half in (pair.first, pair.second):
        half.refresh_from_db(fields=["is_first_responsible"])


def _make_responsible(pair: Pair, role: str) -> None:
    """Move the mark: off both, then onto one, as the database allows one at a time."""
    chosen = pair.second if role == PairRole.SECOND else pair.first
    Mentorship.objects.filter(student=pair.student_id, state=PairState.ACTIVE).exclude(
        pk=chosen.pk
    ).update(is_first_responsible=False)
    Mentorship.objects.filter(pk=chosen.pk).update(is_first_responsible=True)
    for half in (pair.first, pair.second):
        half.is_first_responsible = half is chosen


def _leave_to_the_other(pair: Pair, gone: list[int]) -> None:
    """A mentor who stays alone answers alone."""
    active = Mentorship.objects.filter(student=pair.student_id, state=PairState.ACTIVE)
    stays = active.filter(pk__in={pair.first_id, pair.second_id} - set(gone)).first()
    if stays is not None:
        active.exclude(pk=stays.pk).update(is_first_responsible=False)
        active.filter(pk=stays.pk).update(is_first_responsible=True)


def _tell(pair: Pair, kind: str, **more: Any) -> None:
    notify(
        parties_of(pair),
        kind,
        params={
            "student": bilingual(pair.student.person),
            "first": bilingual(pair.first.mentor.person),
            "second": bilingual(pair.second.mentor.person),
            **more,
        },
        url=pair_url(pair),
        unit=pair.owning_unit,
    )


def pair_url(pair: Pair) -> str:
    """Return the page of a pair."""
    return reverse("mentorship:pair", args=[pair.public_id])


def _facts(pair: Pair) -> dict[str, Any]:
    return asdict(Duties.of(pair)) | {
        "first": str(pair.first.mentor.public_id),
        "second": str(pair.second.mentor.public_id),
        "agreement": str(pair.agreement) if pair.agreement else None,
    }
