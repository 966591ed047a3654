"""Following a log over HTTP: entries in our name, and every way in which a log can lie."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from cotutelle.engines.translog import Checkpoint, entry_bytes, sign_note
from cotutelle.witness import Folder, Store, monitor, reader
from cotutelle.witness.cosigning import Cosigner, Refusal
from cotutelle.witness.logs import add_log
from cotutelle.witness.monitor import AT_ONCE, Monitor, Stopped
from cotutelle.witness.records import PATIENCE_S
from cotutelle.witness.status import facts
from tests.factories.witnesses import SmallLog, running_witness, wait_until
from tests.witness.served import Site, serving_files

OURS = "https://demo.example/issuers/bjc"
OTHERS = "https://demo.example/issuers/other"


def _entry(issuer: str, kind: str = "decision", day: str = "2026-11-21", number: int = 0) -> bytes:
    return entry_bytes(issuer, kind, day, f"{number:064x}")


@dataclass(slots=True)
class World:
    """A witness, a log it follows, and where the log's files are served."""

    folder: Folder
    store: Store
    log: SmallLog
    site: Site
    monitor: Monitor
    clock: list[int]

    def look(self, log: SmallLog | None = None, lines: str = "", size: int | None = None) -> None:
        """Publish a log's files, and look at them."""
        if log is not None:
            self.site.files = log.files(lines, size)
        self.monitor.look()

    def cosign(self, log: SmallLog, old: int, size: int) -> str:
        """Let the witness cosign."""
        cosigner = Cosigner(self.folder, self.store, lambda: self.clock[0])
        return cosigner.add_checkpoint(log.request(old, size))

    def facts(self) -> dict[str, Any]:
        """Return what the witness says."""
        return facts(self.folder, self.store, [OURS])

    def findings(self) -> dict[str, str]:
        """Return the reasons found, with their details."""
        (log,) = self.facts()["logs"]
        return {found["code"]: found["detail"] for found in log["findings"]}

    def followed(self) -> int | None:
        """Return the size up to which the log was followed."""
        (log,) = self.facts()["logs"]
        return log["followed"] and int(log["followed"]["size"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = Folder.create(tmp_path / "w", "witness.example/m")
    with opened(folder.path) as made:
        add_log(made.store, made.log.vkey, made.site.url)
        yield made


@contextlib.contextmanager
def opened(path: Path, issuers: tuple[str, ...] = (OURS,)) -> Iterator[World]:
    """Open a folder again, with files to be served."""
    folder, store, log = Folder.open(path), Store(path), SmallLog("log.example/m")
    clock = [1_800_000_000]
    with serving_files() as site, httpx.Client(timeout=20, trust_env=False) as client:
        monitor = Monitor(folder, store, issuers, client, lambda: clock[0])
        yield World(folder, store, log, site, monitor, clock)


def test_entries_in_our_name_are_counted_by_kind_and_day(world: World):
    for number in range(700):
        world.log.append(_entry(OTHERS, number=number))
    for kind, day in (
        ("decision", "2026-10-02"),
        ("decision", "2026-10-03"),
        ("credential", "2026-11-05"),
    ):
        world.log.append(_entry(OURS, kind, day))
        world.log.append(_entry(OURS + "/x", kind, day))
    world.look(world.log)
    world.log.append(_entry(OURS, "decision", "2026-11-06"))
    world.look(world.log)

    assert world.findings() == {}
    assert world.followed() == len(world.log.entries) == 707
    entries = world.facts()["entries"]
    assert entries["months"] == [
        {"month": "2026-11", "kind": "credential", "count": 1},
        {"month": "2026-11", "kind": "decision", "count": 1},
        {"month": "2026-10", "kind": "decision", "count": 2},
    ]
    assert [(row["index"], row["kind"], row["day"]) for row in entries["latest"]] == [
        (706, "decision", "2026-11-06"),
        (704, "credential", "2026-11-05"),
        (702, "decision", "2026-10-03"),
        (700, "decision", "2026-10-02"),
    ]


def test_an_entry_in_our_name_that_is_no_text_is_told_as_well(world: World):
    world.log.append(json.dumps({"issuer": OURS, "kind": "\ud800", "day": 5}).encode())
    world.look(world.log)

    (found,) = world.facts()["entries"]["latest"]
    assert (found["issuer"], found["kind"], found["day"]) == (OURS, "?", "")
    assert world.followed() == 1


def test_a_log_that_cannot_be_looked_at_hides_no_other(
    world: World, caplog: pytest.LogCaptureFixture
):
    first = SmallLog("aaa.example/log").grow(2)
    damaged = (first.origin, 1, b"", b"short", "", json.dumps([OURS]), 0)
    with world.store.writing() as db:
        db.execute("INSERT INTO followed VALUES (?, ?, ?, ?, ?, ?, ?)", damaged)
    with serving_files(first.files()) as site:
        add_log(world.store, first.vkey, site.url)
        world.look(world.log.grow(3))

    assert f"A look at {first.origin} failed" in caplog.text
    followed = {log["origin"]: log["followed"] for log in world.facts()["logs"]}
    assert followed[world.log.origin]["size"] == 3


def test_a_slow_log_keeps_no_other_waiting(world: World):
    first = SmallLog("aaa.example/log").grow(2)
    other_was_asked = threading.Event()
    waited: list[bool] = []
    with serving_files(first.files()) as site:
        add_log(world.store, first.vkey, site.url)
        site.before = lambda: waited.append(other_was_asked.wait(60))
        world.site.before = other_was_asked.set
        world.look(world.log.grow(3))

    assert waited
    assert all(waited), "both were asked at the same time"
    followed = {log["origin"]: log["followed"] for log in world.facts()["logs"]}
    assert {origin: one["size"] for origin, one in followed.items()} == {
        first.origin: 2,
        world.log.origin: 3,
    }


def looking() -> int:
    """Return how many threads look at logs."""
    return sum(thread.name == "look" for thread in threading.enumerate())


def test_a_log_that_never_ends_its_answer_stops_no_later_look(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(monitor, "ROUND_S", 0.1)
    stuck = [SmallLog(f"aaa{number}.example/log").grow(2) for number in range(AT_ONCE)]
    go_on, end = threading.Event(), threading.Event()
    world.site.before = lambda: end.wait(60)
    with contextlib.ExitStack() as sites:
        served = [sites.enter_context(serving_files(one.files())) for one in stuck]
        for one, site in zip(stuck, served, strict=True):
            add_log(world.store, one.vkey, site.url)
            site.before = lambda: go_on.wait(60)
        world.look(world.log.grow(3))
        assert world.site.asked == [], "all threads wait for the others"
        world.look()

        wait_until(lambda: all(site.asked for site in served))
        wait_until(lambda: world.site.asked == ["checkpoint"])
        assert [site.asked for site in served] == [["checkpoint"]] * AT_ONCE, "passed over"
        go_on.set()
        wait_until(lambda: looking() == 1)
        assert world.site.asked == ["checkpoint"], "the threads of the first look pass it over"
        end.set()
        wait_until(lambda: looking() == 0)
    logs = world.facts()["logs"]
    assert [log["followed"]["size"] for log in logs] == [2] * AT_ONCE + [3]
    assert not any(log["findings"] for log in logs)


def test_a_file_that_comes_drop_by_drop_is_no_answer(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "FILE_S", 0.05)

    def drops(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=iter(lambda: time.sleep(0.01) or b"x", b""))

    with httpx.Client(transport=httpx.MockTransport(drops)) as client:
        Monitor(world.folder, world.store, (OURS,), client).look()

    assert world.findings() == {"no_answer": "checkpoint: slower than 0 s"}


def test_many_logs_are_all_looked_at(world: World):
    many = [SmallLog(f"log{n}.example/x").grow(2) for n in range(AT_ONCE * 2)]
    with contextlib.ExitStack() as sites:
        for one in many:
            site = sites.enter_context(serving_files(one.files()))
            add_log(world.store, one.vkey, site.url)
        world.look(world.log.grow(2))

    logs = world.facts()["logs"]
    assert [log["followed"]["size"] for log in logs] == [2] * (len(many) + 1)
    assert not any(log["findings"] for log in logs)


def test_a_process_that_ends_looks_at_nothing_more(world: World):
    world.log.grow(3)
    world.monitor.stop()
    with pytest.raises(Stopped):
        world.look(world.log)

    assert (world.followed(), world.site.asked) == (None, [])


def test_only_what_is_new_is_read(world: World):
    world.log.grow(600)
    world.look(world.log)
    world.site.asked.clear()
    world.log.grow(700)
    world.look(world.log)

    assert world.site.asked == ["checkpoint", "tile/entries/002.p/188"]


def test_a_name_that_is_watched_later_is_looked_for_from_the_start(world: World):
    world.log.append(_entry(OTHERS))
    world.log.append(_entry(OURS))
    world.look(world.log)
    with opened(world.folder.path, (OURS, OTHERS)) as later:
        add_log(later.store, world.log.vkey, later.site.url)
        later.look(world.log)

        found = facts(later.folder, later.store, [OURS, OTHERS])["entries"]["latest"]
    assert {(row["index"], row["issuer"]) for row in found} == {(0, OTHERS), (1, OURS)}


def test_entries_that_are_no_json_are_passed_over(world: World):
    odd = [b"", b"\xff", b"[1]", b'{"issuer":["x"]}', b'{"issuer":"%s"}' % OURS.encode(), b"1" * 99]
    for entry in odd:
        world.log.append(entry)
    world.look(world.log)

    assert (world.findings(), world.followed()) == ({}, 6)
    (row,) = world.facts()["entries"]["latest"]
    assert (row["index"], row["kind"], row["day"]) == (4, "None", "")


def test_a_partial_bundle_that_is_gone_is_read_from_the_full_one(world: World):
    world.log.grow(300)
    world.look(world.log, size=200)
    world.site.files = world.log.files(size=256) | {"checkpoint": world.log.note(220).encode()}
    world.look()

    assert (world.findings(), world.followed()) == ({}, 220)


def test_a_fork_after_what_was_seen_is_found_and_kept(world: World):
    world.log.grow(10)
    world.look(world.log)
    fork = world.log.branch(7).grow(15, "forked")
    world.look(fork)

    assert "fork_shown" in world.findings()
    (kept,) = world.facts()["forks"]
    assert (kept["kept_note"], kept["other_note"]) == (world.log.note(), fork.note())
    assert kept["seen_by"] == "monitor"
    assert world.followed() == 10


def test_a_fork_of_the_same_size_is_found(world: World):
    world.log.grow(10)
    world.look(world.log)
    # Two notes are proof enough: the files of the other tree need not be there.
    world.site.files["checkpoint"] = world.log.branch(9).grow(10, "forked").note().encode()
    world.look()

    assert "fork_shown" in world.findings()
    assert len(world.facts()["forks"]) == 1


@pytest.mark.parametrize("published", [10, 14])
def test_a_log_that_shows_the_public_another_tree_than_its_witness_is_found(
    world: World, published: int
):
    world.log.grow(12)
    world.cosign(world.log, 0, 10)
    fork = world.log.branch(6).grow(published, "forked")
    world.look(fork)

    assert "fork_shown" in world.findings()
    (kept,) = world.facts()["forks"]
    assert (kept["kept_note"], kept["other_note"]) == (world.log.note(10), fork.note())


def test_a_fork_cosigned_below_what_was_already_seen_is_found(world: World):
    world.log.grow(20)
    world.look(world.log)
    fork = world.log.branch(3).grow(8, "forked")
    world.cosign(fork, 0, 8)
    world.look(world.log)

    assert "fork_shown" in world.findings()
    (kept,) = world.facts()["forks"]
    assert (kept["kept_note"], kept["other_note"]) == (fork.note(), world.log.note())


def test_a_log_that_goes_back_is_found_and_forgiven_when_it_returns(world: World):
    world.log.grow(20)
    world.look(world.log)
    world.look(world.log, size=12)
    assert world.findings() == {"went_back": "20 → 12"}

    world.look(world.log)
    assert world.findings() == {}
    assert world.facts()["forks"] == []


def test_a_log_that_goes_back_to_another_past_is_found(world: World):
    world.log.grow(20)
    for old, size in ((0, 4), (4, 8), (8, 20)):
        world.cosign(world.log, old, size)
    world.look(world.log)
    fork = world.log.branch(2).grow(8, "forked")
    world.look(fork)

    assert "fork_shown" in world.findings()
    (kept,) = world.facts()["forks"]
    assert (kept["kept_note"], kept["other_note"]) == (world.log.note(8), fork.note())


def test_silence_is_said_and_wipes_out_nothing(world: World):
    world.log.grow(20)
    world.look(world.log)
    world.look(world.log, size=12)
    world.site.is_down = True
    world.clock[0] += 60
    world.look()

    assert set(world.findings()) == {"went_back", "no_answer"}
    world.site.is_down = False
    world.look(world.log)
    assert world.findings() == {}


def test_a_log_that_never_began_is_waited_for_at_first(world: World):
    def alarms() -> list[bool]:
        (log,) = world.facts()["logs"]
        return [found["is_alarm"] for found in log["findings"]]

    world.look()
    assert alarms() == [False]
    world.clock[0] += PATIENCE_S
    world.look()
    assert alarms() == [True]

    world.look(world.log.grow(3))
    assert alarms() == []
    world.site.is_down = True
    world.look()
    assert alarms() == [True]


def test_a_checkpoint_kept_back_is_found_after_a_while(world: World):
    world.log.grow(20)
    world.cosign(world.log, 0, 20)
    world.look(world.log, size=12)
    assert world.findings() == {}

    world.clock[0] += PATIENCE_S
    world.look()
    assert world.findings() == {"withheld": "20 → 12"}


def _flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def test_entries_that_the_log_did_not_sign_are_found(world: World):
    world.log.grow(20)
    world.look(world.log, size=10)
    files = world.log.files()
    path = "tile/entries/000.p/20"
    world.site.files = files | {path: _flip(files[path])}
    world.monitor.look()

    assert world.findings() == {"bad_entries": "the entries do not have the signed root"}
    assert (world.followed(), world.facts()["forks"]) == (10, [])


@pytest.mark.parametrize("data", [None, b"", b"\x00\x05ab", b"\x00\x01a" * 19, b"\x00\x01a" * 21])
def test_a_bundle_that_cannot_be_read_is_found(world: World, data: bytes | None):
    world.log.grow(20)
    files = world.log.files()
    del files["tile/entries/000.p/20"]
    if data is not None:
        files["tile/entries/000.p/20"] = data
    world.site.files = files
    world.monitor.look()

    assert list(world.findings()) == ["bad_entries"]
    assert world.followed() is None


def test_a_checkpoint_of_somebody_else_is_found(world: World):
    for note in (
        SmallLog(world.log.origin, seed=b"\x09" * 32).grow(4).note(),
        SmallLog("other.example/log").grow(4).note(),
        "nonsense",
        world.log.checkpoint().text,
    ):
        world.site.files = {"checkpoint": note.encode()}
        world.monitor.look()
        assert list(world.findings()) == ["bad_checkpoint"]


def test_a_note_with_false_lines_in_our_name_is_found(world: World):
    world.log.grow(5)
    line = world.cosign(world.log, 0, 5)
    world.log.grow(6)
    world.look(world.log, lines=line)

    assert list(world.findings()) == ["bad_checkpoint"]


def test_a_witness_set_back_learns_from_its_own_signature(world: World, tmp_path: Path):
    world.log.grow(20)
    world.cosign(world.log, 0, 10)
    shutil.copytree(world.folder.path, tmp_path / "backup")
    world.clock[0] += 100
    line = world.cosign(world.log, 10, 20)

    with opened(tmp_path / "backup") as restored:
        add_log(restored.store, world.log.vkey, restored.site.url)
        restored.look(world.log, lines=line)

        assert restored.findings() == {"forgot": "10 → 20"}
        fork = world.log.branch(10).grow(20, "forked")
        with pytest.raises(Refusal) as refused:
            restored.cosign(fork, 10, 20)
        assert (refused.value.status, str(refused.value)) == (409, "20\n")
        assert len(restored.facts()["forks"]) == 1
        assert restored.facts()["logs"][0]["recorded"]["cosigned_at"] == world.clock[0]


def test_an_old_log_without_an_address_is_left_alone(world: World):
    add_log(world.store, world.log.vkey, "")
    world.monitor.look()

    assert world.site.asked == []


def test_an_empty_log_is_followed(world: World):
    world.look(world.log)
    assert (world.findings(), world.followed()) == ({}, 0)

    note = sign_note(Checkpoint(world.log.origin, 0, bytes(32)).text, [world.log.signer])
    world.site.files["checkpoint"] = note.encode()
    world.look()
    assert "fork_shown" in world.findings()


def test_the_process_follows_by_itself(tmp_path: Path):
    log = SmallLog("log.example/live")
    log.append(_entry(OURS))
    with serving_files(log.files()) as site:
        arguments = ["--issuer", OURS, "--every", "0.1"]
        with running_witness(tmp_path, logs=[(log.vkey, site.url)], arguments=arguments) as witness:
            wait_until(lambda: len(witness.status()["entries"]["latest"]) == 1)
            log.append(_entry(OURS, "agreement"))
            site.files = log.files()
            wait_until(lambda: len(witness.status()["entries"]["latest"]) == 2)
            site.files = log.branch(1).grow(3, "forked").files()
            wait_until(lambda: len(witness.status()["forks"]) == 1)

            page = witness.get("/?lang=en").text
            assert 'role="alert"' in page
            assert json.dumps(witness.status()["forks"][0]["seen_by"]) == '"monitor"'
