"""How a computation tells how far it is, and hears that it should stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from cotutelle.engines.rotation import Progress
from cotutelle.rotations.models import Scenario

EVERY_SECONDS = 0.7


class Teller:
    """
    The engine's report: writes best score and proven bound into the scenario now and then.

    Only the thread that made it talks to the database; calls from others are remembered.
    """

    def __init__(
        self, scenario: Scenario, time_limit: int, should_stop: Callable[[], bool]
    ) -> None:
        self._pk = scenario.pk
        self._limit = time_limit
        self._should_stop = should_stop
        self._thread = threading.get_ident()
        self._written = 0.0
        self._stop = False
        self._began = time.monotonic()

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stop

    def __call__(self, progress: Progress) -> bool:
        due = time.monotonic() - self._written >= EVERY_SECONDS
        if due and threading.get_ident() == self._thread:
            self._written = time.monotonic()
            self._write(progress)
        return not self._stop

    def _write(self, progress: Progress) -> None:
        rows = Scenario.objects.filter(pk=self._pk)
        rows.update(
            progress={
                "stage": progress.stage,
                "score": progress.score,
                "bound": progress.bound,
                "overdrawn": progress.overdrawn,
                "seconds": round(time.monotonic() - self._began),
                "limit": self._limit,
            }
        )
        asked = rows.values_list("is_stopping", flat=True).first()
        self._stop = self._stop or bool(asked) or self._should_stop()
