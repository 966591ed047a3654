"""Kinds of background work: each room registers what runs and what it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cotutelle.jobs.models import Job

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str


class JobHandle(Protocol):
    """What a handler holds in its hand: how it tells its progress and hears about a stop."""

    @property
    def job(self) -> Job:
        """The job, as it was when it started."""

    def progress(self, done: int, total: int) -> None:
        """Tell how far the work is; cheap, call it as often as you like."""

    def should_stop(self) -> bool:
        """Tell whether somebody asked to stop; then undo or finish, and return."""


Run = Callable[..., Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of job.

    Attributes
    ----------
    run
        ``run(handle, **args)``; must be able to run again after a crash.
    title
        What people read.
    done_url
        Where the result is; called with the finished job.
    done_label
        The words on the link to it.
    back_url
        Where one came from.
    atomic
        Everything the handler writes and the end of the job are one transaction.
    on_failed
        Called in a transaction of its own after the job failed, also when its worker died.
    """

    run: Run
    title: StrOrPromise = ""
    done_url: Callable[[Job], str] | None = None
    done_label: StrOrPromise = ""
    back_url: Callable[[Job], str] | None = None
    atomic: bool = False
    on_failed: Callable[[Job], None] | None = None


_kinds: dict[str, Kind] = {}


def handler(
    kind: str,
    *,
    title: StrOrPromise = "",
    done_url: Callable[[Job], str] | None = None,
    done_label: StrOrPromise = "",
    back_url: Callable[[Job], str] | None = None,
    atomic: bool = False,
    on_failed: Callable[[Job], None] | None = None,
) -> Callable[[Run], Run]:
    """Register the decorated function as what runs for ``kind``."""

    def decorate(run: Run) -> Run:
        _kinds[kind] = Kind(run, title, done_url, done_label, back_url, atomic, on_failed)
        return run

    return decorate


def kind_of(name: str) -> Kind | None:
    """Return what is registered for ``name``."""
    return _kinds.get(name)


def known_kinds() -> dict[str, Kind]:
    """Return all kinds by name."""
    return dict(_kinds)
