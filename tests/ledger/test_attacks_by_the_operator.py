"""Whoever runs the log cannot show two histories: real witnesses, each a process of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.engines.translog import (
    Algorithm,
    Checkpoint,
    Policy,
    PolicyError,
    Signer,
    Tree,
    Verifier,
    add_signatures,
    consistency_proof,
    cosign,
    leaf_hash,
    sign_note,
)
from cotutelle.ledger import queries, services
from cotutelle.ledger.enums import AnchorKind, ShardState
from cotutelle.ledger.models import Anchor, Leaf, Pending, Shard, Witness
from cotutelle.ledger.services import sign_with
from cotutelle.ledger.services.sealing import Forked, block, integrate, sign_head
from cotutelle.ledger.services.witnessing import cosign_head, publish_head
from tests.factories.institutions import UnitFactory
from tests.factories.log import make_log, make_witness, start_afresh, watched_log
from tests.factories.people import PersonFactory
from tests.factories.witnesses import RunningWitness, submission

pytestmark = pytest.mark.django_db


def decide(count: int = 1) -> None:
    person = PersonFactory.create()
    for n in range(count):
        with transaction.atomic():
            services.record(
                "programmes.enrolment.extended", actor=None, subject=person, after={"n": n},
                decision=True,
            )  # fmt: skip


class Undone(Exception):
    """Takes the database back."""


def published_then_restored(count: int = 5) -> None:
    """Publish ``count`` more decisions, then put the database back to where it was before."""
    try:
        with transaction.atomic():
            decide(count)
            turn = services.tick()
            assert turn.problem == ""
            assert turn.published == turn.signed
            raise Undone
    except Undone:
        start_afresh()


def the_shard() -> Shard:
    shard = queries.open_shard()
    assert shard is not None
    return shard


@pytest.mark.parametrize("files_too", [False, True])
def test_a_restored_old_database_signs_nothing(
    settings: Any, tmp_path: Path, files_too: bool
) -> None:
    with watched_log(settings, tmp_path):
        decide(3)
        assert services.tick().problem == ""
        before = queries.published_checkpoint(the_shard())
        assert before is not None
        published_then_restored()
        if files_too:
            shutil.rmtree(tmp_path / "log")
        decide()
        turn = services.tick()
        shard = the_shard()
        assert (turn.signed, turn.problem, shard.blocked) == (0, "log.behind", "log.behind")
        assert shard.blocked_facts["size"] == before.size + 5
        assert shard.blocked_facts["own_size"] == before.size
        assert shard.blocked_facts["note"].startswith(shard.origin)
        assert Pending.objects.count() == 1, "what was decided waits"
        assert shard.checkpoints.count() == 1
        with pytest.raises(RuleViolation) as refusal:
            services.unblock_log(shard, reason="all is well", actor=None)
        assert refusal.value.code == "log.still_bad"


def test_a_restored_log_that_grew_again_is_a_fork(settings: Any, tmp_path: Path) -> None:
    with watched_log(settings, tmp_path):
        decide(3)
        services.tick()
        published_then_restored()
        shutil.rmtree(tmp_path / "log")
        decide(9)
        assert services.sequence() == 9, "by somebody who does not look"
        turn = services.tick()
        assert (turn.signed, turn.problem) == (0, "log.forked")
        facts = the_shard().blocked_facts
        assert facts["root"] != facts["own_root"]


def test_a_blocked_log_goes_on_under_the_next_origin(settings: Any, tmp_path: Path) -> None:
    with watched_log(settings, tmp_path) as running:
        decide(3)
        services.tick()
        published_then_restored()
        decide(2)
        services.tick()
        old = the_shard()
        fresh = services.freeze_shard(old, actor=None)
        old.refresh_from_db()
        assert old.state == ShardState.FROZEN
        assert old.checkpoints.count() == 1, "nothing more was signed for it"
        first = Leaf.objects.get(shard=fresh, index=0)
        assert first.statement is not None
        held = {key: old.blocked_facts[key] for key in ("size", "root")}
        assert first.statement["previous"] == {
            "origin": old.origin, "reason": "log.behind", **held,
        }  # fmt: skip
        trust(running, fresh)
        turn = services.tick()
        assert turn.problem == ""
        assert turn.published == turn.signed > 2


def test_a_restored_log_is_not_closed_as_if_it_were_whole(settings: Any, tmp_path: Path) -> None:
    with watched_log(settings, tmp_path):
        decide(3)
        services.tick()
        published_then_restored()
        with pytest.raises(RuleViolation) as refusal:
            services.freeze_shard(the_shard(), actor=None)
        assert refusal.value.code == "log.still_bad"
        assert (the_shard().blocked, Shard.objects.count()) == ("log.behind", 1)


def test_nothing_is_closed_while_too_few_witnesses_answer(settings: Any, tmp_path: Path) -> None:
    with watched_log(settings, tmp_path):
        decide(3)
        services.tick()
        published_then_restored()
        decide(2)
        assert services.sequence() == 2, "by somebody who does not look"
    start_afresh()  # the witnesses are out of reach now: nobody can say that the log was longer

    with pytest.raises(RuleViolation) as refusal:
        services.freeze_shard(the_shard(), actor=None)

    assert refusal.value.code == "log.unchecked"
    shard = the_shard()
    assert (shard.state, Shard.objects.count()) == (ShardState.OPEN, 1)
    assert shard.checkpoints.count() == 1, "nothing was signed"


def trust(running: list[RunningWitness], shard: Shard) -> None:
    from cotutelle.witness import Store  # noqa: PLC0415
    from cotutelle.witness.logs import add_log  # noqa: PLC0415

    for one in running:
        for key in shard.keys.all():
            add_log(Store(one.folder), key.vkey)


class Fraud:
    """An operator who uses the log's own key for another history."""

    def __init__(self, shard: Shard, kept: int, mark: str) -> None:
        self.shard = shard
        self.tree = Tree(
            bytes(h) for h in shard.leaves.order_by("index").values_list("hash", flat=True)[:kept]
        )
        while len(self.tree) < shard.size + 2:
            self.tree.append(leaf_hash(f"{mark} {len(self.tree)}".encode()))

    def note(self, size: int) -> str:
        key = self.shard.keys.get()
        verifier = Verifier.parse(key.vkey)
        signer = Signer(
            verifier.name,
            Algorithm.ED25519,
            lambda m: sign_with(key.secret, m),
            verifier.public_key,
        )
        return sign_note(Checkpoint(self.shard.origin, size, self.tree.root(size)).text, [signer])

    def request(self, old: int, size: int) -> bytes:
        proof = consistency_proof(self.tree, old, size) if 0 < old < size else []
        return submission(old, proof, self.note(size))


