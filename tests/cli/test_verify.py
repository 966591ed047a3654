"""`cotutelle verify`: certificates of every kind of decision, good ones and spoilt ones."""

from __future__ import annotations

import json
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cotutelle.cli import matching, verify
from cotutelle.cli._issue_words import FAULTS, fault_words
from cotutelle.engines import rotation, weekly
from cotutelle.engines.credentials.badges import bake
from cotutelle.engines.credentials.batches import Fault
from cotutelle.engines.rotation.generate import planted
from tests.engines.credentials.test_badges import DOT
from tests.engines.credentials.test_batches import make_batch

APP = typer.Typer()
matching.register(APP)
verify.register(APP)

MARKET = {
    "students.csv": "student_id,preferences\ns1,imaging > stroke\ns2,imaging>cohort\ns3,\n",
    "offers.csv": "offer_id,mentor_id,quota\nimaging,wang,1\nstroke,wang,1\ncohort,li,1\n",
    "mentors.csv": "mentor_id,quota,preferences\nwang,1,s2 = s3 > s1\nli,1,s2\n",
}


def _verify(path: Path, *more: object, **env: str) -> Result:
    command = ["verify", str(path), *map(str, more)]
    return CliRunner().invoke(APP, command, env={"LC_ALL": "", "LANG": "C", **env})


def _written(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


# ---------------------------------------------------------------- matchings


def test_a_tampered_matching_is_named(tmp_path: Path) -> None:
    for name, text in MARKET.items():
        (tmp_path / name).write_text(text)
    out = tmp_path / "out"
    CliRunner().invoke(APP, ["match", str(tmp_path), "--out", str(out)])
    path = out / "certificate.json"
    assert _verify(path).exit_code == 0
    certificate: dict[str, Any] = json.loads(path.read_bytes())
    certificate["inputs"]["mentors"]["wang"]["quota"] = 2

    result = _verify(_written(path, certificate))

    assert result.exit_code == 1
    assert "input_sha256: the certificate states" in result.stderr
    assert "blocking_pair: student 's1' and mentor 'wang'" in result.stderr
    assert "every check holds" not in result.output


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not a certificate"),
        (b"\xff", "not a certificate"),
        (b'{"a": 1, "a": 2}', "twice in one object"),
        (b"[" * 100_000, "not a certificate"),
        (b"[]", "malformed"),
        (b'{"format": []}', "malformed"),
        (b'{"format": "cotutelle-issue/1"}', "malformed"),
        (b'{"format": "cotutelle.rotation.certificate/1"}', "format: expected"),
        (b'{"format": "cotutelle.weekly.certificate/1", "problem": 1}', "format: expected"),
    ],
)
def test_what_is_no_certificate_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "certificate.json"
    path.write_bytes(content)

    result = _verify(path)

    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    result = _verify(tmp_path / "absent.json")

    assert result.exit_code == 1
    assert "cannot be read" in result.stderr


# ---------------------------------------------------------------- plans and weeks


def _plan() -> dict[str, Any]:
    problem, _optimum, best = planted(6, 12, 8, 1)
    return {
        "format": "cotutelle.rotation.certificate/1",
        "problem": rotation.problem_to_json(problem),
        "plan": rotation.plan_to_json(best),
    }


def _week() -> dict[str, Any]:
    problem = weekly.WeeklyProblem(
        day_of_slot=(0, 0, 0, 0),
        parties=(weekly.Party(id="wang"), weekly.Party(id="li")),
        rooms=(),
        activities=(weekly.Activity(id="round", length=2, needed=frozenset({"wang", "li"})),),
    )
    return {
        "format": "cotutelle.weekly.certificate/1",
        "problem": weekly.problem_to_json(problem),
        "plan": weekly.plan_to_json(weekly.plan_week(problem, time_limit=5)),
    }


def test_a_rotation_plan_is_checked_and_a_wrong_score_named(tmp_path: Path) -> None:
    certificate = _plan()
    good = _verify(_written(tmp_path / "good.json", certificate))
    certificate["plan"]["score"] += 1
    bad = _verify(_written(tmp_path / "bad.json", certificate))

    assert good.exit_code == 0
    assert "every check holds. Score" in good.stdout
    assert bad.exit_code == 1
    assert "score: stated" in bad.stderr


