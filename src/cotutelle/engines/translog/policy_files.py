"""Reading policy files (C2SP tlog-policy, "Policy file syntax and structure")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cotutelle.engines.translog.errors import NoteError, PolicyError
from cotutelle.engines.translog.keys import Algorithm, Verifier

NONE = "none"
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_SPACE = re.compile(rb"[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,8}")
_MAX_BYTES = 1_000_000
_LOG_TYPES = (Algorithm.ED25519, Algorithm.COSIGNATURE_MLDSA44)
_WITNESS_TYPES = (Algorithm.COSIGNATURE, Algorithm.COSIGNATURE_MLDSA44)
_LOG_ITEMS = (1, 2)
_WITNESS_ITEMS = (2, 3)
_GROUP_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Log:
    """A log that a policy accepts; the key's name is its origin."""

    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness, by the name it has in the policy."""

    name: str
    verifier: Verifier
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A group that witnesses when at least ``threshold`` of its members do."""

    name: str
    threshold: int
    members: tuple[str, ...]


class PolicyParts(NamedTuple):
    """What a policy file says, and its own text."""

    text: str
    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str


def read_policy(text: str | bytes) -> PolicyParts:
    """Read a policy file; see `Policy.parse` for what it may hold and what is raised."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    if len(data) > _MAX_BYTES:
        raise PolicyError("policy.too_large", f"more than {_MAX_BYTES} octets")
    if _FORBIDDEN.search(data):
        raise PolicyError("policy.control", "control characters other than tab and newline")
    reader = _Reader()
    for number, line in enumerate(data.split(b"\n"), 1):
        items = [_name(item) for item in _SPACE.split(line) if item]
        if not items or items[0].startswith("#"):
            continue
        try:
            reader.take(items[0], items[1:])
        except (PolicyError, NoteError) as error:
            evidence = {**error.evidence, "line": number}
            raise PolicyError(error.code, f"line {number}: {error}", evidence) from error
    if reader.quorum is None:
        raise PolicyError("policy.no_quorum", "no quorum line")
    return PolicyParts(
        _name(data),
        tuple(reader.logs),
        tuple(reader.witnesses),
        tuple(reader.groups),
        reader.quorum,
    )


def _name(octets: bytes) -> str:
    """Return octets as text, one to one: names compare as their octets do."""
    return octets.decode("utf-8", "surrogateescape")


class _Reader:
    """What the lines so far have defined."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def take(self, keyword: str, items: Sequence[str]) -> None:
        """Take one line; raises ``PolicyError`` or ``NoteError``."""
        if keyword == "log" and len(items) in _LOG_ITEMS:
            self._log(*items)
        elif keyword == "witness" and len(items) in _WITNESS_ITEMS:
            self._witness(*items)
        elif keyword == "group" and len(items) >= _GROUP_ITEMS:
            self._group(items[0], items[1], items[2:])
        elif keyword == "quorum" and len(items) == 1:
            self._quorum(items[0])
        else:
            raise PolicyError("policy.line", f"malformed line: {keyword[:40]}")

    def _log(self, vkey: str, url: str | None = None) -> None:
        key = _key(vkey, _LOG_TYPES, [log.verifier for log in self.logs])
        self.logs.append(Log(key, url))

    def _witness(self, name: str, vkey: str, url: str | None = None) -> None:
        key = _key(vkey, _WITNESS_TYPES, [witness.verifier for witness in self.witnesses])
        self._define(name)
        self.witnesses.append(Witness(name, key, url))

    def _group(self, name: str, threshold: str, members: Sequence[str]) -> None:
        for member in members:
            self._refuse_unknown(member)
            if member in self._members:
                raise PolicyError("policy.member_twice", f"{member} is a member already")
            self._members.add(member)
        if threshold in ("any", "all"):
            count = 1 if threshold == "any" else len(members)
        elif _THRESHOLD.fullmatch(threshold) and int(threshold) <= len(members):
            count = int(threshold)
        else:
            raise PolicyError("policy.threshold", "the threshold is any, all or from 1 to members")
        self._define(name)
        self.groups.append(Group(name, count, tuple(members)))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise PolicyError("policy.quorum_twice", "there is one quorum line")
        if name != NONE:
            self._refuse_unknown(name)
        self.quorum = name

    def _define(self, name: str) -> None:
        if name == NONE or name in self._names:
            raise PolicyError("policy.name_taken", f"the name {name} is taken")
        self._names.add(name)

    def _refuse_unknown(self, name: str) -> None:
        if name not in self._names:
            raise PolicyError("policy.unknown_name", f"{name} is not defined above")


def _key(vkey: str, types: Sequence[Algorithm], earlier: Sequence[Verifier]) -> Verifier:
    """Read a key; the same public key under another name is a duplicate."""
    key = Verifier.parse(vkey)
    if key.algorithm not in types:
        raise PolicyError("policy.key_type", "a key of this type has no place here")
    for other in earlier:
        if other.public_key == key.public_key:
            raise PolicyError("policy.key_twice", f"the key of {other.name} again")
        if (other.name, other.key_id) == (key.name, key.key_id):
            raise PolicyError("policy.key_collision", f"name and id of {other.name} again")
    return key
