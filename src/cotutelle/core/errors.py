"""Errors that a user may see. Everything else is a bug."""

from __future__ import annotations


class RuleViolation(Exception):
    """
    A request that the rules of the programme do not allow.

    Attributes
    ----------
    code
        Stable, dotted, never translated; the API returns it as the problem type.
    status
        HTTP status of the problem: 409 unless said otherwise.
    field
        Name of the form or body field that is at fault, when there is one.
    """

    def __init__(self, code: str, message: str, *, status: int = 409, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.field = field


class Refused(RuleViolation):
    """The actor may not do this; the message names the rule."""

    def __init__(self, message: str, *, code: str = "access.denied") -> None:
        super().__init__(code, message, status=403)
