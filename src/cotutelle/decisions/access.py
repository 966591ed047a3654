"""Kinds of runs: who sees them, how they are checked again, and what their rules say in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cotutelle.decisions.models import Policy, Run

if TYPE_CHECKING:
    from django.db.models import Q
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str

WhyNot = Callable[[Any, Run], str | None]
Visible = Callable[[Any], "Q"]
Verify = Callable[[Any], Mapping[str, Any]]
InWords = Callable[[Any], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of decision.

    Attributes
    ----------
    title
        What it is called.
    why_not
        Why somebody may not see a run and its certificate; ``None`` when they may.
    visible
        The same as a condition on runs, for lists; without one only the offices list them.
    verify
        Checks a certificate with the engine's verifier; a verdict as `record_run` takes it.
    in_words
        Parameters of a policy as (name, value) sentences in the active language.
    back_url
        The page of the thing the run is about.
    checks
        What the labels of a verdict's checks mean, for people.
    """

    title: StrOrPromise
    why_not: WhyNot
    visible: Visible | None = None
    verify: Verify | None = None
    in_words: InWords | None = None
    back_url: Callable[[Run], str] | None = None
    checks: Mapping[str, StrOrPromise] = field(default_factory=dict)


_kinds: dict[str, Kind] = {}


def register(
    kind: str,
    *,
    title: StrOrPromise,
    why_not: WhyNot,
    visible: Visible | None = None,
    verify: Verify | None = None,
    in_words: InWords | None = None,
    back_url: Callable[[Run], str] | None = None,
    checks: Mapping[str, StrOrPromise] | None = None,
) -> None:
    """Declare a kind of decision. Without a declaration only administrators see its runs."""
    _kinds[kind] = Kind(title, why_not, visible, verify, in_words, back_url, checks or {})


def kind_of(name: str) -> Kind | None:
    """Return what is registered for ``name``."""
    return _kinds.get(name)


def known_kinds() -> dict[str, Kind]:
    """Return all kinds by name."""
    return dict(_kinds)


def title_of(name: str) -> str:
    """Return what a kind of decision is called, in the active language."""
    found = _kinds.get(name)
    return str(found.title) if found else name


def parameters_in_words(policy: Policy) -> list[tuple[str, str]]:
    """Return the parameters of a policy for people; their bare names where no room words them."""
    found = _kinds.get(policy.kind)
    if found and found.in_words:
        return [(str(name), str(value)) for name, value in found.in_words(policy.parameters)]
    if not isinstance(policy.parameters, Mapping):
        return [("", str(policy.parameters))]
    return [(name.replace("_", " "), str(value)) for name, value in policy.parameters.items()]
