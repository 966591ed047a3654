"""`cotutelle plan` on plain files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cotutelle.cli import plan as command
from cotutelle.engines.rotation import (
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
)
from cotutelle.engines.rotation.generate import planted

APP = typer.Typer()
command.register(APP)
APP.command("other")(lambda: None)

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(APP, ["plan", *map(str, arguments)])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A problem and its planted plan."""
    problem, _, best = planted(6, 12, 8, 1)
    (tmp_path / "problem.json").write_text(json.dumps(problem_to_json(problem)))
    (tmp_path / "plan.json").write_text(json.dumps(plan_to_json(best)))
    return tmp_path / "problem.json", tmp_path / "plan.json"


def _change(path: Path, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps(document))
    return document


def test_a_problem_is_planned_and_the_plan_checked(files: tuple[Path, Path]) -> None:
    problem, plan = files
    optimum = json.loads(plan.read_text())["score"]

    made = _run(problem, "--out", plan, "--time-limit", "20", "--json")

    report = json.loads(made.stdout)
    assert made.exit_code == 0
    assert report.pop("cpu_seconds") > 0
    assert report.pop("worst") == min(json.loads(plan.read_text())["trainee_scores"].values())
    assert report == {
        "status": "optimal",
        "score": optimum,
        "bound": optimum,
        "gap": 0.0,
        "violations": 0,
    }
    checked = _run("check", problem, plan)
    assert checked.exit_code == 0
    assert f"every check holds. Score {optimum}" in checked.stdout


def test_words_of_a_plan(files: tuple[Path, Path]) -> None:
    problem, plan = files

    made = _run(problem, "--out", plan, "--time-limit", "20")

    assert made.exit_code == 0
    assert made.stdout.startswith("Optimal: no plan scores more.")
    assert "Rules broken: 0" in made.stdout


def test_the_planted_plan_holds_and_its_bound_is_proven(files: tuple[Path, Path]) -> None:
    result = _run("check", *files, "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["status"] == "holds"
    assert report["violations"] == report["wrong"] == []
    assert report["score"] == report["bound"] == pytest.approx(report["bound_proven"])


def test_check_tells_what_the_prices_prove_from_what_is_only_said(
    files: tuple[Path, Path],
) -> None:
    problem, path = files
    document = json.loads(path.read_text())
    ward = json.loads(problem.read_text())["wards"][0]["id"]
    document["evidence"]["cells"] = [[ward, period, -500.0] for period in range(12)]
    path.write_text(json.dumps(document))

    assert "is the solver's word" in _run("check", problem, path).stdout

    del document["evidence"]
    path.write_text(json.dumps(document))
    result = _run("check", problem, path)
    assert result.exit_code == 0
    assert "nothing is proven" in result.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": 1}, "score: stated 1"),
        ({"bound": 1.0}, "bound: 1.0 is below"),
        ({"bound": None}, "status: optimal, but the bound is None"),
        ({"trainee_scores": {}}, "trainee_scores: t0000 stated None"),
        ({"stays": {}}, "is not done"),
    ],
)
def test_a_plan_that_lies_is_found_out(
    files: tuple[Path, Path], changes: dict[str, Any], message: str
) -> None:
    _change(files[1], **changes)

    result = _run("check", *files)

    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stdout == ""
    assert json.loads(_run("check", *files, "--json").stdout)["status"] == "broken"


def test_a_score_above_what_the_prices_prove_is_a_contradiction(files: tuple[Path, Path]) -> None:
    document = json.loads(files[1].read_text())
    document["evidence"]["fairness"] = {}  # shares that do not add up prove nothing
    files[1].write_text(json.dumps(document))

    result = _run("check", *files)

    assert result.exit_code == 1
    assert "evidence" in result.stderr


