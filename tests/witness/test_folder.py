"""Making, opening and changing the folder of a witness, by its commands."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cotutelle.cli import witness as command
from cotutelle.engines.translog import Algorithm, Signer
from cotutelle.witness import Folder, Store, WitnessProblem
from cotutelle.witness.cosigning import Cosigner, Refusal
from cotutelle.witness.refusals import Refusals
from tests.factories.witnesses import SmallLog

APP = typer.Typer()
command.register(APP)
APP.command("other")(lambda: None)
NAME = "witness.example/bjc"


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(APP, ["witness", *map(str, arguments)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A new witness with one key."""
    made = _run("init", tmp_path / "w", "--name", NAME)
    assert made.exit_code == 0
    return tmp_path / "w"


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_init_makes_keys_that_only_the_owner_reads(tmp_path: Path):
    made = _run("init", tmp_path / "w", "--name", NAME, "--mldsa")

    vkeys = made.stdout.splitlines()
    assert [vkey.split("+")[0] for vkey in vkeys] == [NAME, NAME]
    modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "w").iterdir()}
    assert modes == {
        "ed25519.key": 0o600,
        "mldsa44.key": 0o600,
        "witness.json": 0o600,
        "witness.db": 0o600,
    }
    assert (tmp_path / "w").stat().st_mode & 0o777 == 0o700
    assert _run("key", tmp_path / "w").stdout == made.stdout


def test_two_witnesses_have_two_keys(tmp_path: Path):
    first, second = (_run("init", tmp_path / n, "--name", NAME).stdout for n in "ab")

    assert first != second


def test_init_never_writes_over_keys(path: Path):
    before = {file.name: file.read_bytes() for file in path.iterdir()}

    assert _run("init", path, "--name", NAME).exit_code == 2
    assert _run("init", path, "--name", NAME, "--mldsa").exit_code == 2
    assert _run("init", path, "--name", "witness.example/other", "--exist-ok").exit_code == 2
    assert _run("init", path, "--name", NAME, "--exist-ok").stdout == _run("key", path).stdout
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before


def test_init_leaves_an_unfinished_folder_alone(path: Path):
    (path / "witness.json").unlink()

    made = _run("init", path, "--name", NAME, "--exist-ok")

    assert made.exit_code == 2
    assert (path / "ed25519.key").exists()


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb", "x" * 256])
def test_a_name_that_cannot_stand_in_a_signature_is_refused(tmp_path: Path, name: str):
    with pytest.raises(WitnessProblem):
        Folder.create(tmp_path / "w", name)

    assert not (tmp_path / "w").exists()


def test_keys_that_others_may_read_are_not_used(path: Path):
    (path / "ed25519.key").chmod(0o640)

    refused = _run("key", path)

    assert (refused.exit_code, "chmod 600" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "ed25519.key").write_text("A" * 44),
        lambda path: (path / "ed25519.key").write_text("?"),
        lambda path: (path / "ed25519.key").write_text(""),
        lambda path: (path / "ed25519.key").unlink(),
        lambda path: (path / "witness.json").write_text("{}"),
        lambda path: (path / "witness.json").write_text("no"),
        lambda path: (path / "witness.json").unlink(),
    ],
)
def test_a_damaged_folder_is_refused_in_words(path: Path, damage):  # type: ignore[no-untyped-def]
    damage(path)

    refused = _run("key", path)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert str(path) in refused.stderr


def test_logs_are_added_listed_and_removed(path: Path):
    log = SmallLog("log.example/a")
    rotated = SmallLog("log.example/a", seed=b"\x05" * 32)
    for _ in range(2):
        assert _run("log", "add", path, log.vkey, "--url", "https://a.example/log/").exit_code == 0
    assert _run("log", "add", path, rotated.vkey).exit_code == 0

    listed = _run("log", "list", path).stdout.splitlines()
    assert sorted(listed) == sorted(
        f"{key} https://a.example/log" for key in (log.vkey, rotated.vkey)
    )

    assert _run("log", "remove", path, log.vkey).exit_code == 0
    assert _run("log", "list", path).stdout == f"{rotated.vkey} https://a.example/log\n"
    assert _run("log", "remove", path, "log.example/a").exit_code == 0
    assert _run("log", "list", path).stdout == ""
    assert _run("log", "remove", path, "log.example/a").exit_code == 2


@pytest.mark.parametrize(
    "vkey",
    [
        "nonsense",
        SmallLog("log.example/a").vkey[:-2],
        Signer("w.example", Algorithm.COSIGNATURE, b"\x01" * 32).verifier.vkey,
        SmallLog("x" * 256).vkey,
    ],
)
def test_what_is_no_key_of_a_log_is_refused(path: Path, vkey: str):
    assert _run("log", "add", path, vkey).exit_code == 2
    assert _run("log", "list", path).stdout == ""


@pytest.mark.parametrize("url", ["ftp://a.example", "a.example/log", "file:///etc", "https://"])
def test_an_address_that_is_not_on_the_web_is_refused(path: Path, url: str):
    assert _run("log", "add", path, SmallLog().vkey, "--url", url).exit_code == 2


def test_a_policy_is_read_or_refused(path: Path, tmp_path: Path):
    file = tmp_path / "policy"
    file.write_text(f"log {SmallLog().vkey}\nquorum none\n")
    assert _run("policy", path, file).stdout == "1 logs, 0 witnesses\n"

    file.write_text("nonsense")
    assert _run("policy", path, file).exit_code == 2
    assert _run("policy", path, tmp_path / "missing").exit_code == 2


def test_status_says_what_is_well_and_what_is_wrong(path: Path):
    log = SmallLog("log.example/a").grow(10)
    assert "No log is trusted yet." in _run("status", path).stdout
    _run("log", "add", path, log.vkey)
    folder, store = Folder.open(path), Store(path)
    cosigner, refusals = Cosigner(folder, store), Refusals(store)
    cosigner.add_checkpoint(log.request(0))

    well = _run("status", path)
    assert (well.exit_code, "10 entries cosigned" in well.stdout) == (0, True)

    with pytest.raises(Refusal) as refused:
        cosigner.add_checkpoint(log.branch(9).grow(10, "forked").request(10))
    refusals.count(refused.value.code, log.origin)
    refusals.flush()
    wrong = _run("status", path)
    assert wrong.exit_code == 1
    assert "FORK of log.example/a at 10 entries" in wrong.stdout
    assert "Contradicts what was cosigned (fork) 1" in wrong.stdout
    found = json.loads(_run("status", path, "--json").stdout)
    assert found["logs"][0]["recorded"]["root"] == log.tree.root().hex()
    assert found["forks"][0]["kept_note"] == log.note()
