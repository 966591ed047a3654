"""`cotutelle match` on plain files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cotutelle.cli import matching, verify

APP = typer.Typer()
matching.register(APP)
verify.register(APP)

GOOD = {
    "students.csv": "student_id,preferences\ns1,imaging > stroke\ns2,imaging>cohort\ns3,\n",
    "offers.csv": "offer_id,mentor_id,quota\nimaging,wang,1\nstroke,wang,1\ncohort,li,1\n",
    "mentors.csv": "mentor_id,quota,preferences\nwang,1,s2 = s3 > s1\nli,1,s2\n",
}


def _folder(path: Path, **changes: str | bytes | None) -> Path:
    """Write the good files to ``path``, changed: students="..." stands for students.csv."""
    path.mkdir(exist_ok=True)
    files: dict[str, str | bytes | None] = {
        **GOOD,
        **{f"{name}.csv": content for name, content in changes.items()},
    }
    for name, content in files.items():
        if content is not None:
            (path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _match(folder: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(APP, ["match", str(folder), "--out", str(out), *options])


def _table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_a_folder_is_matched_and_the_result_verified(tmp_path: Path) -> None:
    folder, out = _folder(tmp_path / "in"), tmp_path / "out"

    result = _match(folder, out)

    assert result.exit_code == 0
    assert "2 of 3" not in result.stdout
    assert "1 of 3 students have a place, 2 have none" in result.stdout
    assert (out / "assignment.csv").read_bytes() == (
        b"student_id,offer_id,mentor_id,student_rank\ns2,imaging,wang,1\n"
    )
    assert (out / "unmatched.csv").read_bytes() == (
        b"student_id,reason\ns1,preferred_others\ns3,empty_list\n"
    )
    assert sorted(path.name for path in out.iterdir()) == [
        "assignment.csv",
        "certificate.json",
        "unmatched.csv",
    ]
    verified = CliRunner().invoke(APP, ["verify", str(out / "certificate.json")])
    assert verified.exit_code == 0
    assert "every check holds" in verified.stdout


def test_json_prints_one_object_and_the_same_input_the_same_bytes(tmp_path: Path) -> None:
    folder, out = _folder(tmp_path / "in"), tmp_path / "out"

    first = _match(folder, out, "--json", "--seed", "2026")
    certificate = (out / "certificate.json").read_bytes()
    second = _match(folder, out, "--json", "--seed", "2026")

    report = json.loads(first.stdout)
    assert report.pop("cpu_seconds") >= 0
    assert report == {
        "status": "stable",
        "size": 1,
        "bound": None,
        "algorithm": "deferred-acceptance",
        "objective": "size",
        "blocking_pairs": 0,
        "tolerated": 0,
        "rank_profile": [1],
        "input_sha256": json.loads(certificate)["input_sha256"],
    }
    assert first.stdout.count("\n") == 1
    assert second.exit_code == 0
    assert (out / "certificate.json").read_bytes() == certificate
    assert json.loads(certificate)["inputs"]["seed"] == "2026"


def test_pins_and_bans_are_kept_and_counted(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path / "in",
        pins="student_id,offer_id,reason\ns3,imaging,minutes 7\n",
        bans="kind,student_id,offer_id,reason\nconflict,s2,cohort,kin\n",
    )

    result = _match(folder, tmp_path / "out", "--json")

    report = json.loads(result.stdout)
    assert (report["size"], report["rank_profile"], report["tolerated"]) == (1, [], 1)
    assert _table(tmp_path / "out" / "assignment.csv")[1] == ["s3", "imaging", "wang", ""]
    assert _table(tmp_path / "out" / "unmatched.csv")[1:] == [
        ["s1", "pinned_places"],
        ["s2", "pinned_places"],
    ]
    assert (
        CliRunner().invoke(APP, ["verify", str(tmp_path / "out/certificate.json")]).exit_code == 0
    )


CHINESE = (
    '备注,preferences, student_id \r\n\r\n甲,"影像 组 > 卒中",张 三\r\n,,\r\n乙,影像 组,李四\r\n'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_columns_and_line_ends_as_offices_have_them(
    tmp_path: Path, encoding: str
) -> None:
    folder = _folder(
        tmp_path / "in",
        students=CHINESE.encode(encoding),
        offers="offer_id,mentor_id,quota\r\n影像 组,王,1\r\n卒中,王,0\r\n".encode(encoding),
        mentors="mentor_id,quota,preferences\r\n王,3, 李四 > 张 三 \r\n".encode(encoding),
    )

    result = _match(folder, tmp_path / "out")

    assert result.exit_code == 0, result.stderr
    assert _table(tmp_path / "out" / "assignment.csv")[1:] == [["李四", "影像 组", "王", "1"]]
    assert _table(tmp_path / "out" / "unmatched.csv")[1:] == [["张 三", "preferred_others"]]


def test_students_tie_only_when_allowed(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path / "in", students="student_id,preferences\ns2,cohort = imaging\ns1,\ns3,\n"
    )

    refused = _match(folder, tmp_path / "out")
    allowed = _match(folder, tmp_path / "out", "--student-ties")

    assert refused.exit_code == 2
    assert "students.csv:2: the list 'cohort = imaging' has a tie" in refused.stderr
    assert allowed.exit_code == 0
    assert _table(tmp_path / "out" / "assignment.csv")[1][3] == "1"


def test_every_mistake_is_listed_with_its_place_and_nothing_written(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path / "in",
        students=(
            "student_id,preferences\ns1,imaging > imaging\ns1,stroke\n,stroke\na=b,stroke\n"
            "s2,surgery\ns3,imaging > > stroke\ns4,stroke,extra\ns5,imaging＞stroke\n"
        ),
        offers="offer_id,mentor_id,quota\nimaging,wang,-1\nstroke,zhao,1\ncohort,li,1.5\n",
        mentors="mentor_id,quota,preferences\nwang,x,s9 > s1\nli,99999999999999999999,s2 = s2\n",
        pins="student_id,offer_id,reason\ns1,stroke,\ns2,stroke,\ns3,surgery,\ns3,stroke,\n",
        bans="student_id,offer_id,reason,kind\ns1,stroke,kin,\ns1,stroke,kin,\nq,stroke,,whim\n",
    )

    result = _match(folder, tmp_path / "out", "--json")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert not (tmp_path / "out").exists()
    assert result.stderr.splitlines() == [
        "students.csv:2: student 's1' lists offer 'imaging' 2 times",
        "students.csv:3: 's1' was already on line 2",
        "students.csv:4: an id is empty",
        "students.csv:5: the id 'a=b' holds '>' or '='",
        "students.csv:6: student 's2' lists the unknown offer 'surgery'",
        "students.csv:7: the list 'imaging > > stroke' has an empty place",
        "students.csv:8: the row has 3 fields, the header has 2",
        "students.csv:9: student 's5' lists the unknown offer 'imaging＞stroke'"
        " (lists are written with the half-width signs > and =)",
        "offers.csv:2: the quota -1 is negative",
        "offers.csv:3: offer 'stroke' belongs to the unknown mentor 'zhao'",
        "offers.csv:4: the quota '1.5' is not a whole number",
        "mentors.csv:2: mentor 'wang' lists the unknown student 's9'",
        "mentors.csv:2: the quota 'x' is not a whole number",
        "mentors.csv:3: mentor 'li' lists student 's2' 2 times",
        "mentors.csv:3: the quota is too large",
        "pins.csv:2: student 's1' is pinned to offer 'stroke', which is banned",
        "pins.csv:3: the pin of student 's2' is one too many for offer 'stroke', whose quota is 1",
        "pins.csv:4: student 's3' is pinned to the unknown offer 'surgery'",
        "pins.csv:5: 's3' was already on line 4",
        "bans.csv:3: 's1' and 'stroke' was already on line 2",
        "bans.csv:4: a ban names the unknown student 'q'",
        "bans.csv:4: the ban of 'q' and 'stroke' has the unknown kind 'whim'",
        "22 mistakes; nothing was written.",
    ]


def test_mistakes_of_whole_files_are_listed_together(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path / "in",
        students=None,
        offers="offer_id,quota,quota\n",
        mentors=b"\xff\xff\xff",
        pins="",
        bans='student_id,offer_id,reason\ns1,stroke,"never closed\n',
    )

    result = _match(folder, tmp_path / "out")

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "students.csv: the file is missing",
        "offers.csv:1: the column 'mentor_id' is missing; the columns are: offer_id, quota, quota",
        "offers.csv:1: the column 'quota' is there twice",
        "mentors.csv: the file is neither UTF-8 nor GB18030",
        "pins.csv: the column 'offer_id' is missing; the columns are: none",
        "pins.csv: the column 'student_id' is missing; the columns are: none",
        "bans.csv:2: the row cannot be read: unexpected end of data",
        "7 mistakes; nothing was written.",
    ]


def test_a_failed_run_leaves_the_former_result_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    _match(_folder(tmp_path / "in"), out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    result = _match(_folder(tmp_path / "in", offers="offer_id,mentor_id,quota\n"), out)

    assert result.exit_code == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_missing_folder_and_an_unusable_target_are_one_sentence_each(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "in")
    (tmp_path / "file").write_text("in the way")

    absent = _match(tmp_path / "absent", tmp_path / "out")
    blocked = _match(folder, tmp_path / "file")

    assert absent.exit_code == blocked.exit_code == 2
    assert absent.stderr.startswith(f"{tmp_path / 'absent'}: there is no such folder")
    assert "cannot be written" in blocked.stderr
    assert (tmp_path / "file").read_text() == "in the way"


def test_formulas_stay_as_they_are_in_machine_files(tmp_path: Path) -> None:
    folder = _folder(
        tmp_path / "in",
        students="student_id,preferences\n-1+2,@x\n",
        offers="offer_id,mentor_id,quota\n@x,+m,1\n",
        mentors="mentor_id,quota,preferences\n+m,1,-1+2\n",
    )

    assert _match(folder, tmp_path / "out").exit_code == 0
    assert _table(tmp_path / "out" / "assignment.csv")[1] == ["-1+2", "@x", "+m", "1"]
