"""
Cost of pages on a large school: 5,000 students and 800 mentors.

Prints for each page the p95 in milliseconds for one user (target < 300), the median CPU, its
ratio to a constant view behind the same middleware (target for lists of 50 rows: at most 25)
and the number of queries.

    .venv/bin/python benchmarks/pages.py [--students N] [--mentors N] [--rounds N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cotutelle.config.settings.test")


def constant(request: object) -> object:
    """A view that costs nothing of its own."""
    from django.http import HttpResponse

    return HttpResponse("ok")


def pages(school: dict[str, object]) -> list[tuple[str, str, str, bool]]:
    """Return (role, name, address, whether it is a list of 50 rows)."""
    from django.urls import reverse

    round_ = school["round"]
    return [
        ("officer", "home", reverse("web:home"), False),
        ("officer", "students", reverse("programmes:students"), True),
        ("officer", "mentors", reverse("mentorship:mentors"), True),
        ("officer", "people", reverse("people:people"), True),
        ("officer", "quota accounts", reverse("mentorship:accounts"), True),
        ("officer", "rounds", reverse("selection:rounds"), False),
        ("officer", "round", reverse("selection:round", args=[round_.public_id]), False),  # type: ignore[attr-defined]
        (
            "officer",
            "participants",
            reverse("selection:participants", args=[round_.public_id]),
            True,
        ),  # type: ignore[attr-defined]
        ("officer", "offers", reverse("selection:offers", args=[round_.public_id]), True),  # type: ignore[attr-defined]
        ("officer", "answers", reverse("selection:answers", args=[round_.public_id]), True),  # type: ignore[attr-defined]
        ("officer", "who owes what", reverse("workflow:board"), True),
        ("officer", "search", reverse("web:search") + "?q=导师1", False),
        ("student", "home", reverse("web:home"), False),
        ("student", "find mentors", reverse("selection:find"), True),
        ("student", "find mentors, searched", reverse("selection:find") + "?q=影像", True),
        ("student", "mentors", reverse("mentorship:mentors"), True),
        ("student", "my result", reverse("selection:result"), False),
        ("mentor", "home", reverse("web:home"), False),
        ("mentor", "my offers", reverse("selection:my-offers"), False),
        ("mentor", "applicants", reverse("selection:applicants-home"), False),
    ]


def main() -> int:
    """Build the school in a database of its own, measure, print, drop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=5000)
    parser.add_argument("--mentors", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    from cotutelle.database.testing import shared_server

    os.environ["COTUTELLE_TEST_NAME"] = "benchmark_pages"
    with shared_server().lease():
        return run(options)


def run(options: argparse.Namespace) -> int:
    """Measure on a running server."""
    import django

    django.setup()
    from big_school import build_school
    from django.conf import settings
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases
    from django.urls import path

    setup_test_environment()
    settings.DEBUG = False
    from cotutelle.config import urls

    urls.urlpatterns.append(path("benchmark/constant/", constant))  # type: ignore[arg-type]
    state = setup_databases(verbosity=0, interactive=False)
    try:
        school = build_school(options.students, options.mentors)
        return _measure(school, options.rounds)
    finally:
        teardown_databases(state, verbosity=0)


def _measure(school: dict[str, object], rounds: int) -> int:
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    clients = {}
    for role in ("officer", "student", "mentor"):
        clients[role] = Client()
        clients[role].force_login(school[role], backend=settings.AUTHENTICATION_BACKENDS[-1])  # type: ignore[arg-type]
    print(f"{'role':8} {'page':26} {'p95 ms':>8} {'CPU ms':>8} {'x const':>8} {'queries':>8}")
    slow = 0
    for role, name, address, is_list in pages(school):
        client = clients[role]
        seen: list[tuple[float, str]] = []

        def watch(execute, sql, params, many, context, seen=seen):  # type: ignore[no-untyped-def]  # noqa: PLR0917
            begun = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                seen.append((time.perf_counter() - begun, sql))

        with connection.execute_wrapper(watch):
            answer = client.get(address, follow=True)
        if os.environ.get("SHOW_SQL") == name:
            for seconds, sql in sorted(seen, reverse=True)[:4]:
                print(f"  {seconds * 1000:.0f} ms  {sql[:3000]}")
        if answer.status_code != 200 or "/login/" in answer.request["PATH_INFO"]:
            where = answer.request["PATH_INFO"]
            print(f"{role:8} {name:26} answered {answer.status_code} at {where}")
            slow += 1
            continue
        wall, cpu, base = [], [], []
        for _ in range(rounds):
            begun, used = time.perf_counter(), time.process_time()
            client.get(address, follow=True)
            wall.append(time.perf_counter() - begun)
            cpu.append(time.process_time() - used)
            used = time.process_time()
            client.get("/benchmark/constant/")
            base.append(time.process_time() - used)
        p95 = statistics.quantiles(wall, n=20)[-1] * 1000
        ratio = statistics.median(cpu) / statistics.median(base)
        mark = " <-" if p95 >= 300 or (is_list and ratio > 25) else ""
        slow += bool(mark)
        print(
            f"{role:8} {name:26} {p95:8.0f} {statistics.median(cpu) * 1000:8.1f}"
            f" {ratio:8.1f} {len(seen):8}{mark}"
        )
    print("every target met" if not slow else f"{slow} pages miss a target (<-)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
