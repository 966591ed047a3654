"""What a student reads of the outcome: nothing before publication, then their own alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.clock import now
from cotutelle.decisions.models import Run
from cotutelle.selection.enums import NoticeState, PlacementState, RoundState
from cotutelle.selection.models import Objection, Offer, Participant, Placement, PublicNotice
from cotutelle.selection.queries.student import MyList
from cotutelle.ui.dates import format_datetime

PUBLIC = (RoundState.PUBLISHED, RoundState.CONFIRMED)
_SHOWN = (PlacementState.PUBLISHED, PlacementState.CONFIRMED)
_ORDER = (
    RoundState.RANKING,
    RoundState.ANSWERING,
    RoundState.CLOSED,
    RoundState.MATCHED,
    RoundState.PUBLISHED,
    RoundState.CONFIRMED,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one student in one round, as far as it is public."""

    participant: Participant
    placement: Placement | None
    notice: PublicNotice | None
    objections: Sequence[Objection]

    @property
    def is_public(self) -> bool:
        """Whether the result is published."""
        return self.participant.round.state in PUBLIC

    @property
    def may_object(self) -> bool:
        """Whether the notice takes objections now."""
        return (
            self.notice is not None
            and self.notice.state == NoticeState.RUNNING
            and (self.notice.ends_at > now())
        )


def outcome_of(participant: Participant) -> Outcome:
    """Read what ``participant`` may know now; three queries."""
    placement = notice = None
    objections: list[Objection] = []
    if participant.round.state in PUBLIC:
        placement = (
            Placement.objects.filter(participant=participant, state__in=_SHOWN)
            .select_related(
                "offer__unit",
                "offer__mentor__person",
                "offer__mentor__unit",
                "offer__team__first__person",
                "offer__team__first__unit",
                "offer__team__second__person",
                "offer__team__second__unit",
            )
            .first()
        )
        notice = (
            PublicNotice.objects.filter(round=participant.round_id)
            .exclude(state=NoticeState.RECALLED)
            .order_by("-starts_at")
            .first()
        )
        objections = list(
            Objection.objects.filter(
                notice__round=participant.round_id, raised_by=participant.student.person_id
            ).order_by("-raised_at")
        )
    return Outcome(participant, placement, notice, objections)


def season_steps(mine: MyList, notice: PublicNotice | None) -> list[dict[str, str]]:
    """Return what happens when, for the season line."""
    round_ = mine.round
    here = _ORDER.index(RoundState(round_.state)) if round_.state in _ORDER else -1
    details = [
        _until(mine.calendar.closes_at if mine.calendar else None),
        _until(round_.answers_close_at),
        "",
        "",
        _until(notice.ends_at if notice else None),
        "",
    ]
    labels = [
        _("You choose"),
        _("Mentors answer"),
        _("Lists closed"),
        _("Matched and reviewed"),
        _("Public notice"),
        _("Confirmed"),
    ]
    steps = []
    for place, (text, detail) in enumerate(zip(labels, details, strict=True)):
        last = place == here and round_.state == RoundState.CONFIRMED
        phase = "done" if place < here or last else "now" if place == here else "next"
        steps.append({"phase": phase, "label": text, "detail": detail})
    return steps


def _until(moment: dt.datetime | None) -> str:
    return _("until %(at)s") % {"at": format_datetime(moment)} if moment else ""


def numbers_at(run: Run, offer: Offer) -> dict[str, int]:
    """Return what anybody who asks may know of one offer in ``run``: counts, never names."""
    inputs = run.certificate["inputs"]
    wanted = str(offer.public_id)
    entry = inputs["offers"].get(wanted)
    if entry is None:
        return {}
    applied = {who for who, choices in inputs["students"].items() if wanted in _flat(choices)}
    liked = set(_flat(inputs["mentors"][entry["mentor"]]["preferences"]))
    return {
        "places": entry["quota"],
        "assigned": sum(pin["offer"] == wanted for pin in inputs["pins"].values()),
        "applicants": len(applied),
        "accepted": len(applied & liked),
        "placed": sum(held == wanted for held in run.result["offer_of"].values()),
    }


def _flat(preferences: Sequence[Any]) -> list[str]:
    """Return the ids of a list whose ties are lists."""
    return [one for entry in preferences for one in ([entry] if isinstance(entry, str) else entry)]
