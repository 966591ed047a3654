"""Sending heads to the witnesses, and publishing one when enough of them have cosigned it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import transaction

from cotutelle.core.clock import now
from cotutelle.engines.translog import (
    NoteError,
    NoteSignature,
    Policy,
    PolicyError,
    Verifier,
    consistency_proof,
    read_cosignature,
)
from cotutelle.ledger.enums import WitnessState
from cotutelle.ledger.models import Checkpoint, Cosignature, Witness
from cotutelle.ledger.queries.log import cosigned_note, current_policy, store_of, tree_of
from cotutelle.ledger.services import witness_client
from cotutelle.ledger.services.witness_client import Answer, Unreachable

AT_ONCE = 8
OK, FORBIDDEN, NOT_FOUND, CONFLICT, UNPROCESSABLE = 200, 403, 404, 409, 422
_PROBLEMS = {NOT_FOUND: "witness.unknown_log", FORBIDDEN: "witness.untrusted_key",
             UNPROCESSABLE: "witness.refused"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """A head on its way to a witness that has seen ``old_size`` leaves."""

    witness: Witness
    old_size: int
    proof: Sequence[bytes]
    note: str

    def send(self) -> Answer | None:
        """Return the answer; ``None`` when there is none."""
        url = self.witness.url
        try:
            return witness_client.add_checkpoint(url, self.old_size, self.proof, self.note)
        except Unreachable:
            return None


def cosign_head(checkpoint: Checkpoint) -> list[Witness]:
    """
    Ask every active witness that has not cosigned ``checkpoint`` to do it; keep what they answer.

    A witness that has seen less than we think is sent a longer proof at once.

    Returns
    -------
    list of Witness
        Those whose answer contradicts what this log knows of itself: `cotutelle.ledger.services.
        checking` looks into it before anything else is signed.
    """
    done = set(checkpoint.cosignatures.values_list("witness_id", flat=True))
    active = Witness.objects.filter(state=WitnessState.ACTIVE).exclude(pk__in=done)
    requests = [_request(one, checkpoint, _seen_by(one, checkpoint)) for one in active]
    odd, again = [], []
    for request, answer in _send_all(requests):
        if (size := _told_size(answer, checkpoint)) is not None and size != request.old_size:
            again.append(_request(request.witness, checkpoint, size))
        elif not _take(request.witness, checkpoint, answer):
            odd.append(request.witness)
    for request, answer in _send_all(again):
        if not _take(request.witness, checkpoint, answer):
            odd.append(request.witness)
    return odd


def ask_again(witness: Witness, head: Checkpoint) -> Answer | None:
    """Send ``head`` as to a witness that saw nothing, then with the proof from what it says it saw."""
    answer = _request(witness, head, 0).send()
    size = _told_size(answer, head)
    return _request(witness, head, size).send() if size else answer


def _seen_by(witness: Witness, checkpoint: Checkpoint) -> int:
    """Return the largest head below ``checkpoint`` that ``witness`` has cosigned."""
    rows = Cosignature.objects.filter(witness=witness, checkpoint__shard=checkpoint.shard)
    newest = rows.filter(checkpoint__size__lte=checkpoint.size).order_by("-checkpoint__size")
    return newest.values_list("checkpoint__size", flat=True).first() or 0


def _request(witness: Witness, checkpoint: Checkpoint, old_size: int) -> Request:
    proof: Sequence[bytes] = ()
    if 0 < old_size < checkpoint.size:
        tree = tree_of(checkpoint.shard, checkpoint.size)
        proof = consistency_proof(tree, old_size, checkpoint.size)
    return Request(witness, old_size, proof, checkpoint.note)


def _send_all(requests: Sequence[Request]) -> list[tuple[Request, Answer | None]]:
    if not requests:
        return []
    with ThreadPoolExecutor(min(AT_ONCE, len(requests))) as pool:
        return list(zip(requests, pool.map(Request.send, requests), strict=True))


def _told_size(answer: Answer | None, checkpoint: Checkpoint) -> int | None:
    """Return the size a witness says it has seen, when a longer proof would satisfy it."""
    if answer is None or answer.status != CONFLICT or answer.size is None:
        return None
    return answer.size if answer.size <= checkpoint.size else None


def _take(witness: Witness, checkpoint: Checkpoint, answer: Answer | None) -> bool:
    """Keep an answer; tell whether it fits what this log knows of itself."""
    if answer is None:
        _note_state(witness, problem="witness.unreachable")
        return True
    if answer.status == OK:
        try:
            keep_lines(checkpoint, witness, answer.text)
        except NoteError:
            _note_state(witness, problem="witness.signature", answered=True)
        return True
    if answer.status == CONFLICT:
        # A witness that saw another root at this size need not tell a size (C2SP tlog-witness).
        ahead = answer.size is not None and answer.size > checkpoint.size
        problem = "witness.ahead" if ahead else "witness.refused"
        _note_state(witness, problem=problem, answered=True, size=answer.size)
        return False
    _note_state(witness, problem=_PROBLEMS.get(answer.status, "witness.answer"), answered=True)
    return answer.status != UNPROCESSABLE


@transaction.atomic
def keep_lines(checkpoint: Checkpoint, witness: Witness, text: str) -> None:
    """
    Keep the cosignature lines that ``witness`` answered with.

    Lines of keys that we do not know are dropped: nobody can say what they are worth.

    Raises
    ------
    NoteError
        No line by the witness's key, one that does not hold, or one of a time that no calendar has.
    """
    head = checkpoint.note.partition("\n\n")[0] + "\n"
    keys = [Verifier.parse(key) for key in (witness.vkey, witness.extra_vkey) if key]
    kept = {}
    for line in filter(None, text.split("\n")):
        parsed = NoteSignature.parse(f"{line}\n")
        for key in keys:
            if (parsed.name, parsed.key_id) == (key.name, key.key_id):
                kept[key] = (f"{line}\n", read_cosignature(head, f"{line}\n", key))
    if keys[0] not in kept:
        raise NoteError("cosignature.missing", f"{witness.name} did not sign")
    try:
        at = dt.datetime.fromtimestamp(kept[keys[0]][1], tz=dt.UTC)
    except (OSError, OverflowError, ValueError) as error:
        raise NoteError("cosignature.time", f"{witness.name} signed at no time") from error
    rows = [
        Cosignature(checkpoint=checkpoint, witness=witness, line=line, at=at)
        for line, _time in kept.values()
    ]
    Cosignature.objects.bulk_create(rows, ignore_conflicts=True)
    _note_state(witness, answered=True, size=checkpoint.size)


def _note_state(
    witness: Witness, *, problem: str = "", answered: bool = False, size: int | None = None
) -> None:
    witness.asked_at, witness.problem = now(), problem
    if answered:
        witness.answered_at = witness.asked_at
    if size is not None:
        witness.known_size = size
    witness.save(update_fields=["asked_at", "answered_at", "problem", "known_size"])


def publish_head(checkpoint: Checkpoint) -> bool:
    """
    Write ``checkpoint`` with its cosignatures where everybody reads it, if the policy is met.

    Tells whether it is. A later cosignature of a published head is added to what is served. The
    file comes before the row: after a crash in between it is written once more.
    """
    note = cosigned_note(checkpoint)
    policy = current_policy()
    if policy is None or not _meets(policy.text, note):
        return False
    newer = checkpoint.shard.checkpoints.filter(
        size__gt=checkpoint.size, published_at__isnull=False
    ).exists()
    if not newer:
        store_of(checkpoint.shard).publish(note.encode())
    Checkpoint.objects.filter(pk=checkpoint.pk, published_at=None).update(published_at=now())
    return True


def _meets(policy: str, note: str) -> bool:
    try:
        Policy.parse(policy).check(note)
    except PolicyError:
        return False
    return True


def heads_to_witness() -> list[Checkpoint]:
    """Return the newest head of every tree: what witnesses have to see, frozen trees included."""
    newest = Checkpoint.objects.order_by("shard_id", "-size").distinct("shard_id")
    return list(newest.select_related("shard"))


def active_witnesses() -> list[Witness]:
    """Return the witnesses that are asked."""
    return list(Witness.objects.filter(state=WitnessState.ACTIVE).order_by("id"))
