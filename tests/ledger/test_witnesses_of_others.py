"""The log with witnesses that know C2SP tlog-witness and nothing else of ours."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from cotutelle.core.clock import now
from cotutelle.engines.translog import Checkpoint, Signer, cosign, verify_consistency
from cotutelle.engines.translog.strict import decode_hash
from cotutelle.ledger import queries, services
from cotutelle.ledger.enums import ShardState
from cotutelle.ledger.models import Witness
from tests.factories.log import make_log, make_witness, start_afresh
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db
NAMES = ("witness.example/a", "witness.example/b", "witness.example/c")


@dataclass
class Plain:
    """
    A witness as the specification has it: one address, and a 409 without a size for a fork.

    One that ``shows`` also has the address for monitors, as the draft of the specification.
    """

    key: Signer | None = None
    shows: bool = False
    note: str = ""
    size: int = 0
    root: bytes = b""
    asked: list[int] = field(default_factory=list)

    def add_checkpoint(self, body: str) -> tuple[int, str]:
        """Answer one request; the signature of the log is believed."""
        head, _, note = body.partition("\n\n")
        first, *lines = head.split("\n")
        old, proof = int(first.removeprefix("old ")), [decode_hash(line) for line in lines]
        text = note.partition("\n\n")[0] + "\n"
        new = Checkpoint.parse(text)
        self.asked.append(old)
        if old != self.size:
            return 409, f"{self.size}\n"
        if old == new.size and self.root != new.root:
            return 409, "Another root.\n"
        if 0 < old < new.size:
            try:
                verify_consistency(old, new.size, self.root, new.root, proof)
            except ValueError:
                return 422, "Wrong proof.\n"
        self.size, self.root = new.size, new.root
        assert self.key is not None
        line = cosign(text, self.key, int(now().timestamp()))
        self.note = note + line
        return 200, line

    def find(self, path: str) -> tuple[int, str]:
        """Answer what a monitor asks."""
        origin, _, _ = self.note.partition("\n")
        place = f"/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"
        return (200, self.note) if self.shows and path == place else (404, "Not found.\n")


@contextmanager
def answering(plain: Plain) -> Iterator[str]:
    """Serve ``plain`` until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(*plain.add_checkpoint(body))

        def do_GET(self) -> None:
            self._say(*plain.find(self.path))

        def _say(self, status: int, text: str) -> None:
            sized = status == 409 and text.strip().isdigit()
            self.send_response(status)
            self.send_header("Content-Type", "text/x.tlog.size" if sized else "text/plain")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def plains(settings: Any, tmp_path: Path) -> Iterator[list[Plain]]:
    make_log(settings, tmp_path, witnesses=0)
    plains, made = [Plain() for _ in NAMES], []
    with ExitStack() as stack:
        for name, plain in zip(NAMES, plains, strict=True):
            url = stack.enter_context(answering(plain))
            witness, plain.key = make_witness(name, url=url)
            made.append(witness)
        services.set_policy(needed=2, colluders=0, witnesses=made, actor=None)
        start_afresh()
        yield plains


def decide(count: int = 1) -> None:
    person = PersonFactory.create()
    for n in range(count):
        with transaction.atomic():
            services.record(
                "programmes.enrolment.extended", actor=None, subject=person, after={"n": n},
                decision=True,
            )  # fmt: skip


def states() -> dict[str, str]:
    return {found.who: found.state for found in services.check_log().findings}


class Undone(Exception):
    """Takes the database back."""


def test_the_log_grows_and_is_compared_with_them(plains: list[Plain]) -> None:
    for _ in range(3):
        decide(2)
        start_afresh()
        turn = services.tick()
        assert turn.problem == ""
        assert turn.published == turn.signed == plains[0].size
    assert states() == dict.fromkeys(NAMES, "good")


def test_one_that_missed_some_heads_is_sent_the_longer_proof(plains: list[Plain]) -> None:
    decide(3)
    services.tick()
    late = plains[0].size, plains[0].root
    decide(2)
    services.tick()
    plains[0].size, plains[0].root = late
    plains[1].size, plains[1].root = 0, b""
    start_afresh()

    assert states() == dict.fromkeys(NAMES, "good")
    assert len({plain.size for plain in plains}) == 1


@pytest.mark.parametrize("files_too", [False, True])
@pytest.mark.parametrize(("shows", "problem"), [(False, "log.unchecked"), (True, "log.behind")])
def test_a_restored_old_database_signs_nothing(
    plains: list[Plain], tmp_path: Path, files_too: bool, shows: bool, problem: str
) -> None:
    for plain in plains:
        plain.shows = shows
    decide(3)
    assert services.tick().problem == ""
    try:
        with transaction.atomic():
            decide(5)
            assert services.tick().problem == ""
            raise Undone
    except Undone:
        start_afresh()
    if files_too:
        shutil.rmtree(tmp_path / "log")
    seen = [plain.size for plain in plains]
    decide()

    turn = services.tick()

    assert (turn.signed, turn.problem) == (0, problem)
    assert states() == dict.fromkeys(NAMES, problem if shows else "unproven")
    assert [plain.size for plain in plains] == seen


def test_a_log_that_lost_its_state_is_closed_without_another_signature(
    plains: list[Plain],
) -> None:
    decide(3)
    services.tick()
    try:
        with transaction.atomic():
            decide(5)
            services.tick()
            raise Undone
    except Undone:
        start_afresh()
    shard = queries.open_shard()
    assert shard is not None
    signed = shard.checkpoints.count()
    decide()
    assert services.sequence() == 1, "by somebody who does not look"

    opened = services.freeze_shard(shard, actor=None)

    shard.refresh_from_db()
    assert (shard.state, shard.blocked, opened.number) == (ShardState.FROZEN, "log.behind", 2)
    assert shard.checkpoints.count() == signed, "the witnesses saw more than this tree holds"
    head = queries.newest_checkpoint(shard)
    assert head is not None
    statement = opened.leaves.get(index=0).statement
    assert statement is not None
    previous = {"size": head.size, "root": bytes(head.root).hex(), "reason": "log.behind"}
    assert statement["previous"] == {"origin": shard.origin, **previous}


def test_one_that_saw_another_root_is_asked_about_and_counts_no_more(plains: list[Plain]) -> None:
    decide(3)
    services.tick()
    plains[0].root = b"\x01" * 32
    start_afresh()

    assert states() == {NAMES[0]: "unproven", NAMES[1]: "good", NAMES[2]: "good"}
    assert services.check_log().complete
    shard = queries.open_shard()
    assert shard is not None
    decide(1)
    turn = services.tick()
    assert (turn.problem, turn.published) == ("", turn.signed)
    assert Witness.objects.get(name=NAMES[0]).problem == "witness.refused"


def test_one_that_signs_badly_has_not_answered(plains: list[Plain]) -> None:
    decide(3)
    services.tick()
    plains[0].key = plains[1].key
    start_afresh()

    assert states()[NAMES[0]] == "unproven"