def test_a_fork_shown_to_disjoint_witnesses_finds_no_second_quorum(
    settings: Any, tmp_path: Path
) -> None:
    with watched_log(settings, tmp_path) as (one, two, three):
        decide(3)
        services.tick()
        shard = the_shard()
        seen, size = shard.size, shard.size + 2
        left, right = Fraud(shard, seen, "left"), Fraud(shard, seen, "right")
        lines = {"left": [], "right": []}  # type: dict[str, list[str]]
        for history, mark, witnesses in (
            (left, "left", (one, two)),
            (right, "right", (three, two, one)),
        ):
            for witness in witnesses:
                answer = witness.post("/add-checkpoint", history.request(seen, size))
                if answer.status_code == 200:
                    lines[mark].append(answer.text.splitlines(keepends=True)[0])
        assert (len(lines["left"]), len(lines["right"])) == (2, 1)
        policy = Policy.parse(queries.policy_text())
        assert policy.check(add_signatures(left.note(size), lines["left"])).checkpoint.size == size
        with pytest.raises(PolicyError) as refusal:
            policy.check(add_signatures(right.note(size), lines["right"]))
        assert refusal.value.code == "policy.quorum"


def test_a_fork_of_the_same_size_is_refused_by_all_and_kept_as_evidence(
    settings: Any, tmp_path: Path
) -> None:
    with watched_log(settings, tmp_path) as running:
        decide(3)
        services.tick()
        shard = the_shard()
        fraud = Fraud(shard, shard.size - 1, "other")
        for witness in running:
            answer = witness.post("/add-checkpoint", fraud.request(shard.size, shard.size))
            assert (answer.status_code, answer.text) == (409, f"{shard.size}\n")
            assert len(witness.status()["forks"]) == 1


