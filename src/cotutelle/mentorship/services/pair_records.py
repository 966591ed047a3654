"""What the two mentors and the student keep together: plan, notes, arrangements."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.files.services import store_file
from cotutelle.institutions.queries import deadline
from cotutelle.ledger.services import record
from cotutelle.mentorship.enums import PairRecordKind, PairState
from cotutelle.mentorship.models import Pair, PairConsent, PairRecord
from cotutelle.mentorship.queries.pairs import parties_of
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual
from cotutelle.people.models import Person
from cotutelle.workflow.services import close_tasks, open_tasks

WRITE = "mentorship.write_pair"
AGREE = "mentorship.agree_arrangement"
FILE = "mentorship.pair_file"
AGREE_DAYS = 10


@transaction.atomic
def add_record(
    pair: Pair,
    kind: PairRecordKind,
    *,
    title: str,
    actor: Person,
    text: str = "",
    due_on: dt.date | None = None,
    attachment: bytes | None = None,
    attachment_name: str = "",
) -> PairRecord:
    """
    Put something on the pair's page; the others are told, and asked to agree to an arrangement.

    Whoever writes an arrangement has agreed to it. Only items of the plan have a day. Refuses with
    ``pair.ended``, ``pair.title`` and the refusals of files.
    """
    check(actor, WRITE, pair)
    _lock(pair)
    if not title.strip():
        raise RuleViolation("pair.title", _("Give it a title."), field="title")
    stored = None
    if attachment:
        stored = store_file(
            attachment, name=attachment_name, actor=actor, unit=pair.owning_unit, purpose=FILE
        )
    made = PairRecord.objects.create(
        pair=pair,
        kind=kind,
        title=title.strip()[:150],
        text=text.strip(),
        due_on=due_on if kind == PairRecordKind.PLAN else None,
        attachment=stored,
        author=actor,
        created_at=now(),
    )
    record("mentorship.pair.record_added", actor=actor, subject=pair, after={"kind": kind})
    others = [person for person in parties_of(pair) if person != actor]
    if kind == PairRecordKind.ARRANGEMENT:
        PairConsent.objects.create(record=made, person=actor, at=now())
        _ask(made, others)
    _tell(made, others, "mentorship.pair_record")
    return made


@transaction.atomic
def set_done(item: PairRecord, done: bool, *, actor: Person) -> PairRecord:
    """Tick an item of the plan, or take the tick back. Refuses with ``pair.ended`` and ``pair.kind``."""
    check(actor, WRITE, item)
    _lock(item.pair)
    item.refresh_from_db(fields=["done_at", "withdrawn_at"])
    if item.kind != PairRecordKind.PLAN or item.withdrawn_at is not None:
        raise RuleViolation("pair.kind", _("Only items of the plan are ticked off."))
    if (item.done_at is not None) != done:
        item.done_at = now() if done else None
        item.save(update_fields=["done_at"])
        action = "item_done" if done else "item_reopened"
        record(f"mentorship.pair.{action}", actor=actor, subject=item.pair)
    return item


@transaction.atomic
def agree(arrangement: PairRecord, *, actor: Person) -> bool:
    """
    Agree to an arrangement; return whether it holds now, because everybody has agreed.

    Refuses with ``pair.ended``, ``pair.kind`` and ``pair.withdrawn``.
    """
    check(actor, WRITE, arrangement)
    _lock(arrangement.pair)
    arrangement.refresh_from_db(fields=["withdrawn_at"])
    if arrangement.kind != PairRecordKind.ARRANGEMENT:
        raise RuleViolation("pair.kind", _("Only arrangements are agreed to."))
    if arrangement.withdrawn_at is not None:
        raise RuleViolation("pair.withdrawn", _("This arrangement has been withdrawn."))
    people = parties_of(arrangement.pair)
    _consent, fresh = PairConsent.objects.get_or_create(
        record=arrangement, person=actor, defaults={"at": now()}
    )
    given = set(arrangement.consents.values_list("person_id", flat=True))
    holds = all(person.pk in given for person in people)
    if fresh:
        close_tasks(arrangement, AGREE, assignee=actor)
        record("mentorship.pair.agreed", actor=actor, subject=arrangement.pair)
        if holds:
            record("mentorship.pair.arrangement_holds", actor=actor, subject=arrangement.pair)
            _tell(arrangement, people, "mentorship.arrangement_holds")
    return holds


@transaction.atomic
def withdraw_record(item: PairRecord, *, actor: Person) -> PairRecord:
    """
    Take back what one wrote oneself; the history keeps that there was something.

    An arrangement that holds is not taken back by one side. Refuses with ``pair.author``,
    ``pair.ended``, ``pair.holds`` and ``pair.withdrawn``.
    """
    check(actor, WRITE, item)
    _lock(item.pair)
    if item.author_id != actor.pk:
        raise RuleViolation("pair.author", _("Only its author takes it back."), status=403)
    given = set(item.consents.values_list("person_id", flat=True))
    if item.kind == PairRecordKind.ARRANGEMENT and all(
        person.pk in given for person in parties_of(item.pair)
    ):
        raise RuleViolation(
            "pair.holds", _("Everybody has agreed: it holds. Agree on another one instead.")
        )
    if PairRecord.objects.filter(pk=item.pk, withdrawn_at=None).update(withdrawn_at=now()) != 1:
        raise RuleViolation("pair.withdrawn", _("This has been withdrawn already."))
    item.refresh_from_db(fields=["withdrawn_at"])
    close_tasks(item, AGREE, cancelled=True)
    record(
        "mentorship.pair.record_withdrawn",
        actor=actor,
        subject=item.pair,
        after={"kind": item.kind},
    )
    return item


def close_arrangements(pair: Pair) -> None:
    """Nobody is asked any more once a pair has ended."""
    for row in pair.records.filter(kind=PairRecordKind.ARRANGEMENT, withdrawn_at=None):
        close_tasks(row, AGREE, cancelled=True)


def _lock(pair: Pair) -> None:
    if Pair.objects.select_for_update().get(pk=pair.pk).state != PairState.ACTIVE:
        raise RuleViolation("pair.ended", _("This pair has ended."))


def _ask(made: PairRecord, people: list[Person]) -> None:
    unit = made.owning_unit
    open_tasks(
        people,
        kind=AGREE,
        subject=made,
        unit=unit,
        due_at=deadline(unit, now(), AGREE_DAYS),
        params=_params(made),
        url=_url(made),
    )


def _tell(made: PairRecord, people: list[Person], kind: str) -> None:
    notify(people, kind, params=_params(made), url=_url(made), unit=made.owning_unit)


def _params(made: PairRecord) -> dict[str, Any]:
    return {
        "student": bilingual(made.pair.student.person),
        "author": bilingual(made.author),
        "kind": str(made.kind),
    }


def _url(made: PairRecord) -> str:
    return reverse("mentorship:pair", args=[made.pair.public_id])
