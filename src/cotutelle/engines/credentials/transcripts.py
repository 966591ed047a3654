"""
Transcripts: several credentials in one, and what part of a person's trace they are.

The signed ``trace`` states how many events the trace has and the commitment of the last one. Each
event names the commitment of the one before it, so an event that is left out shows.

Source: 1EdTech *Comprehensive Learner Record 2.0*, section 5 (ClrCredential); the trace is our own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cotutelle.engines.credentials.achievements import in_two_languages, issuer_profile
from cotutelle.engines.credentials.names import CLR, CREDENTIALS_V2, OWN_TERMS
from cotutelle.engines.credentials.times import read_time


def build_transcript(
    *,
    credential_id: str,
    issuer: Mapping[str, Any],
    valid_from: str,
    name: Mapping[str, str],
    credentials: Sequence[Mapping[str, Any]],
    subject_id: str,
    trace_id: str,
    count: int,
    head: str | None,
    as_of: str,
    shown: Sequence[int],
    subject_name: Mapping[str, str] | None = None,
    description: Mapping[str, str] | None = None,
    status: Sequence[Mapping[str, Any]] = (),
    valid_until: str | None = None,
) -> dict[str, Any]:
    """
    Return a transcript without a proof; only ``eddsa-jcs-2022`` can sign it.

    Parameters
    ----------
    credentials : the signed credentials it contains.
    trace_id : the person's trace, a random UUID.
    count : events in the trace when it was made, from 0.
    head : commitment of event ``count`` in hexadecimal; None when there is none.
    as_of : when the trace was counted, RFC 3339.
    shown : numbers of the events disclosed with it, each from 1 to ``count``, once.

    Others as in ``build_credential``.

    Raises
    ------
    ValueError
        Naming the argument that cannot be used.
    """
    for time in (valid_from, as_of, *([valid_until] if valid_until else [])):
        read_time(time)
    _check_trace(count, head, shown)
    return {
        "@context": [CREDENTIALS_V2, CLR, OWN_TERMS],
        "id": credential_id,
        "type": ["VerifiableCredential", "ClrCredential"],
        "issuer": issuer_profile(issuer),
        "validFrom": valid_from,
        **({"validUntil": valid_until} if valid_until else {}),
        **in_two_languages(name=name, description=description),
        "credentialSubject": {
            "id": subject_id,
            "type": ["ClrSubject"],
            **in_two_languages(name=subject_name),
            "verifiableCredential": [dict(credential) for credential in credentials],
            "trace": {
                "id": trace_id,
                "count": count,
                "head": head,
                "asOf": as_of,
                "shown": sorted(shown),
            },
        },
        **({"credentialStatus": [dict(entry) for entry in status]} if status else {}),
    }


def _check_trace(count: int, head: str | None, shown: Sequence[int]) -> None:
    if count < 0:
        raise ValueError(f"count: {count} is negative")
    if (head is None) != (count == 0):
        raise ValueError("head: a trace has a last event exactly when it has events")
    if len(set(shown)) != len(shown) or any(not 1 <= seq <= count for seq in shown):
        raise ValueError(f"shown: not different numbers from 1 to {count}")
