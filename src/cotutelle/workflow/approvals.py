"""Kinds of approvals: who may decide, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cotutelle.notices.wording import Text, fill
from cotutelle.workflow.models import Approval

MayDecide = Callable[[Any, Approval], str | None]
OnDecided = Callable[[Approval, Any], None]
StandsFor = Callable[[Any, Approval], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of approval.

    Attributes
    ----------
    may_decide
        ``(actor, approval)`` → why not, or ``None``. Never asked about the person who asked.
    on_decided
        ``(approval, actor)``, in the transaction of the decision.
    title
        What is asked, filled with the parameters.
    url_of
        The page of the thing it is about.
    stands_for
        ``(actor, approval)`` → in whose name the actor would decide (代办), or ``None``: then in
        their own. The room notes the act.
    """

    may_decide: MayDecide
    on_decided: OnDecided
    title: Text = ""
    url_of: Callable[[Approval], str] | None = None
    stands_for: StandsFor | None = None


_kinds: dict[str, Kind] = {}


def register(
    kind: str,
    *,
    may_decide: MayDecide,
    on_decided: OnDecided,
    title: Text = "",
    url_of: Callable[[Approval], str] | None = None,
    stands_for: StandsFor | None = None,
) -> None:
    """Declare a kind of approval."""
    _kinds[kind] = Kind(may_decide, on_decided, title, url_of, stands_for)


def kind_of(name: str) -> Kind | None:
    """Return what is registered for ``name``."""
    return _kinds.get(name)


def title_of(kind: str, params: Mapping[str, Any]) -> str:
    """Return what is asked, in the active language."""
    found = _kinds.get(kind)
    return fill(found.title, params) if found and found.title else kind


def url_of(approval: Approval) -> str:
    """Return the page of the thing it is about; empty when its room names none."""
    found = _kinds.get(approval.kind)
    return found.url_of(approval) if found and found.url_of else ""
