"""The rules of a plan, as one value: what a residency office weighs against what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.utils.translation import gettext as _

POLICY_KIND = "rotations.plan"
LONGEST_SECONDS = 600
_MOST_WEIGHT = 1000
_WHOLE = 100


@dataclass(frozen=True, slots=True)
class PlanRules:
    """
    Parameters of a planning policy.

    Points: each block done counts ``block_points``; a wish of weight w for a ward ``w ×
    ward_points``, for a hospital ``w × hospital_points``; an idle month costs ``idle_cost``, a
    change of hospital ``change_cost``, a trainee-month above ``target_percent`` of a ward's
    places ``smooth``, and the worst-off trainee's points count ``fairness`` times more. A month
    of a re-plan that differs from the plan in force costs ``keep``. ``slack_months`` is how much
    longer than the curriculum a plan may last, leave not counted; ``minimums`` says whether the
    fewest trainees of wards bind this plan (in the months in which everybody trains); a month with at least
    ``leave_days`` days of leave is away. ``most_in_hospital`` is the most blocks in one hospital,
    ``None`` for no bound; ``time_limit`` is in seconds.
    """

    block_points: int = 10
    ward_points: int = 10
    hospital_points: int = 4
    fairness: int = 5
    smooth: int = 1
    target_percent: int = 90
    idle_cost: int = 6
    change_cost: int = 2
    keep: int = 1
    most_in_hospital: int | None = None
    minimums: bool = True
    slack_months: int = 3
    leave_days: int = 15
    time_limit: int = 60
    seed: int = 0

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> PlanRules:
        """Read stored parameters; unknown names are refused, missing ones take the default."""
        known = {f.name for f in fields(cls)}
        if unknown := set(parameters) - known:
            raise ValueError(f"parameters: unknown names {sorted(unknown)}")
        return cls(**parameters)

    def as_parameters(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def fault(self) -> tuple[str, str] | None:
        """Return what is wrong as (parameter, sentence); ``None`` for sound rules."""
        for name in WEIGHTS:
            if not 0 <= getattr(self, name) <= _MOST_WEIGHT:
                return name, _("A weight lies between 0 and 1000.")
        if not 1 <= self.time_limit <= LONGEST_SECONDS:
            return "time_limit", _("The time limit lies between 1 and 600 seconds.")
        if not 1 <= self.target_percent <= _WHOLE:
            return "target_percent", _("A share lies between 1 and 100 %.")
        if self.most_in_hospital is not None and self.most_in_hospital < 1:
            return "most_in_hospital", _("At least one block is done in a hospital.")
        if not 1 <= self.leave_days <= 31:  # noqa: PLR2004  days of a month
            return "leave_days", _("A month has 1 to 31 days.")
        return None


WEIGHTS = (
    "block_points",
    "ward_points",
    "hospital_points",
    "fairness",
    "smooth",
    "idle_cost",
    "change_cost",
    "keep",
)
