"""Refusals of this engine: a code that ``words.json`` turns into a sentence, and its parameters."""

from __future__ import annotations

_LONGEST = 200


def shown(value: object) -> str:
    """Return a text from a stranger's file as a refusal may repeat it: cut; empty for no text."""
    return value[:_LONGEST] if isinstance(value, str) else ""


class _Coded(ValueError):
    def __init__(self, code: str, /, **params: object) -> None:
        super().__init__(f"{code} {params}" if params else code)
        self.code = code
        self.params = params


class VerifyError(_Coded):
    """Something was checked and does not hold."""


class FileProblem(_Coded):
    """A file is not what it should be, so that nothing could be checked."""
