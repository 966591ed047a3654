"""
Certificates: a result together with everything needed to check it again.

A certificate is an object that JSON can hold. Its digests are SHA-256 over canonical JSON
(RFC 8785), so a printed digest fixes inputs and result whatever the file looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cotutelle.engines.matching.canonical import canonical_json, sha256_of
from cotutelle.engines.matching.deferred_acceptance import ALGORITHM, ALGORITHM_VERSION, Matching
from cotutelle.engines.matching.entities import (
    Ban,
    InvalidProblem,
    Mentor,
    Offer,
    OfferId,
    Pin,
    StudentId,
)
from cotutelle.engines.matching.figures import rank_profile
from cotutelle.engines.matching.preferences import Preferences, is_strict
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.verification import Verdict, Violation, verify_matching

FORMAT = "cotutelle/matching-certificate/1"
_FIELDS = ("algorithm", "evidence", "format", "input_sha256", "inputs", "result", "result_sha256")


class _Malformed(ValueError):
    """The certificate has not the shape it must have."""


def problem_to_json(problem: MatchingProblem) -> dict[str, Any]:
    """Return the inputs in the form that is hashed; see docs/reference/match.md."""
    return {
        "bans": sorted([s, o, ban.kind, ban.reason] for (s, o), ban in problem.bans.items()),
        "mentors": {
            key: {"preferences": _list_to_json(mentor.preferences), "quota": mentor.quota}
            for key, mentor in problem.mentors.items()
        },
        "offers": {
            key: {"mentor": offer.mentor_id, "quota": offer.quota}
            for key, offer in problem.offers.items()
        },
        "pins": {
            s: {"offer": pin.offer_id, "reason": pin.reason} for s, pin in problem.pins.items()
        },
        "seed": problem.seed,
        "students": {s: _list_to_json(prefs) for s, prefs in problem.student_preferences.items()},
    }


def input_sha256(problem: MatchingProblem) -> str:
    """Return the SHA-256 that names the inputs, the seed among them."""
    return sha256_of(problem_to_json(problem))


def build_certificate(
    problem: MatchingProblem, matching: Matching, *, verdict: Verdict | None = None
) -> dict[str, Any]:
    """
    Return the self-contained record of a verified run.

    Parameters
    ----------
    problem, matching
        What was matched, and the result.
    verdict
        What `verify_matching` said about them; computed when not given.

    Raises
    ------
    ValueError
        When the verifier finds something wrong: there is no certificate of a bad result.
    """
    verdict = verdict or verify_matching(problem, matching.offer_of)
    if not verdict.ok:
        raise ValueError(f"matching: {'; '.join(map(str, verdict.problems))}")
    inputs = problem_to_json(problem)
    result = dict(matching.offer_of)
    return {
        "algorithm": {"name": ALGORITHM, "version": ALGORITHM_VERSION},
        "evidence": _evidence(problem, result, verdict),
        "format": FORMAT,
        "input_sha256": sha256_of(inputs),
        "inputs": inputs,
        "result": result,
        "result_sha256": sha256_of(result),
    }


def verify_certificate(certificate: object) -> Verdict:
    """
    Check a certificate by itself: digests, inputs, result, and every figure it states.

    Parameters
    ----------
    certificate
        What the JSON file holds.

    Returns
    -------
    Verdict
        The codes of `verify_matching` and ``malformed``, ``input_sha256``, ``result_sha256``,
        ``invalid_input``, ``algorithm`` and ``evidence``.
    """
    try:
        fields = _object(certificate, "certificate", _FIELDS)
        if fields["format"] != FORMAT:
            raise _Malformed(f"the format is {fields['format']!r}, not {FORMAT!r}")
        arguments = _problem_arguments(fields["inputs"])
        result = _texts(fields["result"], "result")
        found = [*_wrong_digests(fields), *_wrong_algorithm(fields["algorithm"])]
    except (_Malformed, UnicodeEncodeError) as error:
        return Verdict(ok=False, problems=(Violation("malformed", str(error)),))
    try:
        problem = MatchingProblem(**arguments)
    except InvalidProblem as error:
        found.extend(Violation("invalid_input", str(fault)) for fault in error.problems)
        return Verdict(ok=False, problems=tuple(found))
    verdict = verify_matching(problem, result)
    found.extend(verdict.problems)
    stated = fields["evidence"]
    if not any(violation.code.startswith("unknown_") for violation in verdict.problems):
        found.extend(_wrong_figures(stated, _evidence(problem, result, verdict)))
    return Verdict(not found, tuple(found), verdict.blocking_pairs, verdict.tolerated)


def _evidence(
    problem: MatchingProblem, result: Mapping[StudentId, OfferId], verdict: Verdict
) -> dict[str, Any]:
    return {
        "blocking_pairs": len(verdict.blocking_pairs),
        "rank_profile": list(rank_profile(problem, result)),
        "seed_sha256": sha256(problem.seed.encode()).hexdigest(),
        "size": len(result),
        "tolerated": sorted(
            [
                item.pair.student,
                item.pair.offer,
                item.pair.kind,
                item.cause,
                item.cause_student,
                item.cause_offer,
            ]
            for item in verdict.tolerated
        ),
        "unmatched": len(problem.student_preferences) - len(result),
    }


def _wrong_digests(fields: Mapping[str, Any]) -> list[Violation]:
    found = []
    for code, part in (("input_sha256", "inputs"), ("result_sha256", "result")):
        actual = sha256_of(fields[part])
        if fields[code] != actual:
            message = f"the certificate states {fields[code]}, its {part} give {actual}"
            found.append(Violation(code, message))
    return found


def _wrong_algorithm(stated: object) -> list[Violation]:
    expected = {"name": ALGORITHM, "version": ALGORITHM_VERSION}
    if _same(stated, expected):
        return []
    return [Violation("algorithm", f"the algorithm is {stated!r}, this checks {expected!r}")]


def _wrong_figures(stated: object, actual: Mapping[str, Any]) -> list[Violation]:
    if not isinstance(stated, dict):
        return [Violation("evidence", "the evidence is not an object")]
    return [
        Violation("evidence", f"{key} is stated as {stated.get(key)!r}, it is {actual.get(key)!r}")
        for key in sorted(actual.keys() | stated.keys())
        if key not in stated or key not in actual or not _same(stated[key], actual[key])
    ]


def _same(stated: object, actual: object) -> bool:
    """Equality as JSON: in Python alone 1, 1.0 and True would be one and the same."""
    return canonical_json(stated) == canonical_json(actual)


def _list_to_json(preferences: Preferences) -> list[Any]:
    if is_strict(preferences):
        return list(preferences)
    return [
        group if isinstance(group, str) else group[0] if len(group) == 1 else sorted(group)
        for group in preferences
    ]


def _problem_arguments(inputs: object) -> dict[str, Any]:
    fields = _object(inputs, "inputs", ("bans", "mentors", "offers", "pins", "seed", "students"))
    offers, mentors, pins = {}, {}, {}
    for key, value in _object(fields["offers"], "offers").items():
        offer = _object(value, f"offer {key!r}", ("mentor", "quota"))
        offers[key] = Offer(_text(offer["mentor"], key), _whole(offer["quota"], key))
    for key, value in _object(fields["mentors"], "mentors").items():
        mentor = _object(value, f"mentor {key!r}", ("preferences", "quota"))
        preferences = _preferences(mentor["preferences"], key)
        mentors[key] = Mentor(_whole(mentor["quota"], key), preferences)
    for key, value in _object(fields["pins"], "pins").items():
        pin = _object(value, f"the pin of {key!r}", ("offer", "reason"))
        pins[key] = Pin(_text(pin["offer"], key), _text(pin["reason"], key))
    students = _object(fields["students"], "students").items()
    return {
        "student_preferences": {key: _preferences(value, key) for key, value in students},
        "offers": offers,
        "mentors": mentors,
        "pins": pins,
        "bans": _bans(fields["bans"]),
        "seed": _text(fields["seed"], "seed"),
    }


def _bans(value: object) -> dict[tuple[str, str], Ban]:
    bans: dict[tuple[str, str], Ban] = {}
    if not isinstance(value, list):
        raise _Malformed("bans is not a list")
    for row in value:
        if not isinstance(row, list) or list(map(type, row)) != [str] * 4:
            raise _Malformed(f"the ban {row!r} is not student, offer, kind, reason")
        if (row[0], row[1]) in bans:
            raise _Malformed(f"the ban {row!r} is there twice")
        bans[row[0], row[1]] = Ban(row[2], row[3])
    return bans


def _object(value: object, name: str, keys: tuple[str, ...] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Malformed(f"{name} is not an object")
    if keys is not None and value.keys() != set(keys):
        odd = ", ".join(sorted(map(str, value.keys() ^ set(keys))))
        raise _Malformed(f"{name} lacks or has too much: {odd}")
    return value


def _texts(value: object, name: str) -> dict[str, str]:
    return {key: _text(item, f"{name} of {key!r}") for key, item in _object(value, name).items()}


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _Malformed(f"{name}: {value!r} is not text")
    return value


def _whole(value: object, name: str) -> int:
    if type(value) is not int:
        raise _Malformed(f"{name}: the quota {value!r} is not a whole number")
    return value


def _preferences(value: object, name: str) -> Preferences:
    if not isinstance(value, list):
        raise _Malformed(f"the list of {name!r} is not a list")
    if not is_strict(value):
        for group in value:
            if not isinstance(group, str | list) or not all(isinstance(i, str) for i in group):
                raise _Malformed(f"the list of {name!r} holds {group!r}")
    return value
