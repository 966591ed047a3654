"""What a policy of witnesses tolerates, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True, slots=True)
class Tolerance:
    """
    ``needed`` of ``total`` witnesses, against ``colluders`` that might sign two histories.

    Any two groups of ``needed`` share ``2 * needed - total`` witnesses; two histories can both
    be signed only if all of the shared ones sign both.
    """

    needed: int
    total: int
    colluders: int = 0

    @property
    def shared(self) -> int:
        """How many witnesses any two sufficient groups have in common, at the least."""
        return max(0, 2 * self.needed - self.total)

    @property
    def outages(self) -> int:
        """How many witnesses may be down."""
        return self.total - self.needed

    @property
    def is_disjoint(self) -> bool:
        """Whether two groups without a common witness could each sign a history."""
        return self.shared == 0

    @property
    def holds(self) -> bool:
        """Whether two histories need more colluders than are feared: 2k - n > f."""
        return self.needed <= self.total and self.shared > self.colluders

    def groups(self, names: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
        """Return two sufficient groups with as little in common as can be, and what they share."""
        first, second = list(names[: self.needed]), list(names[-self.needed :])
        return first, second, [name for name in first if name in second]

    def sentences(self) -> list[str]:
        """Say what the policy means: when a checkpoint counts, who may be down, who may lie."""
        counts = ngettext(
            "A checkpoint counts when %(k)d of %(n)d witness has signed it.",
            "A checkpoint counts when %(k)d of %(n)d witnesses have signed it.",
            self.total,
        ) % {"k": self.needed, "n": self.total}
        return [counts, self._says_outages(), self._says_colluders()]

    def _says_outages(self) -> str:
        if not self.outages:
            return _("None may be down: one that does not answer stops the log.")
        return ngettext(
            "%(n)d may be down, and the log goes on.",
            "%(n)d may be down at once, and the log goes on.",
            self.outages,
        ) % {"n": self.outages}

    def _says_colluders(self) -> str:
        if self.is_disjoint:
            return _("Two groups without a common witness could sign two different histories.")
        if self.shared == 1:
            return _("None may collude: one that signs two different histories is enough.")
        return ngettext(
            "%(f)d may collude: showing two different histories takes %(more)d.",
            "%(f)d may collude: showing two different histories takes %(more)d.",
            self.shared - 1,
        ) % {"f": self.shared - 1, "more": self.shared}
