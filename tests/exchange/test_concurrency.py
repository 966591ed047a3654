"""Two officers press the button at the same moment, on real PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from cotutelle.core.errors import RuleViolation
from cotutelle.exchange import services
from cotutelle.exchange.enums import RunState
from cotutelle.exchange.importing import Counts
from cotutelle.exchange.models import ImportRun
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.exchange.books import xlsx
from tests.factories.institutions import UnitFactory
from tests.factories.people import make_person

HEAD = ["工号", "姓名"]


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_people_at_once() -> None:
    unit = UnitFactory.create()
    content = xlsx([HEAD, *[[f"N{n:03}", f"张{n}"] for n in range(60)]])
    runs = []
    for _number in range(2):
        officer = make_person(Role.GRADUATE_OFFICER, unit=unit)
        run = services.start_import(
            "people", actor=officer, unit=unit, content=content, name="a.xlsx"
        )
        if run.state == RunState.UPLOADED:
            services.map_columns(run, run.mapping, actor=officer)
        services.check_import(run, actor=officer)
        services.apply_import(run, actor=officer)
        runs.append(run.pk)
    start = threading.Barrier(2)
    counts: list[Counts | None] = []

    def apply(pk: int) -> None:
        try:
            run = ImportRun.objects.get(pk=pk)
            start.wait(timeout=20)
            counts.append(services.apply_now(run, good_only=False, progress=lambda done: None))
        finally:
            connection.close()

    threads = [threading.Thread(target=apply, args=(pk,)) for pk in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Person.objects.filter(number__startswith="N").count() == 60
    assert sorted((c.created, c.unchanged) for c in counts if c) == [(0, 60), (60, 0)]
    assert set(ImportRun.objects.values_list("state", flat=True)) == {RunState.APPLIED}


@pytest.mark.django_db(transaction=True)
def test_one_import_pressed_by_many_hands_is_applied_once() -> None:
    officer = make_person(Role.GRADUATE_OFFICER)
    assert officer.unit is not None
    run = services.start_import(
        "people",
        actor=officer,
        unit=officer.unit,
        content=xlsx([HEAD, ["1", "张三"]]),
        name="a.xlsx",
    )
    services.map_columns(run, run.mapping, actor=officer)
    services.check_import(run, actor=officer)
    hands = 8
    start = threading.Barrier(hands)
    won: list[bool] = []

    def press() -> None:
        try:
            mine = ImportRun.objects.get(pk=run.pk)
            start.wait(timeout=20)
            try:
                services.apply_import(mine, actor=mine.actor)
            except RuleViolation as error:
                won.append(error.code != "exchange.state")
            else:
                won.append(True)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(won) == [False] * (hands - 1) + [True]
