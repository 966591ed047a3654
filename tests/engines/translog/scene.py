"""A log of eleven entries, three witnesses, and what they sign."""

from __future__ import annotations

from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    Policy,
    Signer,
    Tree,
    add_signatures,
    cosign,
    leaf_hash,
    sign_note,
)

LOG = Signer("log.example/a", Algorithm.ED25519, b"L" * 32)
OTHER_LOG = Signer("log.example/b", Algorithm.ED25519, b"M" * 32)
X, Y, Z = (Signer(f"w.example/{n}", Algorithm.COSIGNATURE, n.encode() * 32) for n in "xyz")
Q = Signer("w.example/q", Algorithm.COSIGNATURE_MLDSA44, b"q" * 32)
ENTRIES = [b"entry %d" % n for n in range(11)]
TREE = Tree(map(leaf_hash, ENTRIES))
HEAD = Checkpoint("log.example/a", 11, TREE.root())
TIME = 1_700_000_000


def key_of(signer: Signer) -> str:
    return signer.verifier.vkey


def note_by(*witnesses: Signer, head: Checkpoint = HEAD, log: Signer = LOG) -> str:
    lines = [cosign(head.text, witness, TIME + n) for n, witness in enumerate(witnesses)]
    return add_signatures(sign_note(head.text, [log]), lines)


BASE = f"""log {key_of(LOG)}
witness X {key_of(X)}
witness Y {key_of(Y)}
witness Z {key_of(Z)} https://z.example/
"""


def policy_of(*lines: str) -> Policy:
    return Policy.parse(BASE + "\n".join(lines) + "\n")
