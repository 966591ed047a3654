"""What `cotutelle plan` shows on standard error while it searches, and how it is stopped."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

    from cotutelle.engines.rotation import Progress, Report


@contextmanager
def watched() -> Iterator[Report]:
    """Yield a report for the solver: it shows a line in a terminal, and Ctrl-C stops it."""
    from rich.console import Console  # noqa: PLC0415

    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a second one ends at once

    handlers = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with Console(file=sys.stderr).status("planning") as status:

            def report(progress: Progress) -> bool:
                _show(status, progress)
                return not stopped

            yield report
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _show(status: Status, progress: Progress) -> None:
    score = "no plan yet" if progress.score is None else f"score {progress.score}"
    bound = "" if progress.bound is None else f", at most {progress.bound:.0f}"
    over = f", {progress.overdrawn} places overdrawn" if progress.overdrawn else ""
    status.update(f"{progress.seconds:.0f} s, {progress.stage}: {score}{bound}{over}")
