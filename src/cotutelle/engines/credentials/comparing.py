"""
Whether all states of a log in one file belong to one history.

Two checkpoints of one size with two roots are a fork that anybody sees. Two of different sizes are compared by a
consistency proof, which the file carries; a log that showed one history to some and another to others cannot
make one. Where none is carried, the report says so: nothing is wrong, but nothing was compared either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.translog import ProofError, verify_consistency
from cotutelle.engines.translog.strict import decode_base64, is_number

MAX_PROOFS = 64

Heads = Mapping[str, Mapping[int, bytes]]


@dataclass(frozen=True, slots=True)
class _Proof:
    origin: str
    small: int
    large: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """Sizes of a log, as text, of which nothing shows that they belong to one history."""

    origin: str
    sizes: tuple[str, ...]


def compare_heads(proofs: object, heads: Heads) -> Apart | None:
    """
    Check the consistency proofs of a file; return what they leave uncompared of the first log.

    Parameters
    ----------
    proofs
        ``[{"origin", "from", "to", "proof": [base64]}]`` or None. What is about other states is
        passed over.
    heads
        origin → size → root, as the file states them elsewhere.

    Raises
    ------
    VerifyError
        ``witnesses.malformed``, or ``witnesses.inconsistent`` where a proof does not hold.

    Notes
    -----
    Source: RFC 9162, section 2.1.4.2.
    """
    joined: dict[str, list[tuple[int, int]]] = {}
    for proof in _read(proofs):
        roots = heads.get(proof.origin, {})
        if proof.small in roots and proof.large in roots:
            _check(proof, roots)
            joined.setdefault(proof.origin, []).append((proof.small, proof.large))
    for origin in sorted(heads):
        apart = _apart(sorted(heads[origin]), joined.get(origin, []))
        if apart:
            return Apart(origin, tuple(map(str, apart)))
    return None


def _check(proof: _Proof, roots: Mapping[int, bytes]) -> None:
    small, large = proof.small, proof.large
    try:
        verify_consistency(small, large, roots[small], roots[large], proof.hashes)
    except ProofError:
        raise VerifyError(
            "witnesses.inconsistent", origin=proof.origin, small=small, large=large
        ) from None


def _apart(sizes: Sequence[int], joined: Sequence[tuple[int, int]]) -> list[int]:
    """Return the sizes that no chain of proofs leads from to the largest, and the largest; or none."""
    reached = set(sizes[-1:])
    while more := {one for pair in joined if reached & set(pair) for one in pair} - reached:
        reached |= more
    left = [size for size in sizes if size not in reached]
    return [*left, sizes[-1]] if left else []


def _read(proofs: object) -> list[_Proof]:
    if proofs is None:
        return []
    if not isinstance(proofs, list) or len(proofs) > MAX_PROOFS:
        raise VerifyError("witnesses.malformed")
    return [_proof(item) for item in proofs]


def _proof(item: object) -> _Proof:
    told = item if isinstance(item, dict) else {}
    origin, small, large, hashes = (told.get(name) for name in ("origin", "from", "to", "proof"))
    if (
        not isinstance(origin, str)
        or not is_number(small)
        or not is_number(large)
        or not isinstance(hashes, list)
        or not all(isinstance(text, str) for text in hashes)
        or not 1 <= small < large  # type: ignore[operator] # numbers, as is_number has seen
    ):
        raise VerifyError("witnesses.malformed")
    try:
        return _Proof(origin, small, large, tuple(map(decode_base64, hashes)))  # type: ignore[arg-type]
    except ValueError:
        raise VerifyError("witnesses.malformed") from None
