"""What the services of an import share: checking a run, writing down what was found, moving it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from cotutelle.core import clock
from cotutelle.core.canonical import digest
from cotutelle.core.errors import RuleViolation
from cotutelle.exchange import queries
from cotutelle.exchange.checking import DUPLICATE, Check, check_rows
from cotutelle.exchange.enums import RUN_TRANSITIONS, RunState
from cotutelle.exchange.importing import Problem
from cotutelle.exchange.models import ImportRun

KEPT_PROBLEMS = 2_000
KEPT_QUESTIONS = 300


def check_run(run: ImportRun) -> Check:
    """Read the file again and compare it with the database; write nothing."""
    loaded = queries.load(run)
    return check_rows(
        loaded.importer, loaded.sheet, loaded.header, run.mapping, queries.context_of(run)
    )


def findings_of(found: Check) -> dict[str, Any]:
    """Return the fields of a run that say what ``found`` found."""
    return {
        "total": len(found.rows),
        "problems": [asdict(p) for p in found.problems[:KEPT_PROBLEMS]],
        "problem_count": len(found.problems),
        "problem_digest": digest_of(found.problems),
        "questions": [asdict(p) for p in found.questions[:KEPT_QUESTIONS]],
        "counts": {
            **asdict(found.counts),
            "good": len(found.good),
            "duplicates": sum(p.code == DUPLICATE for p in found.problems),
        },
        "language": translation.get_language() or "",
        "checked_at": clock.now(),
    }


def digest_of(problems: tuple[Problem, ...]) -> str:
    """Return what tells two findings apart, whatever the language."""
    return digest([[p.row, p.column, p.code, p.key] for p in problems])


def move_run(run: ImportRun, to: RunState, **changes: Any) -> None:
    """Set state and fields if nobody has moved the run since it was read."""
    seen = RunState(run.state)
    if to not in RUN_TRANSITIONS[seen]:
        raise wrong_state()
    if ImportRun.objects.filter(pk=run.pk, state=seen).update(state=to, **changes) != 1:
        raise wrong_state()
    run.state = to
    for name, value in changes.items():
        setattr(run, name, value)


def wrong_state() -> RuleViolation:
    """Return the refusal of a step that came too late."""
    return RuleViolation(
        "exchange.state",
        _("This import has moved on meanwhile. Reload the page to see where it stands."),
    )