def test_of_two_concurrent_extensions_at_most_one_is_cosigned(
    settings: Any, tmp_path: Path
) -> None:
    with watched_log(settings, tmp_path, witnesses=1, needed=1) as (witness,):
        decide(3)
        services.tick()
        shard = the_shard()
        histories = [Fraud(shard, shard.size, str(n)) for n in range(8)]
        bodies = [h.request(shard.size, shard.size + 2) for h in histories]
        barrier = threading.Barrier(len(bodies))

        def send(body: bytes) -> int:
            barrier.wait()
            return witness.post("/add-checkpoint", body).status_code

        with ThreadPoolExecutor(len(bodies)) as pool:
            answers = sorted(pool.map(send, bodies))
        assert answers == [200] + [409] * (len(bodies) - 1)


def test_a_log_that_meets_another_history_at_its_witness_blocks_itself(
    settings: Any, tmp_path: Path
) -> None:
    with watched_log(settings, tmp_path) as (one, *_others):
        decide(3)
        services.tick()
        shard = the_shard()
        fraud = Fraud(shard, shard.size, "stolen key")
        sent = one.post("/add-checkpoint", fraud.request(shard.size, shard.size + 2))
        assert sent.status_code == 200
        decide(4)
        services.tick()
        assert the_shard().blocked == "log.forked"
        size = the_shard().size
        decide()
        assert services.tick().signed == 0
        assert the_shard().size == size


def test_one_witness_key_under_two_names_is_refused(settings: Any, tmp_path: Path) -> None:
    log = make_log(settings, tmp_path)
    signer = log.signers["witness.example/w1"]
    again = Verifier("witness.example/other", Algorithm.COSIGNATURE, signer.verifier.public_key)
    with pytest.raises(RuleViolation) as refusal:
        services.add_witness(
            unit=UnitFactory.create(), name=again.name, vkey=again.vkey, url="http://w.example",
            actor=None,
        )  # fmt: skip
    assert refusal.value.code == "witness.same_key"
    text = queries.policy_text().replace("group ", f"witness two {again.vkey}\ngroup ", 1)
    with pytest.raises(PolicyError):
        Policy.parse(text)


@pytest.mark.parametrize(
    ("needed", "colluders", "code"),
    [(1, 0, "policy.disjoint"), (2, 0, "policy.disjoint"), (3, 2, "policy.too_few"), (5, 0, "policy.needed"), (0, 0, "policy.needed")],
)  # fmt: skip
def test_a_policy_that_keeps_nothing_is_refused(
    settings: Any, tmp_path: Path, needed: int, colluders: int, code: str
) -> None:
    make_log(settings, tmp_path, witnesses=4, needed=3)
    before = queries.policy_text()
    with pytest.raises(RuleViolation) as refusal:
        services.set_policy(
            needed=needed, colluders=colluders, witnesses=list(Witness.objects.all()), actor=None
        )
    assert refusal.value.code == code
    assert queries.policy_text() == before


def test_the_operators_own_witness_does_not_count(settings: Any, tmp_path: Path) -> None:
    make_log(settings, tmp_path)
    own, _key = make_witness("witness.example/own")
    Witness.objects.filter(pk=own.pk).update(is_operator=True)
    with pytest.raises(RuleViolation) as refusal:
        services.set_policy(
            needed=3, colluders=1, witnesses=list(Witness.objects.all()), actor=None
        )
    assert refusal.value.code == "policy.operator_counts"


def test_a_blocked_tree_is_neither_sequenced_nor_signed_by_anybody(
    settings: Any, tmp_path: Path
) -> None:
    log = make_log(settings, tmp_path)
    log.publish()
    decide(2)
    shard = log.shard
    tree = integrate(shard)
    services.sequence()
    block(shard, "log.behind", {"who": "test"})
    decide(2)
    assert services.sequence() == 0
    assert sign_head(shard, integrate(shard)) is None
    assert shard.checkpoints.get().size == len(tree)
    block(shard, "log.forked", {"who": "later"})
    shard.refresh_from_db()
    assert shard.blocked == "log.behind", "the first reason stays"


def test_an_anchor_beyond_the_tree_stops_the_log(settings: Any, tmp_path: Path) -> None:
    log = make_log(settings, tmp_path)
    head = log.publish()
    Anchor.objects.create(
        shard=log.shard, kind=AnchorKind.EVM, size=head.size + 100, root=b"\x01" * 32, sent_at=now()
    )
    decide(2)
    services.sequence()
    with pytest.raises(Forked) as found:
        sign_head(log.shard, integrate(log.shard))
    assert found.value.code == "log.behind"


