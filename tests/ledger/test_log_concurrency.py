"""Many decide at once while places are given out, and erase at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from cotutelle.ledger import queries, services
from cotutelle.ledger.models import Entry, EntryPayload, Leaf, Pending, Trace
from cotutelle.ledger.services.asking import TICK_TASK
from cotutelle.people import services as people
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from tests.factories.institutions import make_consortium
from tests.factories.log import make_log
from tests.factories.people import make_person
from tests.factories.programmes import StudentFactory

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, EACH = 30, 8


def closing(work: Callable[..., Any]) -> Callable[..., Any]:
    """Give back the connection of the thread in which ``work`` ran."""

    def done(*given: Any) -> Any:
        try:
            return work(*given)
        finally:
            connection.close()

    return done


def decide(student: Student, n: int) -> None:
    with transaction.atomic():
        services.record(
            "programmes.student.admission_changed", actor=None, subject=student, after={"n": n},
            decision=True,
        )  # fmt: skip


def assert_whole(expected: int) -> None:
    services.sequence()
    assert Pending.objects.count() == 0
    decisions = Entry.objects.filter(action="programmes.student.admission_changed")
    assert decisions.count() == expected
    assert Leaf.objects.filter(entry__in=decisions).count() == expected
    size = queries.log_size()
    assert list(Leaf.objects.order_by("index").values_list("index", flat=True)) == list(range(size))
    for trace in Trace.objects.all():
        seqs = list(trace.leaves.order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, trace.count + 1))
    assert queries.fsck().faults == []


def test_thirty_decide_while_places_are_given_out(settings: Any, tmp_path: Path) -> None:
    log = make_log(settings, tmp_path)
    students = StudentFactory.create_batch(5)
    barrier = threading.Barrier(THREADS + 2)
    over = threading.Event()

    @closing
    def work(n: int) -> None:
        barrier.wait()
        for turn in range(EACH):
            decide(students[(n + turn) % len(students)], n)

    @closing
    def give_places() -> int:
        barrier.wait()
        total = 0
        while not over.is_set():
            total += services.sequence()
        return total

    with ThreadPoolExecutor(THREADS + 2) as pool:
        sequencers = [pool.submit(give_places) for _ in range(2)]
        writers: list[Future[None]] = [pool.submit(work, n) for n in range(THREADS)]
        try:
            for writer in writers:
                writer.result(timeout=120)
        finally:
            over.set()
        assert sum(s.result(timeout=60) for s in sequencers) > 0
    assert_whole(THREADS * EACH)
    log.publish()
    assert sum(t.count for t in Trace.objects.all()) == THREADS * EACH


def test_erasing_and_sequencing_never_wait_for_each_other(settings: Any, tmp_path: Path) -> None:
    make_log(settings, tmp_path)
    admin = make_person(Role.SYSTEM_ADMINISTRATOR, unit=make_consortium())
    students = StudentFactory.create_batch(12)
    for student in students:
        for n in range(6):
            decide(student, n)
    barrier = threading.Barrier(3)

    @closing
    def erase(part: list[Student]) -> None:
        barrier.wait()
        for student in part:
            people.erase_person(Person.objects.get(pk=student.person_id), actor=admin)

    @closing
    def give_places() -> None:
        barrier.wait()
        while Pending.objects.exists():
            services.sequencing.sequence_batch()

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(erase, students[:6]), pool.submit(erase, students[6:])]
        jobs.append(pool.submit(give_places))
        for job in jobs:
            job.result(timeout=120)
    assert_whole(12 * 6)
    about = EntryPayload.objects.filter(entry__person__in=[s.person_id for s in students])
    assert not about.exists()


def test_what_follows_something_being_erased_waits_with_it(settings: Any, tmp_path: Path) -> None:
    make_log(settings, tmp_path)
    student = StudentFactory.create()
    for n in range(3):
        decide(student, n)
    entries = Entry.objects.filter(action="programmes.student.admission_changed").order_by("id")
    second = entries[1]
    held, over = threading.Event(), threading.Event()

    @closing
    def hold() -> None:
        with transaction.atomic():
            EntryPayload.objects.select_for_update().get(entry=second)
            held.set()
            assert over.wait(60)

    placed = Leaf.objects.filter(entry__in=entries).order_by("seq").values_list("entry", flat=True)
    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        try:
            assert held.wait(60)
            services.sequence()
            assert list(placed.all()) == [entries[0].pk]
        finally:
            over.set()
        holder.result(timeout=60)
    assert_whole(3)
    assert list(placed.all()) == [entry.pk for entry in entries]


def test_decisions_of_one_transaction_ask_for_one_turn_after_it() -> None:
    student = StudentFactory.create()
    with connection.cursor() as cursor:  # the queue's tables are not emptied between tests
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    with transaction.atomic():
        for n in range(5):
            decide(student, n)
        assert not ProcrastinateJob.objects.filter(task_name=TICK_TASK).exists()
    decide(student, 6)
    job = ProcrastinateJob.objects.get(task_name=TICK_TASK)
    assert (job.lock, job.queueing_lock) == (TICK_TASK, TICK_TASK)
    with transaction.atomic():
        decide(student, 7)
        transaction.set_rollback(True)
    assert Pending.objects.count() == 6
