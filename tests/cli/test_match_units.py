"""`cotutelle match` with groups, minimum quotas and the other algorithms; `cotutelle match why`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cotutelle.cli import matching, verify

APP = typer.Typer()
matching.register(APP)
verify.register(APP)

FILES = {
    "students.csv": "student_id,preferences\ns1,imaging > stroke\ns2,imaging>cohort\ns3,cohort\n",
    "offers.csv": "offer_id,mentor_id,quota\nimaging,wang,1\nstroke,wang,1\ncohort,li,1\n",
    "mentors.csv": (
        "mentor_id,quota,preferences,group_id\nwang,2,s2 = s3 > s1,clinic\nli,1,s2 > s3,clinic\n"
    ),
    "groups.csv": "group_id,parent_id,quota,priority\nclinic,school,2,s2 > s3\nschool,,,\n",
}


def _folder(path: Path, **changes: str) -> Path:
    path.mkdir()
    files = {**FILES, **{f"{name}.csv": text for name, text in changes.items()}}
    for name, text in files.items():
        (path / name).write_text(text)
    return path


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(APP, ["match", *map(str, arguments)])


def _unmatched(out: Path) -> dict[str, str]:
    with (out / "unmatched.csv").open() as file:
        return {row["student_id"]: row["reason"] for row in csv.DictReader(file)}


def test_the_quota_of_a_group_is_kept_and_certified(tmp_path: Path) -> None:
    out = tmp_path / "out"

    told = _run(_folder(tmp_path / "in"), "--out", out)
    report = json.loads(_run(tmp_path / "in", "--out", out, "--json").stdout)

    assert told.exit_code == 0
    assert "Pairs kept apart only by the quota of a group: 1." in told.stdout
    assert (report["status"], report["size"], report["tolerated"]) == ("stable", 2, 1)
    assert _unmatched(out) == {"s1": "group_cap"}
    certificate = json.loads((out / "certificate.json").read_bytes())
    assert certificate["format"] == "cotutelle/matching-certificate/2"
    assert certificate["inputs"]["groups"]["school"]["quota"] is None
    verified = CliRunner().invoke(APP, ["verify", str(out / "certificate.json")])
    assert verified.exit_code == 0


def test_mistakes_in_groups_minimums_and_weights_are_listed_with_their_place(
    tmp_path: Path,
) -> None:
    folder = _folder(
        tmp_path / "in",
        offers=(
            "offer_id,mentor_id,quota,lower_quota,weight\nimaging,wang,1,2,\nstroke,wang,1,x,0\n"
            "cohort,li,1,-1,1.5\n"
        ),
        mentors=(
            "mentor_id,quota,preferences,group_id,lower_quota\nwang,2,s1,ward,1\nli,1,s2,clinic,2\n"
        ),
        groups=(
            "group_id,parent_id,quota,lower_quota,priority\nclinic,school,x,1,s1 > > s2\n"
            "school,clinic,2,3,s9\nschool,,,,\n,,,,\nlab,moon,-1,,\n"
        ),
    )

    result = _run(folder, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()
    assert result.stderr.splitlines() == [
        "offers.csv:2: offer 'imaging' has the minimum 2, above its quota 1",
        "offers.csv:3: offer 'stroke' has the weight 0, not a whole number from 1",
        "offers.csv:3: the minimum 'x' is not a whole number",
        "offers.csv:4: the minimum -1 is negative",
        "offers.csv:4: the weight '1.5' is not a whole number",
        "mentors.csv:2: mentor 'wang' counts in the unknown group 'ward'",
        "mentors.csv:3: mentor 'li' has the minimum 2, above its quota 1",
        "groups.csv:2: group 'clinic' lies in itself: 'clinic' in 'school' in 'clinic'",
        "groups.csv:2: the list 's1 > > s2' has an empty place",
        "groups.csv:2: the quota 'x' is not a whole number",
        "groups.csv:3: group 'school' has the minimum 3, above its quota 2",
        "groups.csv:3: group 'school' lies in itself: 'school' in 'clinic' in 'school'",
        "groups.csv:3: group 'school' lists the unknown student 's9'",
        "groups.csv:4: 'school' was already on line 3",
        "groups.csv:6: group 'lab' lies in the unknown group 'moon'",
        "groups.csv:6: the quota -1 is negative",
        "16 mistakes; nothing was written.",
    ]


def test_promotion_places_more_where_mentors_rank_students_equal(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path / "in",
        students="student_id,preferences\ns1,imaging > cohort\ns2,imaging\ns3,\n",
        mentors="mentor_id,quota,preferences\nwang,1,s1 = s2\nli,1,s1\n",
    )
    (folder / "groups.csv").unlink()
    sizes = {}
    for algorithm in ("deferred-acceptance", "promotion"):
        result = _run(folder, "--out", tmp_path / algorithm, "--algorithm", algorithm, "--json")
        report = json.loads(result.stdout)
        sizes[report["algorithm"]] = report["size"]
        path = tmp_path / algorithm / "certificate.json"
        assert CliRunner().invoke(APP, ["verify", str(path)]).exit_code == 0

    assert sizes == {"deferred-acceptance": 1, "promotion": 2}


@pytest.mark.parametrize(
    ("changes", "options", "sentences"),
    [
        (
            {"offers": FILES["offers.csv"].replace("quota", "quota,lower_quota", 1)
             .replace("wang,1", "wang,1,0", 1).replace("stroke,wang,1", "stroke,wang,1,1")
             .replace("li,1", "li,1,0")},
            (),
            [
                "offer 'stroke' needs 1 and got 0",
                "Minimums need --algorithm exact; nothing was written.",
            ],
        ),
        (
            {},
            ("--algorithm", "promotion"),
            [
                "groups: promotion knows no quotas above the mentor;"
                " use deferred-acceptance or exact",
                "This cannot be matched so; nothing was written.",
            ],
        ),
        (
            {},
            ("--objective", "regret"),
            [
                "objective: deferred-acceptance knows none but 'size'; use exact",
                "This cannot be matched so; nothing was written.",
            ],
        ),
    ],
)  # fmt: skip
def test_what_an_algorithm_cannot_do_is_said(
    tmp_path: Path, changes: dict[str, str], options: tuple[str, ...], sentences: list[str]
) -> None:
    result = _run(_folder(tmp_path / "in", **changes), "--out", tmp_path / "out", *options)

    assert result.exit_code == 2
    assert result.stderr.splitlines() == sentences
    assert not (tmp_path / "out").exists()


def test_why_says_what_decided_and_what_would_have_been_enough(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "in")

    told = _run("why", folder, "s1", "stroke")
    answer: dict[str, Any] = json.loads(_run("why", folder, "s1", "stroke", "--json").stdout)

    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "Student 's1' does not have offer 'stroke': the 2 places of group 'clinic' went to"
        " applications that come first in its order.",
        "On the list of mentor 'wang' place 1 or a tie with it would have been enough;"
        " the student was at 3. That is place 3 instead of 5 in the order of group 'clinic'.",
    ]
    assert (answer["holds"], answer["mentor"], answer["student_rank"]) == (None, "wang", 2)
    assert answer["reason"] == {
        "code": "group_cap",
        "count": 2,
        "detail": "clinic",
        "level": "group",
    }
    assert answer["sufficient"]["place"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_why_needs_a_pair_that_is_there(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "in")

    for pair, sentence in {
        ("s9", "stroke"): "student: 's9' is unknown",
        ("s1", "surgery"): "offer: 'surgery' is unknown",
        ("s3", "stroke"): "offer: 'stroke' is not on the list of 's3'",
    }.items():
        result = _run("why", folder, *pair)
        assert (result.exit_code, result.stderr.strip()) == (2, sentence)
    assert _run("why", tmp_path / "absent", "s1", "stroke").exit_code == 2


def test_both_commands_have_their_own_help_and_why_is_no_folder() -> None:
    own, why, bare = _run("--help"), _run("why", "--help"), _run("why")

    assert "Usage: root match [OPTIONS]" in own.stdout
    assert "cotutelle match why DIR STUDENT OFFER" in own.stdout
    assert "Usage: root match why [OPTIONS]" in why.stdout
    assert "{STUDENT} {OFFER}" in why.stdout
    assert bare.exit_code == 2
    assert "match why --help" in bare.stderr


def test_a_folder_called_why_is_reached_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _folder(tmp_path / "why")
    monkeypatch.chdir(tmp_path)

    assert _run("./why", "--out", "out").exit_code == 0


MINIMUMS = {
    "offers": (
        "offer_id,mentor_id,quota,lower_quota\nimaging,wang,1,\nstroke,wang,1,\ncohort,li,1,1\n"
    ),
    "mentors": "mentor_id,quota,preferences,group_id\nwang,1,s2 > s1,clinic\nli,1,s2,clinic\n",
    "groups": "group_id,quota,lower_quota\nclinic,2,2\n",
}


def test_the_exact_algorithm_plans_minimums_and_names_whom_they_keep_apart(
    tmp_path: Path,
) -> None:
    folder, out = _folder(tmp_path / "in", **MINIMUMS), tmp_path / "out"

    told = _run(folder, "--out", out, "--algorithm", "exact", "--objective", "generous")
    answer = _run(folder, "--out", out, "--algorithm", "exact", "--json")

    assert told.exit_code == answer.exit_code == 0
    assert told.stdout.startswith("Optimal, proven by the solver. 2 of 3 students have a place")
    assert "have each other, apart for minimums: 1." in told.stdout
    report = json.loads(answer.stdout)
    assert (report["status"], report["size"], report["bound"]) == ("optimal", 2, 2)
    assert (report["blocking_pairs"], report["tolerated"]) == (1, 1)
    certificate = json.loads((out / "certificate.json").read_bytes())
    assert certificate["evidence"]["tolerated"][0][-1] == ["offer", "cohort"]
    verified = CliRunner().invoke(APP, ["verify", str(out / "certificate.json")])
    assert "No result can place more than 2" in verified.stdout
    why = _run("why", folder, "s2", "imaging", "--algorithm", "exact")
    assert why.stdout.splitlines() == [
        "Student 's2' does not have offer 'imaging': the minimum of 1 of offer 'cohort' must be met."
    ]


def test_what_no_result_can_keep_is_named_with_what_would_help(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path / "in", **MINIMUMS | {"groups": "group_id,quota,lower_quota\nclinic,3,3\n"}
    )
    out = tmp_path / "out"

    told = _run(folder, "--out", out, "--algorithm", "exact")
    answer = _run(folder, "--out", out, "--algorithm", "exact", "--json")
    why = _run("why", folder, "s1", "imaging", "--algorithm", "exact")

    assert told.exit_code == answer.exit_code == why.exit_code == 1
    assert not out.exists()
    lines = told.stderr.splitlines()
    assert lines[0] == "No result keeps all rules. These cannot be kept together:"
    assert "  group 'clinic': at least 3 places" in lines
    assert "  change the minimum of group 'clinic' from 3 to 2" in lines
    assert lines[-1] == "Nothing was written."
    report = json.loads(answer.stdout)
    assert (report["status"], report["algorithm"], report["bound"]) == ("infeasible", "exact", None)
    assert {"kind": "group_lower", "key": "clinic", "value": 3} in report["reasons"]
    lowered = {"kind": "group_lower", "key": "clinic", "before": 3, "after": 2}
    assert {"cost": 1, "changes": [lowered]} in report["repairs"]
