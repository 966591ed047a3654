"""`cotutelle credential verify`: exit codes, words and JSON, without Django and without a network."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from pypdf import PdfWriter
from typer.testing import CliRunner, Result

from cotutelle.cli import credential
from cotutelle.engines.credentials.badges import bake
from cotutelle.engines.credentials.files import ATTACHMENT
from tests.engines.credentials.refusals import REFUSALS
from tests.engines.credentials.test_badges import DOT
from tests.engines.credentials.world import World

APP = typer.Typer()
credential.register(APP)
NOW = "2026-11-21T08:30:00Z"


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture
def policy(tmp_path, world):
    path = tmp_path / "policy"
    path.write_text(world.policy, encoding="utf-8")
    return path


def run(file: Path, policy: Path, *options: str, now: str = NOW, **env: str) -> Result:
    arguments = ["credential", "verify", str(file), "--policy", str(policy), "--now", now]
    return CliRunner().invoke(APP, [*arguments, *options], env={"LC_ALL": "", "LANG": "C", **env})


def written(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_a_valid_bundle_ends_with_0_and_says_why(tmp_path, world, policy):
    result = run(written(tmp_path / "a.cotutelle.json", world.bundle()), policy)

    assert result.exit_code == 0
    assert "Lin Xiaoyu" in result.stdout
    assert "Valid: everything that is needed" in result.stdout
    assert "Neither revoked nor suspended" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("name", "exit_code", "said"),
    [
        ("revoked", 1, "已被撤销"),
        ("altered", 1, "签名不成立"),
        ("backdated with a retired key", 1, "该密钥已停用"),
        ("no status list", 3, "无法判定"),
    ],
)
def test_a_bad_bundle_says_so_in_chinese(tmp_path, policy, name, exit_code, said):
    file = written(tmp_path / "bad.json", REFUSALS[name].make(World()))

    result = run(file, policy, LANG="zh_CN.UTF-8")

    assert result.exit_code == exit_code
    assert said in result.stdout.replace("\n", "").replace(" ", "")
    assert "综合评价" in result.stdout


def test_the_language_can_be_chosen(tmp_path, world, policy):
    file = written(tmp_path / "a.json", world.bundle())

    assert "签发单位" in run(file, policy, "--language", "zh").stdout
    assert "Issuer" in run(file, policy, "--language", "en", LANG="zh_CN.UTF-8").stdout


def test_json_is_the_report(tmp_path, world, policy):
    result = run(written(tmp_path / "a.json", world.bundle()), policy, "--json")

    report = json.loads(result.stdout)
    assert report["format"] == "cotutelle-report/1"
    assert (report["verdict"], report["checked_at"]) == ("valid", NOW)
    assert len(report["checks"]) == 8


def test_time_decides(tmp_path, world, policy):
    file = written(tmp_path / "a.json", world.bundle())

    assert run(file, policy, now="2040-01-01T00:00:00Z").exit_code == 1
    assert "--now" in run(file, policy, now="soon").stderr


def test_a_badge_and_a_pdf_are_read_too(tmp_path, world, policy):
    bundle = world.bundle()
    badge, paper = tmp_path / "badge.png", tmp_path / "paper.pdf"
    badge.write_bytes(bake(DOT, bundle["credential"]))
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(width=10, height=10)
    writer.add_attachment(ATTACHMENT, json.dumps(bundle).encode())
    writer.write(out)
    paper.write_bytes(out.getvalue())

    assert run(badge, policy).exit_code == 3
    assert run(paper, policy).exit_code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"a": NaN}', "number"),
        (b"[1]", "neither a share bundle"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
    ],
)
def test_an_unreadable_file_ends_with_2(tmp_path, policy, content, said):
    file = tmp_path / "file"
    file.write_bytes(content)

    result = run(file, policy)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_wrong_usage_ends_with_2(tmp_path, world, policy):
    file = written(tmp_path / "a.json", world.bundle())
    bad = tmp_path / "bad"
    bad.write_text("log nonsense\n", encoding="utf-8")

    assert run(tmp_path / "absent", policy).exit_code == 2
    assert run(file, tmp_path / "absent").exit_code == 2
    assert run(file, bad).exit_code == 2
    assert run(file, policy, "--tsa-root", str(bad)).exit_code == 2


def test_words_of_a_stranger_cannot_drive_the_terminal(tmp_path, policy):
    world = World()
    name = {"en": "\x1b[2J\x1b[31mValid", "zh": "有效"}
    bundle = world.bundle(world.certificate(subject_name=name))

    result = run(written(tmp_path / "a.json", bundle), policy)

    assert "\x1b" not in result.stdout
    assert "Valid" in result.stdout


def test_the_command_starts_without_django_and_without_pyld(tmp_path, world, policy):
    file = written(tmp_path / "a.json", world.bundle())
    program = (
        "import sys; from cotutelle.cli import main; sys.argv[0] = 'cotutelle'\n"
        "try: main()\n"
        "except SystemExit as end: code = end.code\n"
        "print(code, sorted({'django', 'pyld', 'jsonschema', 'pypdf', 'numpy'} & set(sys.modules)))"
    )
    options = ["credential", "verify", str(file), "--policy", str(policy), "--now", NOW]

    done = subprocess.run(
        [sys.executable, "-c", program, *options], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "0 []"
