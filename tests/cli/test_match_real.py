"""Markets that nobody here wrote: converted, matched, verified."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cotutelle.cli import matching, verify
from cotutelle.engines.matching import (
    MatchingProblem,
    Mentor,
    Offer,
    match_students,
    verify_matching,
)

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "convert_spa_csv.py"


@pytest.fixture
def shared() -> Path:
    default = ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("COTUTELLE_SHARED_DATA", default)) / "matching"
    if not folder.is_dir():
        pytest.skip(f"no {folder}: the shared test data is not on this machine")
    return folder


def _convert(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(source), str(target)],
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.external
def test_a_hundred_students_with_dirty_lists(shared: Path, tmp_path: Path) -> None:
    converted = _convert(shared, tmp_path / "in")

    assert converted.returncode == 0
    remarks = converted.stderr.splitlines()
    assert sum("more than once" in remark for remark in remarks) == 71
    assert sum("no choice" in remark for remark in remarks) == 3
    assert remarks[-1] == "100 students, 70 projects, 26 supervisors; 74 remarks"
    assert remarks[0] == "students.csv:2: 190000: more than once: G2; first kept"

    app = typer.Typer()
    matching.register(app)
    verify.register(app)
    out = tmp_path / "out"
    run = CliRunner().invoke(app, ["match", str(tmp_path / "in"), "--out", str(out), "--json"])
    assert run.exit_code == 0, run.stderr
    assert CliRunner().invoke(app, ["verify", str(out / "certificate.json")]).exit_code == 0
    report = json.loads(run.stdout)
    assert (report["status"], report["blocking_pairs"], report["tolerated"]) == ("stable", 0, 0)
    assert sum(report["rank_profile"]) == report["size"]
    with (out / "unmatched.csv").open() as file:
        reasons = {row["student_id"]: row["reason"] for row in csv.DictReader(file)}
    assert len(reasons) == 100 - report["size"]
    assert list(reasons.values()).count("empty_list") == 3


@pytest.mark.external
def test_the_regression_of_a_hundred_residents_and_fifty_hospitals(shared: Path) -> None:
    market = json.loads((shared / "issue_159.json").read_text())
    residents = {s: [str(h) for h in hospitals] for s, hospitals in market["residents"].items()}
    hospitals = {h: [str(s) for s in listed] for h, listed in market["hospitals"].items()}
    problem = MatchingProblem(
        residents,
        {h: Offer(h, 2) for h in hospitals},
        {h: Mentor(2, listed) for h, listed in hospitals.items()},
    )

    held = match_students(problem).offer_of

    assert (len(residents), len(hospitals)) == (100, 50)
    assert verify_matching(problem, held).problems == ()
    assert all(student in hospitals[hospital] for student, hospital in held.items())


def _write(folder: Path, **tables: str) -> Path:
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_the_converter_reports_every_dirty_row(tmp_path: Path) -> None:
    source = _write(
        tmp_path / "src",
        students="name,rank,0,1,2\na,1,P,P,Q\nb,1,X,Q,\nb,2,Q,,\nc,,P,,\nd,3,,,\n",
        projects="code,capacity,supervisor\nP,1,S\nQ,many,S\nR,1,T\nP,2,S\nQ,2,S\n",
        supervisors="name,capacity\nS,2\nS,3\n,1\n",
    )

    done = _convert(source, tmp_path / "out")

    assert done.stderr.splitlines() == [
        "supervisors.csv:3: 'S' seen before, row left out",
        "supervisors.csv:4: no name, row left out",
        "projects.csv:3: 'many' is not a whole number, row left out",
        "projects.csv:4: unknown supervisor 'T', row left out",
        "projects.csv:5: 'P' seen before, row left out",
        "students.csv:2: a: more than once: P; first kept",
        "students.csv:3: b: unknown project 'X', left out",
        "students.csv:4: 'b' seen before, row left out",
        "students.csv:5: '' is not a whole number, row left out",
        "students.csv:6: d: no choice",
        "3 students, 2 projects, 1 supervisors; 10 remarks",
    ]
    assert (tmp_path / "out/students.csv").read_text() == (
        "student_id,preferences\na,P > Q\nb,Q\nd,\n"
    )
    assert (tmp_path / "out/mentors.csv").read_text() == (
        "mentor_id,quota,preferences\nS,2,a = b\n"
    )


def test_the_converter_says_what_it_lacks(tmp_path: Path) -> None:
    source = _write(tmp_path / "src", supervisors="name\nS\n")

    assert "the column 'capacity' is missing" in _convert(source, tmp_path / "out").stderr
    assert _convert(tmp_path, tmp_path / "out").returncode == 2
    usage = subprocess.run([sys.executable, str(SCRIPT)], check=False, capture_output=True)
    assert usage.returncode == 2