class Liar(BaseHTTPRequestHandler):
    """A witness that says it has seen everything, and shows a head that nobody signed."""

    note = ""
    answer = (409, "999999\n")

    def do_POST(self) -> None:
        self._say(*self.answer)

    def do_GET(self) -> None:
        self._say(200, self.note)

    def _say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def lies() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    Liar.note, Liar.answer = "", (409, "999999\n")
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((404, "unknown"), "witness.unknown_log"),
        ((403, "no"), "witness.untrusted_key"),
        ((422, "no"), "witness.refused"),
        ((500, "oops"), "witness.answer"),
        ((409, "no number"), "witness.refused"),
        ((200, ""), "witness.signature"),
        ((200, "rubbish"), "witness.signature"),
        ((200, "other"), "witness.signature"),
        ((200, "no time"), "witness.signature"),
    ],
)
def test_an_odd_answer_is_said_and_counts_for_nothing(
    settings: Any, tmp_path: Path, lies: str, answer: tuple[int, str], problem: str
) -> None:
    status, text = answer
    log = make_log(settings, tmp_path, witnesses=0)
    odd, key = make_witness("witness.example/odd", url=lies)
    services.set_policy(needed=1, colluders=0, witnesses=[odd], actor=None)
    head = log.seal()
    if text == "other":  # a good signature under another head
        other = Checkpoint(log.shard.origin, head.size, b"\x01" * 32).text
        text = cosign(other, key, int(now().timestamp()))
    elif text == "no time":
        text = cosign(head.note.partition("\n\n")[0] + "\n", key, 2**63 - 1)
    Liar.answer = (status, text)
    cosign_head(head)
    odd.refresh_from_db()
    assert odd.problem == problem
    assert not head.cosignatures.exists()
    assert not publish_head(head)


def test_a_lying_witness_stops_nobody(settings: Any, tmp_path: Path, lies: str) -> None:
    with watched_log(settings, tmp_path, witnesses=2):
        liar, _key = make_witness("witness.example/liar", url=lies)
        thief = Signer(the_shard().origin, Algorithm.ED25519, b"\x05" * 32)
        text = Checkpoint(the_shard().origin, 999_999, b"\x01" * 32).text
        Liar.note = sign_note(text, [thief])
        decide(3)
        turn = services.tick()
        assert turn.problem == ""
        assert turn.published == turn.signed
        liar.refresh_from_db()
        assert liar.problem == "witness.ahead"
        states = {f.who: f.state for f in services.check_log().findings}
        assert states["witness.example/liar"] == "unproven"


def test_nothing_is_signed_before_enough_witnesses_were_asked(
    settings: Any, tmp_path: Path
) -> None:
    make_log(settings, tmp_path)  # at addresses where nobody answers
    start_afresh()
    decide(2)
    turn = services.tick()
    assert (turn.sequenced, turn.signed, turn.problem) == (0, 0, "log.unchecked")
    assert not the_shard().checkpoints.exists()


def test_witnesses_that_show_what_our_key_never_signed_let_nothing_pass(
    settings: Any, tmp_path: Path, lies: str
) -> None:
    """The key under which the last heads were signed went with the backup put back."""
    log = make_log(settings, tmp_path, witnesses=0)
    odd, _key = make_witness("witness.example/odd", url=lies)
    services.set_policy(needed=1, colluders=0, witnesses=[odd], actor=None)
    later = Signer(log.shard.origin, Algorithm.ED25519, b"\x05" * 32)
    text = Checkpoint(log.shard.origin, 999_999, b"\x01" * 32).text
    Liar.note = sign_note(text, [later])
    start_afresh()
    turn = services.tick()
    assert (turn.signed, turn.problem) == (0, "log.unchecked")


@pytest.mark.parametrize("width", [0, 31, 32 * 200])
def test_changed_tiles_stop_the_log(settings: Any, tmp_path: Path, width: int) -> None:
    with watched_log(settings, tmp_path):
        decide(3)
        services.tick()
        size = the_shard().size
        tile = tmp_path / "log" / "1" / f"tile/0/000.p/{size}"
        tile.write_bytes(b"\x00" * (width or 32 * size))
        decide(2)
        turn = services.tick()
        assert (turn.signed, turn.problem) == (0, "log.forked")
        faults = {(f.code, f.place) for f in queries.fsck().faults}
        assert ("file.differs", f"shard 1 tile/0/000.p/{size}") in faults