def test_a_week_is_checked_and_a_meeting_nobody_placed_named(tmp_path: Path) -> None:
    certificate = _week()
    good = _verify(_written(tmp_path / "good.json", certificate))
    certificate["plan"]["placements"] = type(certificate["plan"]["placements"])()
    bad = _verify(_written(tmp_path / "bad.json", certificate))

    assert good.exit_code == 0
    assert "every check holds. 1 of 1 appointments have a slot." in good.stdout
    assert bad.exit_code == 1
    assert bad.stderr.strip()


# ---------------------------------------------------------------- issued certificates


def test_a_batch_holds_and_what_was_not_checked_is_said(tmp_path: Path) -> None:
    _world, certificate, documents = make_batch()
    path = _written(tmp_path / "certificate.json", certificate)
    bundle = _written(tmp_path / "1.json", {"credential": documents[0], "keys": []})
    bare = _written(tmp_path / "2.json", documents[1])
    badge = tmp_path / "3.png"
    badge.write_bytes(bake(DOT, documents[2]))

    alone, compared = _verify(path), _verify(path, bundle, bare, badge)

    assert (alone.exit_code, compared.exit_code) == (0, 0)
    assert "3 of 4 awards chosen have a certificate" in alone.stdout
    assert "0 of 3" in alone.stdout
    assert "3 of 3" in compared.stdout
    assert f"input_sha256 {certificate['input_sha256']}" in alone.stdout
    for result in (alone, compared):
        assert "Not checked: which student an award is about" in result.stdout
    chinese = _verify(path, LANG="zh_CN.UTF-8").stdout
    assert "未校验的内容：授予项对应哪位学生" in chinese
    assert _verify(path, "--language", "zh").stdout == chinese


def test_a_spoilt_batch_ends_with_1_in_both_languages(tmp_path: Path) -> None:
    _world, certificate, documents = make_batch()
    documents[0]["credentialSubject"]["facts"]["value"] = 99
    path = _written(tmp_path / "certificate.json", certificate)
    changed = _written(tmp_path / "1.json", documents[0])

    english, chinese = _verify(path, changed), _verify(path, changed, "--language", "zh")

    assert (english.exit_code, chinese.exit_code) == (1, 1)
    assert "is another text than was issued" in english.stderr
    assert "与签发时的内容不同" in chinese.stderr
    assert "签名不成立" in chinese.stderr
    assert "holds" not in english.output


def test_files_that_hold_no_certificate_are_said(tmp_path: Path) -> None:
    _world, certificate, _documents = make_batch()
    path = _written(tmp_path / "certificate.json", certificate)
    (tmp_path / "broken.json").write_text("{")

    broken = _verify(path, tmp_path / "broken.json")
    absent = _verify(path, tmp_path / "absent.json")
    stranger = _verify(path, _written(tmp_path / "x.json", {"id": "\x1b[2Jurn:x"}))

    assert [one.exit_code for one in (broken, absent, stranger)] == [1, 1, 1]
    assert "not JSON" in broken.stderr
    assert "cannot be read" in absent.stderr
    assert "does not belong to this batch" in stranger.stderr
    assert "\x1b" not in stranger.stderr


def test_only_batches_are_compared_with_other_files(tmp_path: Path) -> None:
    path = _written(tmp_path / "plan.json", _plan())

    assert _verify(path, path).exit_code == 2


def test_every_fault_has_the_same_gaps_in_both_languages() -> None:
    for code, words in FAULTS.items():
        gaps = [{gap for _t, gap, _s, _c in string.Formatter().parse(w)} for w in words.values()]
        assert gaps[0] == gaps[1], code
    said = Fault("signature", "x", "signature.malformed", {"field": "proofValue"})
    assert "proofValue" in fault_words(said, "zh")


def test_a_batch_is_checked_without_django_and_without_the_room(tmp_path: Path) -> None:
    _world, certificate, documents = make_batch()
    path = _written(tmp_path / "certificate.json", certificate)
    document = _written(tmp_path / "1.json", documents[0])
    code = (
        "import sys\nfrom cotutelle.cli import app\n"
        f"try:\n    app(['verify', {str(path)!r}, {str(document)!r}])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "loaded = [n for n in sys.modules if n.split('.')[0] == 'django'"
        " or n.startswith('cotutelle.credentials')]\n"
        "assert not loaded, loaded\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
