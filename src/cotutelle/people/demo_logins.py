"""Sign-in names shown on the sign-in page of a demo, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """Somebody invented, and what the reader may try with it."""

    role: str
    name: str
    username: str
    password: str


Source = Callable[[], Sequence[DemoLogin]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Let the demo seed name its logins; asked on every sign-in page, so keep it quick."""
    _sources[:] = [source]


def demo_logins() -> list[DemoLogin]:
    """Return the logins to show: none outside a demo."""
    if not settings.COTUTELLE_DEMO:
        return []
    return [login for source in _sources for login in source()]
