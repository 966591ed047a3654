"""The rules of a round, as one value: what a school decides before it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from cotutelle.mentorship.enums import PairRole, Signer
from cotutelle.selection.enums import (
    AdjustmentRefusal,
    Algorithm,
    LowerOrder,
    MentorAnswer,
    Objective,
    Regime,
    SilentMentor,
)

POLICY_KIND = "selection.round"
_WHOLE = 100
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class RoundRules:
    """
    Parameters of a round policy.

    ``notice_days`` are working days of the unit's calendar; ``override_share`` is the largest
    share of participants the school may assign itself (0–1); ``answer_days`` is how long a
    mentor has for one application in the sequential regime, in working days. ``time_limit`` of a
    run is in seconds; ``off_campus_most`` is how many students an off-campus practice mentor may
    take as first mentor, ``None`` for no limit of its own.
    """

    regime: str = Regime.DEFERRED_ACCEPTANCE
    mentor_answer: str = MentorAnswer.RANK
    silent_mentor: str = SilentMentor.ACCEPT_BY_SCORE
    adjustment_refusal: str = AdjustmentRefusal.STAYS_UNMATCHED
    min_choices: int = 1
    max_choices: int = 10
    interviews: bool = False
    same_discipline_only: bool = False
    uses_scores: bool = True
    ties_by_score: bool = True
    notice_days: int = 5
    answer_days: int = 3
    override_share_percent: int = 5
    algorithm: str = Algorithm.DEFERRED_ACCEPTANCE
    objective: str = Objective.SIZE
    lower_order: str = LowerOrder.BLOCKING
    time_limit: int = 60
    off_campus_most: int | None = None
    second_other_track: bool = True
    second_in_agreement: bool = False
    second_avoid_ended: bool = True
    first_responsible: str = PairRole.FIRST
    signs_leave: str = Signer.FIRST
    signs_claims: str = Signer.FIRST
    signs_thesis: str = Signer.BOTH

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> RoundRules:
        """Read stored parameters; unknown names are refused, missing ones take the default."""
        known = {f.name for f in fields(cls)}
        if unknown := set(parameters) - known:
            raise ValueError(f"parameters: unknown names {sorted(unknown)}")
        return cls(**parameters)

    def fault(self) -> tuple[str, str] | None:
        """Return what is wrong as (parameter, sentence); ``None`` for sound rules."""
        choices: tuple[tuple[str, type[TextChoices]], ...] = (
            ("regime", Regime),
            ("mentor_answer", MentorAnswer),
            ("silent_mentor", SilentMentor),
            ("adjustment_refusal", AdjustmentRefusal),
            ("algorithm", Algorithm),
            ("objective", Objective),
            ("lower_order", LowerOrder),
            ("first_responsible", PairRole),
            ("signs_leave", Signer),
            ("signs_claims", Signer),
            ("signs_thesis", Signer),
        )
        for name, allowed in choices:
            if getattr(self, name) not in allowed.values:
                return name, _("Choose one of the values.")
        numbers = (
            (
                1 <= self.min_choices <= self.max_choices,
                "min_choices",
                _("The least number of choices is above the most."),
            ),
            (
                self.notice_days >= 1 and self.answer_days >= 1,
                "notice_days",
                _("At least one working day is needed."),
            ),
            (
                0 <= self.override_share_percent <= _WHOLE,
                "override_share_percent",
                _("A share lies between 0 and 100 %."),
            ),
            (
                1 <= self.time_limit <= _LONGEST,
                "time_limit",
                _("The time limit lies between 1 and 600 seconds."),
            ),
            (
                self.off_campus_most is None or self.off_campus_most >= 0,
                "off_campus_most",
                _("A number of students is not negative."),
            ),
        )
        return next(((name, says) for sound, name, says in numbers if not sound), None)

    def as_parameters(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)
