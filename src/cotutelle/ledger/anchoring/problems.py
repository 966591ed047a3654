"""What may go wrong between us, a chain and a time-stamping authority."""

from __future__ import annotations


class AnchorProblem(Exception):
    """
    An anchor could not be written or read.

    Attributes
    ----------
    code
        Stable and dotted: what programs look at (``anchor.unreachable``, ``anchor.refused`` …).
    retry
        Whether trying again later, with nothing changed, may succeed.
    """

    def __init__(self, code: str, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry
