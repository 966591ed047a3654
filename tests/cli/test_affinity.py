"""``cotutelle affinity`` on plain files."""

from __future__ import annotations

import csv
import json
import os
import sys

import pytest
import typer
from typer.testing import CliRunner

from cotutelle.cli import _affinity_way, affinity

MENTORS = '{"id": " m1 ", "texts": ["Lung cancer imaging", "肺癌影像"]}\n{"id": "m2", "texts": ["脑卒中"]}\n'
STUDENTS = '{"id": "学 1", "texts": ["lung cancer 肺癌影像"]}\n\n  \n{"id": "s2", "texts": []}\n'


@pytest.fixture
def run(tmp_path, tmp_path_factory, monkeypatch):
    app = typer.Typer()
    app.callback()(lambda: None)
    affinity.register(app)

    monkeypatch.setenv("COTUTELLE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))

    def call(mentors=MENTORS, students=STUDENTS, *options, encoding="utf-8", model="tfidf"):
        for name, text in (("mentors", mentors), ("students", students)):
            if text is not None:
                raw = text if isinstance(text, bytes) else text.encode(encoding)
                (tmp_path / f"{name}.jsonl").write_bytes(raw)
        paths = [str(tmp_path / name) for name in ("mentors.jsonl", "students.jsonl", "scores.csv")]
        return CliRunner().invoke(
            app, ["affinity", paths[0], paths[1], "--out", paths[2], "--model", model, *options]
        )

    return call


def rows(tmp_path):
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_scores_every_pair_in_any_encoding(run, tmp_path, encoding):
    result = run(encoding=encoding)

    assert result.exit_code == 0, result.stderr
    header, *found = rows(tmp_path)
    assert header == ["student_id", "mentor_id", "score", "terms"]
    assert [row[:2] for row in found] == [
        ["s2", "m1"],
        ["s2", "m2"],
        ["学 1", "m1"],
        ["学 1", "m2"],
    ]
    assert found[0][2:] == ["0.000000", ""]
    # All terms are equally rare: the mean of 3 / √(6 · 5) and 3 / √(6 · 3).
    assert found[2][2] == "0.627415"
    assert {"lung cancer", "肺癌", "影像"} <= set(found[2][3].split(";"))
    assert b"\r" not in (tmp_path / "scores.csv").read_bytes()


def test_top_keeps_the_best_mentors_and_crlf_is_read(run, tmp_path):
    result = run(MENTORS.replace("\n", "\r\n"), STUDENTS, "--top", "1")

    assert result.exit_code == 0
    assert [row[:2] for row in rows(tmp_path)[1:]] == [["s2", "m1"], ["学 1", "m1"]]


def test_json_prints_one_object(run):
    result = run(MENTORS, STUDENTS, "--top", "1", "--json")

    summary = json.loads(result.stdout)
    assert summary.pop("cpu_seconds") >= 0
    assert summary == {
        "status": "scored",
        "students": 2,
        "mentors": 2,
        "rows": 2,
        "model": "tfidf",
        "calibration": None,
        "cached": 0,
        "encoded": 0,
    }


def test_models_read_texts_once_and_may_score_below_zero(run, tmp_path):
    students = STUDENTS + '{"id": "far", "texts": ["monetary policy of islands"]}\n'
    first = json.loads(run(MENTORS, students, "--json", model="auto").stdout)
    before = rows(tmp_path)
    second = json.loads(run(MENTORS, students, "--json", model="auto").stdout)

    assert first["model"] == "minilm-l6-int8+use-multilingual"
    assert first["calibration"]
    assert (first["cached"], second["encoded"]) == (0, 0)
    # Two English items by the English model; all five by the multilingual one.
    assert first["encoded"] == second["cached"] == 7
    assert rows(tmp_path) == before
    found = {(row[0], row[1]): float(row[2]) for row in before[1:]}
    assert found["far", "m1"] < 0 < found["学 1", "m1"]


@pytest.mark.parametrize("model", ["auto", "tfidf"])
def test_processes_write_the_same_file(run, tmp_path, model):
    run(model=model)
    alone = (tmp_path / "scores.csv").read_bytes()
    (tmp_path / "scores.csv").unlink()

    assert run(MENTORS, STUDENTS, "--workers", "2", model=model).exit_code == 0
    assert (tmp_path / "scores.csv").read_bytes() == alone


@pytest.mark.parametrize(
    ("pairs", "cores", "spread"),
    [(99_999_999, {0, 1}, False), (100_000_000, {0, 1}, True), (100_000_000, {0}, False)],
)
def test_a_large_problem_uses_all_cores(monkeypatch, tmp_path, pairs, cores, spread):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")

    way = _affinity_way.choose_way("tfidf", tmp_path, None, pairs=pairs)
    assert (way.spread is not None) == spread


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--workers", "many"), "--workers: 'many' is neither a number nor tcp://HOST:PORT"),
        (("--workers", "0"), "--workers: '0' is neither a number nor tcp://HOST:PORT"),
    ],
)
def test_workers_that_are_none_are_refused(run, tmp_path, options, message):
    result = run(MENTORS, STUDENTS, *options)

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [message]
    assert not (tmp_path / "scores.csv").exists()


def test_a_hub_model_needs_the_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    result = run(model="malteos/scincl")

    assert result.exit_code == 2
    assert "cotutelle[models]" in result.stderr


def test_without_models_words_are_compared_and_it_says_so(run, monkeypatch):
    monkeypatch.setattr("cotutelle.engines.affinity.models.available", lambda: None)
    _affinity_way._load.cache_clear()
    result = run(MENTORS, STUDENTS, "--json", model="auto")
    _affinity_way._load.cache_clear()

    assert json.loads(result.stdout)["model"] == "tfidf"
    assert result.stderr == "no text model is installed: words alone are compared (TF-IDF)\n"


def test_the_cache_lies_where_it_is_asked_for(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("named")
    assert run(MENTORS, STUDENTS, "--cache", str(folder), model="auto").exit_code == 0
    assert {path.name.split("-")[0] for path in folder.iterdir()} == {"minilm", "terms", "use"}


def test_all_bad_lines_are_listed_together_and_nothing_is_written(run, tmp_path):
    mentors = "\n".join(
        [
            '{"id": "m1", "texts": []}',
            "{broken",
            '{"texts": []}',
            '{"id": "m1 ", "texts": []}',
            "[]",
            '{"id": "  ", "texts": []}',
            "[" * 200_000,
        ]
    )
    students = "\n".join(
        [
            '{"id": "s1", "texts": "bare"}',
            '{"id": 3, "texts": []}',
            '{"id": "s3", "texts": [1]}',
            '{"id": "s4"}',
            r'{"id": "\ud800", "texts": []}',
        ]
    )
    (tmp_path / "scores.csv").write_text("before", encoding="utf-8")

    result = run(mentors, students)

    def place(name, line):
        return f"{tmp_path / name}.jsonl:{line}: "

    assert result.exit_code == 2
    found = result.stderr.splitlines()
    assert found[0].startswith(place("mentors", 2) + "not JSON: ")
    assert found[1:] == [
        place("mentors", 3) + "missing id",
        place("mentors", 4) + "duplicate id 'm1', first on line 1",
        place("mentors", 5) + 'expected an object {"id": …, "texts": […]}',
        place("mentors", 6) + "id is empty",
        place("mentors", 7) + "not JSON: nested too deeply",
        place("students", 1) + "texts is not a list of strings",
        place("students", 2) + "id is not a string",
        place("students", 3) + "texts is not a list of strings",
        place("students", 4) + "missing texts",
        place("students", 5) + "id holds half a character (an unpaired surrogate)",
    ]
    assert (tmp_path / "scores.csv").read_text(encoding="utf-8") == "before"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_missing_file_and_one_that_is_no_text_are_both_named(run, tmp_path):
    result = run(None, b"\xff\xff\x00\x81")

    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"{tmp_path / 'mentors.jsonl'}: No such file or directory",
        f"{tmp_path / 'students.jsonl'}: neither UTF-8 nor GB18030 text",
    ]
    assert not (tmp_path / "scores.csv").exists()


def test_a_target_that_cannot_be_written_is_one_sentence(run, tmp_path):
    (tmp_path / "scores.csv").mkdir()

    result = run()

    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path / 'scores.csv'}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "mentors.jsonl",
        "scores.csv",
        "students.jsonl",
    ]


def test_empty_files_give_a_header_alone(run, tmp_path):
    assert run("", "").exit_code == 0
    assert rows(tmp_path) == [["student_id", "mentor_id", "score", "terms"]]


def test_top_below_one_is_refused(run, tmp_path):
    assert run(MENTORS, STUDENTS, "--top", "0").exit_code == 2
    assert not (tmp_path / "scores.csv").exists()
