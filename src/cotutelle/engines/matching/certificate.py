"""
Certificates: a result together with everything needed to check it again.

A certificate is an object that JSON can hold. Its digests are SHA-256 over canonical JSON
(RFC 8785), so a printed digest fixes inputs and result whatever the file looks like.

Format 1 holds deferred acceptance in markets of students, offers and mentors alone; format 2
whatever the other algorithms find, and groups, minimum quotas and weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast, get_args

from cotutelle.engines.matching.canonical import canonical_json, sha256_of
from cotutelle.engines.matching.certificate_inputs import (
    Malformed,
    is_plain,
    object_of,
    problem_arguments,
    problem_to_json,
    text_of,
    texts_of,
)
from cotutelle.engines.matching.deferred_acceptance import ALGORITHM, ALGORITHM_VERSION
from cotutelle.engines.matching.entities import InvalidProblem, OfferId, StudentId
from cotutelle.engines.matching.figures import rank_profile
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.result import Algorithm, Matching, Objective
from cotutelle.engines.matching.verification import Verdict, Violation, verify_matching

__all__ = [
    "FORMAT",
    "FORMAT_WITH_UNITS",
    "build_certificate",
    "input_sha256",
    "problem_to_json",
    "verify_certificate",
]

FORMAT = "cotutelle/matching-certificate/1"
FORMAT_WITH_UNITS = "cotutelle/matching-certificate/2"
_FIELDS = ("algorithm", "evidence", "format", "input_sha256", "inputs", "result", "result_sha256")


def input_sha256(problem: MatchingProblem) -> str:
    """Return the SHA-256 that names the inputs, the seed among them, whatever the algorithm."""
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
        What `verify_matching` said about them and the algorithm; computed when not given.

    Raises
    ------
    ValueError
        When the verifier finds something wrong: there is no certificate of a bad result.
    """
    algorithm = matching.algorithm
    verdict = verdict or verify_matching(problem, matching.offer_of, algorithm=algorithm)
    result = dict(matching.offer_of)
    simple = algorithm == "deferred-acceptance" and is_plain(problem)
    evidence = _evidence(problem, result, verdict, bindings=not simple)
    found = list(verdict.problems)
    if not simple:
        evidence |= {"bound": matching.bound, "status": matching.status}
        found.extend(_wrong_claims(evidence, algorithm))
    if found:
        raise ValueError(f"matching: {'; '.join(map(str, found))}")
    inputs = problem_to_json(problem)
    return {
        "algorithm": _algorithm(None if simple else algorithm, matching.objective),
        "evidence": evidence,
        "format": FORMAT if simple else FORMAT_WITH_UNITS,
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
        What the JSON file holds, of either format.

    Returns
    -------
    Verdict
        The codes of `verify_matching` and ``malformed``, ``input_sha256``, ``result_sha256``,
        ``invalid_input``, ``algorithm`` and ``evidence``.
    """
    try:
        fields = object_of(certificate, "certificate", _FIELDS)
        units = fields["format"] == FORMAT_WITH_UNITS
        if not units and fields["format"] != FORMAT:
            known = f"{FORMAT!r} or {FORMAT_WITH_UNITS!r}"
            raise Malformed(f"the format is {fields['format']!r}, not {known}")
        arguments = problem_arguments(fields["inputs"], units=units)
        result = texts_of(fields["result"], "result")
        algorithm = _stated_algorithm(fields["algorithm"]) if units else None
        found = [*_wrong_digests(fields), *_wrong_algorithm(fields["algorithm"], algorithm)]
    except (Malformed, UnicodeEncodeError) as error:
        return Verdict(ok=False, problems=(Violation("malformed", str(error)),))
    try:
        problem = MatchingProblem(**arguments)
    except InvalidProblem as error:
        found.extend(Violation("invalid_input", str(fault)) for fault in error.problems)
        return Verdict(ok=False, problems=tuple(found))
    verdict = verify_matching(problem, result, algorithm=algorithm or "deferred-acceptance")
    found.extend(verdict.problems)
    if not any(violation.code.startswith("unknown_") for violation in verdict.problems):
        actual = _evidence(problem, result, verdict, bindings=units)
        found.extend(_wrong_evidence(fields["evidence"], actual, algorithm))
    return replace(verdict, ok=not found, problems=tuple(found))


def _evidence(
    problem: MatchingProblem,
    result: Mapping[StudentId, OfferId],
    verdict: Verdict,
    *,
    bindings: bool,
) -> dict[str, Any]:
    tolerated = []
    for item in verdict.tolerated:
        pair = item.pair
        row: list[Any] = [pair.student, pair.offer, pair.kind]
        row += [item.cause, item.cause_student, item.cause_offer]
        if bindings:
            row.append(None if item.binding is None else list(item.binding))
        tolerated.append(row)
    return {
        "blocking_pairs": len(verdict.blocking_pairs),
        "rank_profile": list(rank_profile(problem, result)),
        "seed_sha256": sha256(problem.seed.encode()).hexdigest(),
        "size": len(result),
        "tolerated": sorted(tolerated, key=lambda row: row[:6]),
        "unmatched": len(problem.student_preferences) - len(result),
    }


def _algorithm(algorithm: Algorithm | None, objective: Objective) -> dict[str, Any]:
    if algorithm is None:
        return {"name": ALGORITHM, "version": ALGORITHM_VERSION}
    return {"name": algorithm, "objective": objective, "version": ALGORITHM_VERSION}


def _stated_algorithm(stated: object) -> Algorithm:
    fields = object_of(stated, "algorithm", ("name", "objective", "version"))
    name, objective = text_of(fields["name"], "algorithm"), fields["objective"]
    if name not in get_args(Algorithm):
        raise Malformed(f"the algorithm {name!r} is unknown")
    if objective not in (get_args(Objective) if name == "exact" else ("size",)):
        raise Malformed(f"the algorithm {name!r} knows no objective {objective!r}")
    return cast(Algorithm, name)


def _wrong_digests(fields: Mapping[str, Any]) -> list[Violation]:
    found = []
    for code, part in (("input_sha256", "inputs"), ("result_sha256", "result")):
        actual = sha256_of(fields[part])
        if fields[code] != actual:
            message = f"the certificate states {fields[code]}, its {part} give {actual}"
            found.append(Violation(code, message))
    return found


def _wrong_algorithm(stated: Any, algorithm: Algorithm | None) -> list[Violation]:
    expected = _algorithm(algorithm, "size" if algorithm is None else stated["objective"])
    if _same(stated, expected):
        return []
    return [Violation("algorithm", f"the algorithm is {stated!r}, this checks {expected!r}")]


def _wrong_evidence(
    stated: object, actual: dict[str, Any], algorithm: Algorithm | None
) -> list[Violation]:
    if not isinstance(stated, dict):
        return [Violation("evidence", "the evidence is not an object")]
    found = []
    if algorithm is not None:
        # Both rest on the solver's word; what they must agree with is checked.
        claims = {key: stated.get(key) for key in ("bound", "status")}
        actual = actual | claims
        found = _wrong_claims(actual, algorithm)
    found.extend(
        Violation("evidence", f"{key} is stated as {stated.get(key)!r}, it is {actual.get(key)!r}")
        for key in sorted(actual.keys() | stated.keys())
        if key not in stated or key not in actual or not _same(stated[key], actual[key])
    )
    return found


def _wrong_claims(evidence: Mapping[str, Any], algorithm: Algorithm) -> list[Violation]:
    """Return what is wrong with status and bound, beside the size they are stated with."""
    status, bound, size = evidence["status"], evidence["bound"], evidence["size"]
    possible = ("optimal", "feasible") if algorithm == "exact" else ("stable",)
    if status not in possible:
        sentence = f"the status is {status!r}, a result by {algorithm} is {' or '.join(possible)}"
        return [Violation("evidence", sentence)]
    if algorithm != "exact":
        if bound is None:
            return []
        return [Violation("evidence", f"the bound is {bound!r}, {algorithm} computes none")]
    if type(bound) is not int:
        return [Violation("evidence", f"the bound {bound!r} is not a whole number")]
    if bound < size or (status == "optimal" and bound > size):
        return [Violation("evidence", f"the size is {size}, the bound {bound} does not fit it")]
    return []


def _same(stated: object, actual: object) -> bool:
    """Equality as JSON: in Python alone 1, 1.0 and True would be one and the same."""
    try:
        return canonical_json(stated) == canonical_json(actual)
    except ValueError:  # not a number, or text that UTF-8 cannot hold
        return False
