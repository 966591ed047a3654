"""How often one address may ask: a bucket of requests that fills again at a steady rate."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

BURST_SECONDS = 20
MAX_ADDRESSES = 10_000


class RateLimit:
    """
    At most ``per_second`` requests of one address in the long run, and a burst of 20 seconds' worth.

    Only the addresses seen last are remembered, so that a flood from many costs no memory.

    Parameters
    ----------
    per_second
        Requests; 0 limits nothing.
    clock
        Seconds that never run back.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._turn = threading.Lock()

    def allows(self, address: str) -> bool:
        """Whether ``address`` may ask now; an allowed request is counted."""
        if not self._per_second:
            return True
        full = self._per_second * BURST_SECONDS
        with self._turn:
            now = self._clock()
            left, at = self._buckets.pop(address, (full, now))
            left = min(full, left + (now - at) * self._per_second)
            allowed = left >= 1
            self._buckets[address] = (left - 1 if allowed else left, now)
            if len(self._buckets) > MAX_ADDRESSES:
                self._buckets.popitem(last=False)
        return allowed
