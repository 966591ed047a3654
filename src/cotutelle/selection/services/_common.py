"""What the services of a round share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cotutelle.core.clock import today
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.queries import time_zone_of
from cotutelle.notices.wording import bilingual
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.selection.enums import (
    AnswerState,
    ParticipantState,
    RoundState,
    SilentMentor,
)
from cotutelle.selection.models import Answer, Offer, Participant, Round
from cotutelle.selection.policy import RoundRules
from cotutelle.workflow.services import act_for

FIND_URL = "/selection/find/"
RESULT_URL = "/selection/my-result/"
STUDENTS_URL = "/selection/my-students/"


@contextmanager
def all_or_nothing(thing: Any) -> Iterator[None]:
    """Do one transaction; a refusal also gives ``thing.state`` back what it was."""
    kept = thing.state
    try:
        with transaction.atomic():
            yield
    except RuleViolation:
        thing.state = kept
        raise


def round_url(round_: Round) -> str:
    """Return the page of a round."""
    return f"/selection/rounds/{round_.public_id}/"


def answer_url(answer: Answer) -> str:
    """Return the page on which a mentor answers."""
    return f"/selection/answers/{answer.public_id}/"


def rules_of(round_: Round) -> RoundRules:
    """Return the rules of the round's policy."""
    return RoundRules.from_parameters(round_.policy.parameters)


def names(round_: Round) -> dict[str, str]:
    """Return the two names of a round as a parameter of a notice."""
    return bilingual(round_)


def offer_names(offer: Offer) -> dict[str, str]:
    """Return the two titles of an offer as a parameter of a notice."""
    return {"zh": offer.title_zh or offer.title_en, "en": offer.title_en or offer.title_zh}


def label(value: Any) -> dict[str, str]:
    """Return the label of a choice in both languages as a parameter of a notice."""
    from django.utils.translation import override  # noqa: PLC0415

    with override("zh-hans"):
        zh = str(value.label)
    with override("en"):
        en = str(value.label)
    return {"zh": zh, "en": en}


def silence(round_: Round) -> dict[str, str]:
    """Return what silence means, as a parameter of a notice."""
    return label(SilentMentor(rules_of(round_).silent_mentor))


def stale(noun: str) -> RuleViolation:
    """Return the refusal of a write that somebody else's overtook."""
    return RuleViolation(
        f"{noun}.stale", _("Somebody has just changed this. Look again, then decide.")
    )


def transition(noun: str, seen: Any, to: Any) -> RuleViolation:
    """Return the refusal of a step that does not lead from here."""
    return RuleViolation(
        f"{noun}.transition",
        _("What is “%(seen)s” cannot become “%(to)s”.") % {"seen": seen.label, "to": to.label},
    )


def windows_fault(message: str) -> RuleViolation:
    """Return the refusal of a calendar."""
    return RuleViolation("round.windows", message, field="windows")


def require_reason(noun: str, reason: str) -> str:
    """Return ``reason`` trimmed; refuse with ``<noun>.reason`` where there is none."""
    if not reason.strip():
        raise RuleViolation(
            f"{noun}.reason", _("Say why, so that it can be read later."), field="reason"
        )
    return reason.strip()


def require_state(round_: Round, *states: RoundState) -> None:
    """Refuse with ``round.state`` unless the round stands in one of ``states`` right now."""
    round_.refresh_from_db(fields=["state", "seed", "seed_published_at", "official_run"])
    if round_.state not in states:
        raise RuleViolation(
            "round.state",
            _("This cannot be done while the round is at “%(state)s”.")
            % {"state": RoundState(round_.state).label},
        )


def lock_round(round_: Round, *states: RoundState) -> None:
    """Hold the row of the round for this transaction, then `require_state`."""
    Round.objects.select_for_update().filter(pk=round_.pk).values("pk").get()
    require_state(round_, *states)


def require_authority(
    actor: Person, on_behalf_of: Person | None, *, action: str, subject: Any
) -> Person:
    """Return on whose right ``actor`` acts; a proxy is noted and its principal told."""
    if on_behalf_of is None or on_behalf_of == actor:
        return actor
    act_for(actor, on_behalf_of, action=action, subject=subject)
    return on_behalf_of


def supervisors_of(offers_or_answers: Iterable[Offer | Answer]) -> list[Person]:
    """Return the people who supervise, each once."""
    return list(
        {m.person_id: m.person for one in offers_or_answers for m in one.supervisors}.values()
    )


def at_node(one: Offer | Answer) -> dict[str, Any]:
    """Return the condition that a row's ``offer`` is one of the same mentor or team."""
    return {f"offer__{name}": value for name, value in one.node.items()}


def with_people(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Load mentors and their people along with offers or answers."""
    return rows.select_related(
        "mentor__person", "mentor__unit", "team__first__person", "team__second__person",
        "team__first__unit", "team__second__unit", "team__unit",
    )  # fmt: skip


def active_participants(round_: Round) -> QuerySet[Participant]:
    """Return the students who take part, with their people."""
    return round_.participants.filter(state=ParticipantState.ACTIVE).select_related(
        "student__person", "student__unit"
    )


def officers_of(round_: Round) -> list[Person]:
    """Return the graduate-school officers who answer for the round."""
    keys = [int(key) for key in round_.unit.path.split("/") if key]
    day = today(time_zone_of(round_.unit))
    return list(
        Person.objects.filter(
            Q(grants__ends_on__isnull=True) | Q(grants__ends_on__gte=day),
            grants__role=Role.GRADUATE_OFFICER,
            grants__unit_id__in=keys,
            grants__starts_on__lte=day,
            is_active=True,
        ).distinct()
    )


def list_deadline(round_: Round, route: str) -> dt.datetime | None:
    """Return when students of ``route`` must have submitted."""
    return round_.calendars.filter(route=route).values_list("closes_at", flat=True).first()


def open_answers(round_: Round) -> QuerySet[Answer]:
    """Return the answers not yet submitted of those who hold places."""
    return with_people(round_.answers.filter(state=AnswerState.OPEN, places__gt=0))
