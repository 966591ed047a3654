"""The share bundle: one file that holds a credential and everything needed to check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cotutelle.engines.credentials.times import read_time
from cotutelle.engines.credentials.verifying import BUNDLE, digest_of

Evidence = Mapping[str, Any]


def build_bundle(
    *,
    credential: Mapping[str, Any],
    logged: Evidence | None,
    keys: Sequence[Evidence],
    made_at: str,
    status: Sequence[tuple[Mapping[str, Any], Evidence]] = (),
    members: Sequence[tuple[Mapping[str, Any], Evidence]] = (),
    disclosed: Sequence[Evidence] = (),
    anchors: Sequence[Mapping[str, Any]] = (),
    consistency: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """
    Return a share bundle (``cotutelle-bundle/1``).

    Parameters
    ----------
    logged : evidence that ``credential`` was issued; None while no published tree holds it.
    keys : evidence of every key event of the issuers involved.
    made_at : RFC 3339 time.
    status : status list credentials with evidence that they were logged.
    members : the credentials that a transcript contains, with evidence of their issuing.
    disclosed : evidence of the events that a transcript shows, with payload and salt.
    anchors : anchors of the tree that holds ``logged``.
    consistency : proofs between the sizes of one log that the file shows, as of ``compare_heads``.

    Raises
    ------
    ValueError
        When ``made_at`` is no time.
    """
    read_time(made_at)
    bundle: dict[str, Any] = {
        "format": BUNDLE,
        "made_at": made_at,
        "credential": credential,
        **({"logged": logged} if logged is not None else {}),
        "keys": list(keys),
        "status": [{"credential": document, "logged": proof} for document, proof in status],
        "anchors": list(anchors),
        **({"consistency": list(consistency)} if consistency else {}),
    }
    if members or disclosed or "ClrCredential" in credential.get("type", []):
        bundle["members"] = [
            {"digest": digest_of(document), "logged": proof} for document, proof in members
        ]
        bundle["disclosed"] = list(disclosed)
    return bundle
