"""After erasing, no text column of any table and no file says who somebody was."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from cotutelle.availability.services import publish_span
from cotutelle.core.clock import now
from cotutelle.engines.affinity.termcounts import TermCounts
from cotutelle.exchange import services as exchange
from cotutelle.exchange.enums import RunState
from cotutelle.exchange.models import ImportRun
from cotutelle.files import storage
from cotutelle.files.models import StoredFile
from cotutelle.mentorship.models import MentorChange, Mentorship
from cotutelle.notices.services import notify
from cotutelle.people import services as people
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Leave
from cotutelle.programmes.services import change_student
from cotutelle.rotations.models import (
    AccountLine,
    DutyEntry,
    HourException,
    Series,
    Stay,
    Swap,
    Wish,
)
from cotutelle.selection.models import AnswerLine, Objection, Offer, Placement
from cotutelle.selection.services.affinity import cache_folder
from cotutelle.selection.services.search_index import index_offers
from tests.exchange.books import xlsx
from tests.factories.mentorship import ConflictFactory, PublicationFactory
from tests.factories.people import make_person
from tests.factories.workflow import make_task
from tests.rules.matrix_world import World, make_world

pytestmark = pytest.mark.django_db
SCRIPT = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public'
  AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'ARRAY', 'tsvector')
ORDER BY 1, 2
"""


