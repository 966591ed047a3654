"""`cotutelle log`: keeping the log, and proving from rows, from tiles and from files alone."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from typer.testing import CliRunner, Result

from cotutelle.cli import app
from cotutelle.ledger import queries, services
from cotutelle.ledger.models import EntryPayload, Leaf, Shard
from cotutelle.ledger.services.sealing import integrate, sign_head
from tests.factories.institutions import make_consortium
from tests.factories.log import WatchedLog, make_log, watched_log
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db
GRADE = "三百零七分"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["log", *map(str, arguments)])


def decide(count: int = 1) -> None:
    person = PersonFactory.create()
    for _ in range(count):
        with transaction.atomic():
            services.record(
                "programmes.enrolment.extended", actor=None, subject=person,
                after={"secret": GRADE}, decision=True,
            )  # fmt: skip


@pytest.fixture
def log(settings: Any, tmp_path: Path) -> WatchedLog:
    made = make_log(settings, tmp_path / "data")
    decide(3)
    made.publish()
    return made


@pytest.fixture
def files(log: WatchedLog, tmp_path: Path) -> tuple[Path, Path, Path]:
    """A proof, its entry and the policy, as the commands write them."""
    proof, entry, policy = tmp_path / "a.proof", tmp_path / "a.entry", tmp_path / "policy"
    index = Leaf.objects.order_by("-index").values_list("index", flat=True)[0]
    assert run("prove", index, "--out", proof, "--entry", entry).exit_code == 0
    assert run("policy", "--out", policy).exit_code == 0
    return proof, entry, policy


def test_a_proof_is_verified_from_three_files(files: tuple[Path, Path, Path]) -> None:
    proof, entry, policy = files
    found = run("verify", proof, "--entry", entry, "--policy", policy, "--json")
    assert found.exit_code == 0
    facts = json.loads(found.stdout)
    assert (facts["good"], facts["origin"]) == (True, "log.example/log/1")
    assert facts["witnesses"] == [f"witness.example/w{n}" for n in (1, 2, 3)]
    words = run("verify", proof, "--entry", entry, "--policy", policy).stdout
    assert words.startswith(f"Entry {facts['index']} is in log.example/log/1")
    assert GRADE not in entry.read_text() + proof.read_text()


def test_verifying_needs_neither_database_nor_django(files: tuple[Path, Path, Path]) -> None:
    proof, entry, policy = files
    code = (
        "import sys\nfrom cotutelle.cli import main\n"
        f"sys.argv = ['cotutelle', 'log', 'verify', {str(proof)!r}, '--entry', {str(entry)!r},"
        f" '--policy', {str(policy)!r}]\n"
        "try:\n    main()\nfinally:\n    assert 'django' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_proof_for_the_wrong_index_is_refused(files: tuple[Path, Path, Path]) -> None:
    proof, entry, policy = files
    index = Leaf.objects.order_by("-index").values_list("index", flat=True)[0]
    change(proof, f"index {index}\n", f"index {index - 1}\n")
    found = run("verify", proof, "--entry", entry, "--policy", policy, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["good"] is False


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_changed_file_is_refused(files: tuple[Path, Path, Path], which: int) -> None:
    proof, entry, policy = files
    if which == 2:  # a policy that wants three other witnesses
        text = policy.read_text()
        policy.write_text("".join(line for line in text.splitlines(True) if "w3" not in line))
    else:
        content = bytearray(files[which].read_bytes())
        content[content.find(b"\n\n") - 6] ^= (
            1  # the last hash of the proof, or the end of the entry
        )
        files[which].write_bytes(content)
    assert run("verify", proof, "--entry", entry, "--policy", policy).exit_code == 1


def test_evidence_is_verified_with_what_it_discloses(log: WatchedLog, tmp_path: Path) -> None:
    index = Leaf.objects.order_by("-index").values_list("index", flat=True)[0]
    evidence, policy = tmp_path / "e.json", tmp_path / "p"
    run("prove", index, "--evidence", "--out", evidence)
    run("policy", "--out", policy)
    assert run("verify", evidence, "--policy", policy).exit_code == 0
    assert GRADE in evidence.read_text()
    change(evidence, GRADE, "三百七十分")
    refused = run("verify", evidence, "--policy", policy, "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["code"] == "entry.commitment"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"entry": 5, "proof": ""}', "entry.json"),
        ('{"proof": ""}', "proof.malformed"),
        ('{"entry": {"v": 1}, "proof": ""}', "entry.members"),
        ('{"entry": {}, "entry": {}}', "file.duplicate_key"),
        ('{"entry": ' + "[" * 100_000, "file.too_deep"),
        ("{", "file.not_json"),
    ],
)
def test_what_is_no_evidence_is_refused_with_a_reason(
    log: WatchedLog, tmp_path: Path, text: str, code: str
) -> None:
    evidence, policy = tmp_path / "e.json", tmp_path / "p"
    run("policy", "--out", policy)
    evidence.write_text(text)
    refused = run("verify", evidence, "--policy", policy, "--json")
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["code"] == code


@pytest.fixture
def served(log: WatchedLog) -> Iterator[str]:
    """The folder of the log as any web server serves it."""
    handler = partial(Quiet, directory=str(queries.store_of(log.shard).folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


def test_anybody_makes_a_proof_from_the_tiles(
    files: tuple[Path, Path, Path], served: str, log: WatchedLog, tmp_path: Path
) -> None:
    proof, entry, _policy = files
    index = Leaf.objects.order_by("-index").values_list("index", flat=True)[0]
    for source in (served, str(queries.store_of(log.shard).folder)):
        other, bytes_ = tmp_path / "b.proof", tmp_path / "b.entry"
        made = run("prove", index, "--from", source, "--out", other, "--entry", bytes_)
        assert made.exit_code == 0, made.output
        assert other.read_text() == proof.read_text()
        assert bytes_.read_bytes() == entry.read_bytes()
    beyond = run("prove", log.shard.size, "--from", served)
    assert beyond.exit_code == 1
    assert run("prove", 0, "--from", str(tmp_path / "nowhere")).exit_code == 2


def test_what_is_not_published_is_not_proven(log: WatchedLog) -> None:
    decide()
    log.seal()
    refused = run("prove", log.shard.size - 1)
    assert refused.exit_code == 1
    assert "in no published tree yet" in refused.output


def test_the_log_is_set_up_once(settings: Any, tmp_path: Path) -> None:
    settings.COTUTELLE_DATA_DIR = tmp_path
    make_consortium()
    none = run("status")
    assert none.exit_code == 2
    made = run("init", "--authority", "log.example", "--json")
    assert json.loads(made.stdout)["origin"] == "log.example/log/1"
    assert run("policy").exit_code == 1
    again = run("init", "--authority", "log.example")
    assert (again.exit_code, again.output) == (1, "The log is set up already.\n")
    (key,) = (tmp_path / "keys" / "log").iterdir()
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


def test_fsck_names_what_was_changed_and_where(log: WatchedLog) -> None:
    good = run("fsck", "--json")
    assert good.exit_code == 0, good.output
    facts = json.loads(good.stdout)
    assert facts["good"] is True
    assert facts["leaves"] == log.shard.size
    assert facts["cosignatures"] == 3
    payload = EntryPayload.objects.order_by("-entry_id").exclude(committed="")[0]
    EntryPayload.objects.filter(pk=payload.pk).update(
        committed=payload.committed.replace(GRADE, "四百分")
    )
    leaf = Leaf.objects.get(entry=payload.entry)
    tile = queries.store_of(log.shard).folder / f"tile/0/000.p/{log.shard.size}"
    tile.unlink()
    found = run("fsck", "--json")
    assert found.exit_code == 1
    faults = {(f["code"], f["place"]) for f in json.loads(found.stdout)["faults"]}
    assert faults == {
        ("entry.commitment", f"shard 1 index {leaf.index}"),
        ("file.missing", f"shard 1 tile/0/000.p/{log.shard.size}"),
    }
    assert "entry.commitment" in run("fsck").stdout


def test_a_turn_by_hand_and_a_comparison(settings: Any, tmp_path: Path) -> None:
    with watched_log(settings, tmp_path):
        decide(2)
        turn = json.loads(run("seal", "--json").stdout)
        assert turn["problem"] == ""
        assert turn["published"] == turn["signed"] >= 3
        status = json.loads(run("status", "--json").stdout)
        assert (status["waiting"], status["blocked"]) == (0, "")
        assert [w["known_size"] for w in status["witnesses"]] == [turn["signed"]] * 3
        checked = json.loads(run("check", "--json").stdout)
        assert (checked["good"], checked["complete"]) == (True, True)
        assert {f["state"] for f in checked["findings"]} == {"good"}
        assert run("unblock", "--reason", "why not").exit_code == 1


def test_a_new_key_signs_beside_the_old_until_that_is_retired(log: WatchedLog) -> None:
    old = queries.policy_text()
    key = json.loads(run("rotate-key", "--json").stdout)["key"]
    assert key in queries.policy_text()
    both = log.publish().note
    assert both.count(f"— {log.shard.origin} ") == 2
    assert json.loads(run("rotate-key", "--retire", "--json").stdout) == {"key": key, "retired": 1}
    decide()
    alone = log.publish().note
    assert alone.count(f"— {log.shard.origin} ") == 1
    old_key = next(line for line in old.splitlines() if line.startswith("log "))
    assert old_key in queries.policy_text(), "old proofs are still believed"
    assert run("fsck").exit_code == 0


def test_a_frozen_tree_is_named_by_the_next(settings: Any, tmp_path: Path) -> None:
    with watched_log(settings, tmp_path / "data"):
        decide()
        frozen = Shard.objects.get()
        asked = run("freeze")
        assert asked.exit_code == 1
        assert run("freeze", "--yes", "--json").exit_code == 0
    opened = queries.open_shard()
    assert opened is not None
    assert (opened.number, opened.origin) == (2, "log.example/log/2")
    first = Leaf.objects.get(shard=opened, index=0)
    head = queries.newest_checkpoint(Shard.objects.get(pk=frozen.pk))
    assert head is not None
    assert first.statement is not None
    assert first.statement["previous"] == {
        "origin": frozen.origin, "size": head.size, "root": bytes(head.root).hex(),
    }  # fmt: skip
    services.sequence()
    sign_head(opened, integrate(opened))
    assert run("fsck").exit_code == 0


def test_nothing_is_frozen_while_too_few_witnesses_answer(log: WatchedLog) -> None:
    refused = run("freeze", "--yes")
    assert refused.exit_code == 1
    assert "Too few witnesses answer" in refused.output
    assert Shard.objects.get() == log.shard
