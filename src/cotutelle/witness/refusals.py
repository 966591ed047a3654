"""How often what was refused. Statistics, not evidence: a crash may lose the last seconds."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from cotutelle.witness.records import now
from cotutelle.witness.store import Store


class Refusals:
    """Counts in memory, and in the store from time to time: a refusal must not cost a disk write."""

    def __init__(self, store: Store, clock: Callable[[], int] = now) -> None:
        self._store = store
        self._clock = clock
        self._turn = threading.Lock()
        self._waiting: Counter[tuple[str, str]] = Counter()

    def count(self, code: str, origin: str) -> None:
        """Remember one refusal; ``origin`` is "" when the log is none of ours."""
        with self._turn:
            self._waiting[code, origin] += 1

    def flush(self) -> None:
        """Add what was counted to the store."""
        with self._turn:
            waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        rows = [(code, origin, count, self._clock()) for (code, origin), count in waiting.items()]
        with self._store.writing() as db:
            db.executemany(
                "INSERT INTO refusals (code, origin, count, latest) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (code, origin) DO UPDATE SET count = count + excluded.count,"
                " latest = excluded.latest",
                rows,
            )
