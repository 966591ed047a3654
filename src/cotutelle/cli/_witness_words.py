"""What `cotutelle witness status` says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cotutelle.witness.dates import moment
from cotutelle.witness.words import say


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the facts of a witness as lines of English."""
    yield f"Witness {facts['name']}, {moment(facts['at'], 'en')}"
    for log in facts["logs"]:
        yield from _log(log)
    if not facts["logs"]:
        yield say("no_log", "en")
    for fork in facts["forks"]:
        yield f"FORK of {fork['origin']} at {fork['size']} entries, {moment(fork['at'], 'en')}:"
        yield from _quoted(fork["kept_note"] or say("fork_nothing", "en"))
        yield "  contradicted by"
        yield from _quoted(fork["other_note"])
    kinds: Counter[str] = Counter()
    for row in facts["entries"]["months"]:
        kinds[row["kind"]] += row["count"]
    for kind, count in sorted(kinds.items()):
        yield f"In our name: {say(f'kind.{kind}', 'en')} {count}"
    for row in facts["refusals"]:
        yield f"Refused: {say('refusal.' + row['code'], 'en')} {row['count']}"
    for row in facts["documents"]["status"]:
        yield f"Mirrored: {row['id']} (entry {row['index']})"
    for row in facts["documents"]["keys"]:
        yield f"Mirrored: keys of {row['controller']} ({row['count']})"


def _log(log: Mapping[str, Any]) -> Iterator[str]:
    recorded = log["recorded"]
    if recorded is None:
        yield f"{log['origin']}: {say('none_cosigned', 'en')}"
    else:
        time = moment(recorded["cosigned_at"], "en")
        yield f"{log['origin']}: {recorded['size']} entries cosigned {time}, {recorded['root']}"
    for found in log["findings"]:
        sentence = say(f"finding.{found['code']}", "en", detail=found["detail"])
        mark = "WRONG" if found["is_alarm"] else "waiting"
        yield f"  {mark} since {moment(found['since'], 'en')}: {sentence}"


def _quoted(note: str) -> Iterator[str]:
    for line in note.rstrip("\n").split("\n"):
        yield f"  | {line}"
