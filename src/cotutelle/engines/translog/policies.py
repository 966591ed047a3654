"""
Trust policies: which logs, which witnesses, how many of them.

Source of the grammar and of what it means: C2SP tlog-policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from cotutelle.engines.translog.errors import NoteError, PolicyError
from cotutelle.engines.translog.heads import Checkpoint
from cotutelle.engines.translog.keys import Verifier
from cotutelle.engines.translog.merkle import leaf_hash, verify_inclusion
from cotutelle.engines.translog.notes import Note, verify_note
from cotutelle.engines.translog.policy_files import NONE, Group, Log, Witness, read_policy
from cotutelle.engines.translog.proofs import LogProof

__all__ = [
    "Group",
    "Log",
    "Policy",
    "Proven",
    "Tolerances",
    "Witness",
    "Witnessed",
    "threshold_policy",
    "tolerances",
]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """
    A checkpoint that satisfies a policy.

    ``cosigners`` holds each witness of the policy that cosigned and the time it stated (seconds
    since 1970), in the order of the policy; ``log`` is the key that signed.
    """

    checkpoint: Checkpoint
    cosigners: tuple[tuple[str, int], ...]
    log: Verifier


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry that is proven to be in a log that satisfies a policy."""

    index: int
    checkpoint: Checkpoint
    cosigners: tuple[tuple[str, int], ...]
    log: Verifier


@dataclass(frozen=True, slots=True)
class Policy:
    """
    Whom to believe.

    ``logs``, ``witnesses`` and ``groups`` are in the order of the file, ``quorum`` is the name
    of a witness or group, or ``none``. Octets beyond UTF-8 in names stand as lone surrogates.
    Made by `Policy.parse` or `threshold_policy`, which refuse what the grammar refuses.
    """

    text: str
    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str

    @classmethod
    def parse(cls, text: str | bytes) -> Policy:
        """
        Read a policy file.

        Parameters
        ----------
        text
            Octets, or text that stands for its UTF-8. At most 1,000,000 octets.

        Raises
        ------
        PolicyError
            When it breaks the grammar, with the line's number in the evidence.

        Source: C2SP tlog-policy "Policy file syntax and structure".
        """
        return cls(*read_policy(text))

    def is_met_by(self, cosigners: AbstractSet[str]) -> bool:
        """Return whether these witnesses, by name, are a quorum. Source: C2SP tlog-policy."""
        met = set(cosigners)
        for group in self.groups:
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(group.name)
        return self.quorum == NONE or self.quorum in met

    def check(self, note: str | bytes) -> Witnessed:
        """
        Check a signed and cosigned checkpoint.

        Parameters
        ----------
        note
            A checkpoint with its signatures.

        Raises
        ------
        PolicyError
            When it is malformed, a known signature is bad, no log of the policy signed it under
            its own origin, or the cosigners are no quorum.

        Source: C2SP tlog-policy "What is a policy?", "Defining a log".
        """
        try:
            parsed = Note.parse(note)
            head = Checkpoint.parse(parsed.text)
            keys = [log.verifier for log in self.logs]
            keys += [witness.verifier for witness in self.witnesses]
            times = {found.verifier: found.timestamp for found in verify_note(parsed, keys)}
        except NoteError as error:
            raise PolicyError(error.code, str(error), error.evidence) from error
        log = next(
            (
                known.verifier
                for known in self.logs
                if known.verifier in times and known.verifier.name == head.origin
            ),
            None,
        )
        if log is None:
            evidence = {"origin": head.origin, "logs": [known.verifier.name for known in self.logs]}
            raise PolicyError("policy.log", "no log of the policy signed the checkpoint", evidence)
        cosigners = tuple(
            (witness.name, times[witness.verifier] or 0)
            for witness in self.witnesses
            if witness.verifier in times
        )
        if not self.is_met_by({name for name, _ in cosigners}):
            evidence = {"quorum": self.quorum, "cosigners": [name for name, _ in cosigners]}
            raise PolicyError("policy.quorum", "too few witnesses cosigned", evidence)
        return Witnessed(head, cosigners, log)

    def verify(self, entry: bytes, proof: str | bytes) -> Proven:
        """
        Check that an entry is in a log that satisfies this policy.

        Parameters
        ----------
        entry
            Its exact bytes.
        proof
            Text of a proof file.

        Raises
        ------
        ProofError
            When the file is malformed or the entry is not where it says.
        PolicyError
            When the checkpoint does not satisfy the policy.

        Source: C2SP tlog-proof; RFC 9162 2.1.3.2.
        """
        read = LogProof.parse(proof)
        found = self.check(read.checkpoint)
        head = found.checkpoint
        verify_inclusion(read.index, head.size, leaf_hash(entry), read.hashes, head.root)
        return Proven(read.index, head, found.cosigners, found.log)


@dataclass(frozen=True, slots=True)
class Tolerances:
    """
    What a policy withstands.

    ``colluders``: so many witnesses may sign two histories without two quorums for different
    trees arising. ``outages``: any so many witnesses may be silent and a quorum is still there.
    ``disjoint``: two quorums may have no witness in common; then honest witnesses alone cannot
    keep a log from showing two histories.
    """

    colluders: int
    outages: int
    disjoint: bool


def tolerances(policy: Policy) -> Tolerances:
    """
    Return what a policy withstands, in O(size of the policy).

    Two quorums of a group k of n share at least ``max(0, 2k - n)`` members, at worst those whose
    own quorums overlap least; a group is blocked when ``n - k + 1`` members are, at best those
    blocked most easily. As each name is a member once, these are exact.

    Source: C2SP tlog-policy "Defining a witness group"; Malkhi and Reiter (1998), Byzantine
    quorum systems, on overlap and availability.
    """
    if policy.quorum == NONE:
        return Tolerances(0, len(policy.witnesses), True)
    overlap = {witness.name: 1 for witness in policy.witnesses}
    blocking = dict(overlap)
    for group in policy.groups:
        size = len(group.members)
        shared = sorted(overlap[member] for member in group.members)
        overlap[group.name] = sum(shared[: max(0, 2 * group.threshold - size)])
        silent = sorted(blocking[member] for member in group.members)
        blocking[group.name] = sum(silent[: size - group.threshold + 1])
    common = overlap[policy.quorum]
    return Tolerances(max(0, common - 1), blocking[policy.quorum] - 1, common == 0)


def threshold_policy(logs: Sequence[str], witnesses: Mapping[str, str], threshold: int) -> Policy:
    """
    Return the policy "one of these logs and ``threshold`` of these witnesses".

    Parameters
    ----------
    logs
        Verifier keys.
    witnesses
        Name to verifier key.
    threshold
        1 to the number of witnesses; 0 for no witness at all. Ask `tolerances` what it is worth.

    Raises
    ------
    PolicyError
        When a key or name is unfit or there twice.
    """
    lines = [f"log {key}" for key in logs]
    lines += [f"witness {name} {key}" for name, key in witnesses.items()]
    quorum = NONE
    if threshold or witnesses:
        quorum = "quorum"
        while quorum in witnesses:
            quorum += "-"
        lines.append(f"group {quorum} {threshold} {' '.join(witnesses)}")
    return Policy.parse("\n".join([*lines, f"quorum {quorum}", ""]))