def test_every_mistake_is_named_and_nothing_written(files: tuple[Path, Path]) -> None:
    problem, out = files[0], files[0].parent / "out.json"
    _change(problem, horizon=13, keep=-1)

    result = _run(problem, "--out", out)

    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert any(line.startswith(f"{problem}: keep: ") for line in lines)
    assert any(".upper: 12 numbers for 13 periods" in line for line in lines)
    assert lines[-1] == f"{len(lines) - 1} mistakes; nothing was written."
    assert not out.exists()
    report = json.loads(_run(problem, "--out", out, "--json").stdout)
    assert report["status"] == "refused"
    assert {"path": "keep", "code": "out_of_range"}.items() <= report["faults"][0].items()


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 10**5, '{"format": 1, "format": 1}', "[]", "\ud800"]
)
def test_what_is_no_problem_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "problem.json"
    path.write_bytes(content.encode(errors="surrogatepass"))

    for result in (_run(path, "--out", tmp_path / "out"), _run("check", path, path)):
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{path}: ")


def test_files_that_cannot_be_read_or_written(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert _run("check", tmp_path / "none.json", files[1]).exit_code == 2
    assert _run("check", files[0], tmp_path).exit_code == 2
    (tmp_path / "file").write_text("")
    result = _run("generate", "--out", tmp_path / "file" / "p.json", "--trainees", "1")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_somebody_without_a_plan_is_named(files: tuple[Path, Path]) -> None:
    problem, out = files[0], files[0].parent / "out.json"
    document = json.loads(problem.read_text())
    document["trainees"][2]["away"] = list(range(12))
    problem.write_text(json.dumps(document))

    result = _run(problem, "--out", out)

    assert result.exit_code == 1
    assert "t0002" in result.stderr
    assert "cotutelle plan explain" in result.stderr
    assert not out.exists()
    report = json.loads(_run(problem, "--out", out, "--json").stdout)
    assert report["status"] == "infeasible"
    assert list(report["trainees"]) == ["t0002"]


def test_without_a_plan_the_one_that_comes_closest_is_written(tmp_path: Path) -> None:
    problem, out = tmp_path / "problem.json", tmp_path / "out.json"
    ward = {"id": "icu", "hospital": "north", "upper": 1}
    blocks = [{"id": "a", "months": 2, "wards": {"icu": 1}}]
    people = [{"id": id_, "blocks": blocks} for id_ in ("anna", "bo")]
    document = {"format": "cotutelle.rotation/1", "horizon": 3, "wards": [ward], "trainees": people}
    problem.write_text(json.dumps(document))

    result = _run(problem, "--out", out, "--time-limit", "3")

    assert result.exit_code == 1
    assert "comes closest" in result.stdout
    assert re.search(r"Ward icu, period 1: 1 too many", result.stdout)
    assert plan_from_json(json.loads(out.read_text())).over == {("icu", 1): 1}


def test_drawn_problems(tmp_path: Path) -> None:
    out = tmp_path / "problem.json"
    options = ("--trainees", "3", "--months", "12", "--wards", "8", "--seed", "4")

    drawn = _run("generate", "--out", out, *options, "--json")

    problem, optimum, _ = planted(3, 12, 8, 4)
    assert json.loads(drawn.stdout) == {"status": "feasible", "optimum": optimum}
    assert problem_from_json(json.loads(out.read_text())) == problem
    assert f"greatest score {optimum}" in _run("generate", "--out", out, *options).stdout
    conflict = _run("generate", "--out", out, "--conflict", "away", "--json")
    assert json.loads(conflict.stdout)["cause"]["kind"] == "away"
    assert _run("generate", "--out", out, "--conflict", "weather").exit_code == 2
    assert _run("generate", "--out", out, "--months", "7").exit_code == 2


def test_explain(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert _run("explain", files[0]).exit_code == 0
    conflict = tmp_path / "conflict.json"
    _run("generate", "--out", conflict, "--conflict", "away", "--seed", "1")

    result = _run("explain", conflict)

    assert result.exit_code == 1
    assert result.stdout.strip()
    assert isinstance(json.loads(_run("explain", conflict, "--json").stdout), dict)


@pytest.mark.parametrize("name", ["rotation-files.md", "rotation-files.zh.md"])
def test_the_examples_of_the_reference_work(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    (document,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    problem_from_json(json.loads(document))
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(program, name, "exec"), {})  # noqa: S102
