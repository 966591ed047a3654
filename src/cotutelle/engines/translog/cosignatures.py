"""What witnesses sign about checkpoints (C2SP tlog-cosignature)."""

from __future__ import annotations

from cotutelle.engines.translog.errors import NoteError
from cotutelle.engines.translog.heads import Checkpoint
from cotutelle.engines.translog.keys import Signer, Verifier
from cotutelle.engines.translog.notes import NoteSignature, signature_line


def cosign(checkpoint_text: str, signer: Signer, timestamp: int) -> str:
    """
    Return the signature line, with its newline, by which a witness cosigns a checkpoint.

    Parameters
    ----------
    checkpoint_text
        The text without signatures, as the log signed it.
    signer
        Ed25519 or ML-DSA-44 cosignature key.
    timestamp
        Seconds since 1970, to 2**63 - 1.

    Raises
    ------
    ValueError
        When the text is no checkpoint, or the key no cosignature key.

    Source: C2SP tlog-cosignature "Format".
    """
    Checkpoint.parse(checkpoint_text)
    return signature_line(checkpoint_text, signer, timestamp)


def read_cosignature(checkpoint_text: str, line: str, verifier: Verifier) -> int:
    """
    Check a cosignature line and return its time (seconds since 1970).

    Raises
    ------
    NoteError
        When the line is malformed, another key's, or does not hold.

    Source: C2SP tlog-cosignature "Format".
    """
    found = NoteSignature.parse(line)
    if (found.name, found.key_id) != (verifier.name, verifier.key_id):
        raise NoteError("cosignature.key", f"not signed by {verifier.name}", {"line": line[:200]})
    time = verifier.verify(checkpoint_text, found.signature)
    if time is None:
        raise NoteError("cosignature.type", f"{verifier.name} is no cosignature key")
    return time
