"""What follows when a principal objects to what an agent did."""

from __future__ import annotations

from collections.abc import Callable

from cotutelle.workflow.models import ProxyAct

OnObjection = Callable[[ProxyAct], None]
_handlers: dict[str, OnObjection] = {}


def register(action: str, on_objection: OnObjection) -> None:
    """Call ``on_objection(act)`` in the transaction of an objection to ``action``."""
    _handlers[action] = on_objection


def handler_of(action: str) -> OnObjection | None:
    """Return what is registered for ``action``."""
    return _handlers.get(action)