def traces(words: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield (table, column, word) wherever one of ``words`` is written, in files as well."""
    with connection.cursor() as cursor:
        cursor.execute(SCRIPT)
        for table, column in cursor.fetchall():
            for word in words:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ILIKE %s',  # noqa: S608
                    [f"%{word}%"],
                )
                if cursor.fetchone()[0]:
                    yield table, column, word


def holders(words: tuple[str, ...]) -> list[str]:
    """Return the uploaded workbooks in which one of ``words`` is written."""
    found = []
    for file in StoredFile.objects.filter(name__endswith=".xlsx"):
        if not storage.path_of(file.sha256).exists():
            continue
        with zipfile.ZipFile(storage.path_of(file.sha256)) as packed:
            text = "".join(packed.read(n).decode("utf-8", "replace") for n in packed.namelist())
        found += [file.name for word in words if word in text]
    return found


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> World:
    settings.MEDIA_ROOT = tmp_path
    return make_world()


def named(person: Person, stem: str, number: str) -> tuple[str, ...]:
    """Give ``person`` words that stand nowhere else; return them."""
    person.name_zh, person.name_en = f"{stem}某", f"Zzyx{number} Qwv"
    person.number, person.email = f"N{number}", f"zz{number}@example.org"
    person.phone, person.identity_number = f"139{number}", f"3101{number}X"
    person.username = f"login-{number}"
    person.save()
    return (
        person.name_zh,
        "Zzyx" + number,
        person.number,
        person.email,
        person.phone,
        person.identity_number,
        person.username,
    )


def import_file(world: World, person: Person) -> ImportRun:
    officer = world.actors["graduate_officer"]
    assert officer is not None
    run = exchange.start_import(
        "people",
        actor=officer,
        unit=world.home,
        content=xlsx([["工号", "姓名", "邮箱"], [person.number, person.name_zh, person.name_zh]]),
        name=f"{person.name_zh}.xlsx",
    )
    exchange.map_columns(run, run.mapping, actor=officer)
    exchange.check_import(run, actor=officer)
    ImportRun.objects.filter(pk=run.pk).update(state=RunState.APPLIED, applied_at=now())
    return run


def tell(people_: list[Person], about: Person) -> None:
    """Tell somebody something that names ``about``."""
    notify(
        people_,
        "rotations.research_taken",
        params={
            "student": {"zh": about.name_zh, "en": about.name_en},
            "day": "2026-11-02",
            "hours": "4",
            "owed": "4",
        },
        url="/",
    )


def administrator(world: World) -> Person:
    return make_person(Role.SYSTEM_ADMINISTRATOR, unit=world.home)


def test_of_a_student(world: World, django_capture_on_commit_callbacks: Any) -> None:
    me = world.actors["own_student"]
    officer = world.actors["graduate_officer"]
    assert me is not None
    assert officer is not None
    words = (*named(me, "龘龗", "90817263"), "CAND5544", "我的秘密", "靐齉医院")
    change_student(
        me.student,
        {"candidate_number": "CAND5544", "bachelor_school": "靐齉医院"},
        actor=officer,
    )
    me.student.statement = me.student.career_plan = "我的秘密"
    me.student.save()
    ConflictFactory.create(student=me.student, ground="我的秘密")
    MentorChange.objects.filter(mentorship__student=me.student).update(reason="我的秘密")
    Objection.objects.filter(raised_by=me).update(text="我的秘密", answer="我的秘密")
    AnswerLine.objects.filter(participant__student=me.student).update(note="我的秘密")
    Leave.objects.filter(enrolment__student=me.student).update(reason="我的秘密")
    Wish.objects.filter(participant__student=me.student).update(reason="我的秘密")
    Swap.objects.update(note="我的秘密")
    HourException.objects.filter(student=me.student).update(note="我的秘密")
    make_task(officer, unit=world.home, params={"round": {"zh": me.name_zh, "en": me.name_en}})
    tell([officer], me)
    import_file(world, me)
    placed = Placement.objects.filter(participant__student=me.student).count()
    assert {table for table, _c, _w in traces(words)} >= {
        "people_person",
        "programmes_student",
        "ledger_entrypayload",
        "exchange_importrun",
        "workflow_task",
        "programmes_leave",
        "rotations_wish",
        "rotations_swap",
        "rotations_hourexception",
        "notices_notice",
    }
    assert holders(words)

    with django_capture_on_commit_callbacks(execute=True):
        people.erase_person(me, actor=administrator(world))

    assert list(traces(words)) == []
    assert holders(words) == []
    assert Placement.objects.filter(participant__student=me.student).count() == placed > 0
    assert Mentorship.objects.filter(student=me.student).exists()
    assert Stay.objects.filter(participant__student=me.student).exists()
    hours = (DutyEntry, HourException, AccountLine)
    assert not any(model.objects.filter(student=me.student).exists() for model in hours)


def test_of_vectors_of_what_somebody_wrote(
    world: World, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    me = world.actors["own_student"]
    assert me is not None
    settings.COTUTELLE_DATA_DIR = tmp_path
    TermCounts(cache_folder()).count(["我的秘密"])
    (file,) = cache_folder().glob("*.sqlite3")
    kept = TermCounts(None).count(["我的秘密"])[0].tobytes()
    assert kept in file.read_bytes()

    with django_capture_on_commit_callbacks(execute=True):
        people.erase_person(me, actor=administrator(world))

    assert kept not in file.read_bytes()


def test_of_a_mentor(world: World, django_capture_on_commit_callbacks: Any) -> None:
    me = world.actors["own_mentor"]
    assert me is not None
    words = (*named(me, "龘龗", "70615243"), "我的秘密", "Zqxpaper")
    me.mentor.bio_zh = me.mentor.interests_zh = "我的秘密"
    me.mentor.save()
    PublicationFactory.create(mentor=me.mentor, title="Zqxpaper on imaging", authors=me.name_en)
    index_offers(Offer.objects.filter(mentor=me.mentor))
    AnswerLine.objects.filter(answer__mentor=me.mentor).update(note="我的秘密")
    HourException.objects.update(pulled_by=me.name_zh)
    team = {"zh": f"{me.name_zh}团队", "en": f"Team of {me.name_en}"}
    Series.objects.update(name_zh=team["zh"], name_en=team["en"])
    student = world.actors["own_student"]
    assert student is not None
    publish_span(
        student, kind="rotations.joint_round", source="rotations.meeting:1", params={"name": team},
        starts_at=now(), ends_at=now() + dt.timedelta(hours=2),
    )  # fmt: skip
    assert {table for table, _c, _w in traces(words)} >= {
        "selection_offer",
        "rotations_series",
        "rotations_hourexception",
        "availability_span",
    }

    with django_capture_on_commit_callbacks(execute=True):
        people.erase_person(me, actor=administrator(world))

    assert list(traces(words)) == []
    assert Offer.objects.filter(mentor=me.mentor).exclude(search_text="").exists()


def test_of_an_officer(world: World, django_capture_on_commit_callbacks: Any) -> None:
    me = world.actors["graduate_officer"]
    assert me is not None
    words = named(me, "龘龗", "50413222")
    with django_capture_on_commit_callbacks(execute=True):
        people.erase_person(me, actor=administrator(world))
    assert list(traces(words)) == []


def test_what_the_rooms_know_is_handed_out(world: World) -> None:
    me, mentor = world.actors["own_student"], world.actors["own_mentor"]
    assert me is not None
    assert mentor is not None
    packed = zipfile.ZipFile(io.BytesIO(people.export_person(me, actor=me)))
    data = {name: json.loads(packed.read(name)) for name in packed.namelist()}
    assert set(data) >= {
        f"{room}.json"
        for room in ("workflow", "jobs", "files", "imports", "student", "mentorship", "selection")
    }
    assert data["student.json"]["route"] == "unified_exam"
    assert any(one["results"] for one in data["selection.json"]["lists"])
    assert data["mentorship.json"]["pairs"][0]["state"] == "active"
    assert data["hours.json"]["exceptions"][0]["minutes"] == 240
    assert data["week.json"]["problems"][0]["title"] == "术后谵妄"
    assert data["rotations.json"]["wishes"][0]["reason"] == "家近"
    assert data["programme.json"]["leave"]
    packed = zipfile.ZipFile(io.BytesIO(people.export_person(mentor, actor=mentor)))
    assert json.loads(packed.read("mentorship.json"))["mentor"][0]["interests_zh"]
    assert json.loads(packed.read("selection.json"))["offers"]
