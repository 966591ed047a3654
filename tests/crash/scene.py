"""``python -m tests.crash.scene``: two checked imports and a round to run; prints where they are."""

from __future__ import annotations

import json
import os
import sys

ROWS = 3_000
STUDENTS, OFFERS, CHOICES = 1_500, 200, 10


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.crash.settings")
    import django  # noqa: PLC0415

    django.setup()
    from cotutelle.people.enums import Role  # noqa: PLC0415
    from tests.factories.institutions import UnitFactory  # noqa: PLC0415
    from tests.factories.people import PASSWORD, make_person  # noqa: PLC0415

    unit = UnitFactory.create(code="HOME", name_zh="医科大学")
    officer = make_person(Role.GRADUATE_OFFICER, unit=unit, username="officer")
    officer.set_password(PASSWORD)
    officer.save()
    scene = {
        "password": PASSWORD,
        "imports": [_import(officer, unit, n) for n in range(3)],
        "rounds": [_round(unit, n) for n in range(2)],
    }
    json.dump(scene, sys.stdout)


def _import(officer: object, unit: object, n: int) -> str:
    from cotutelle.exchange import services  # noqa: PLC0415
    from tests.exchange.books import xlsx  # noqa: PLC0415

    rows = [[f"I{n}{k:05}", f"学生{n}{k:05}"] for k in range(ROWS)]
    run = services.start_import(
        "people",
        actor=officer,  # type: ignore[arg-type]
        unit=unit,  # type: ignore[arg-type]
        content=xlsx([["工号", "姓名"], *rows]),
        name=f"people-{n}.xlsx",
    )
    services.map_columns(run, run.mapping, actor=officer)  # type: ignore[arg-type]
    services.check_import(run, actor=officer)  # type: ignore[arg-type]
    return str(run.public_id)


def _round(unit: object, n: int) -> str:
    from cotutelle.core.canonical import sha256_hex  # noqa: PLC0415
    from cotutelle.core.clock import now  # noqa: PLC0415
    from cotutelle.mentorship.models import Mentor, QuotaAccount, QuotaLine  # noqa: PLC0415
    from cotutelle.people.models import Person  # noqa: PLC0415
    from cotutelle.programmes.models import Student  # noqa: PLC0415
    from cotutelle.selection.models import (  # noqa: PLC0415
        Answer,
        Offer,
        Participant,
        Preference,
    )
    from tests.factories.mentorship import YEAR  # noqa: PLC0415
    from tests.factories.programmes import CohortFactory  # noqa: PLC0415
    from tests.factories.selection import SEED, RoundFactory  # noqa: PLC0415

    def people(stem: str, count: int) -> list[Person]:
        return Person.objects.bulk_create(
            Person(
                username=f"{stem}{n}-{k}", name_zh=f"{stem}{k}", unit=unit, number=f"{stem}{n}-{k}"
            )  # type: ignore[misc]
            for k in range(count)
        )

    cohort = CohortFactory.create(unit=unit, year=2026 + n, name_zh=f"{2026 + n}级")
    round_ = RoundFactory.create(
        cohort=cohort,
        unit=unit,
        state="closed",
        seed_commitment=sha256_hex(SEED.encode()),
        seed_published_at=now(),
    )
    mentors = Mentor.objects.bulk_create(
        Mentor(person=p, unit=unit, category="master", title="senior", track="clinical")  # type: ignore[misc]
        for p in people("m", OFFERS)
    )
    accounts = QuotaAccount.objects.bulk_create(
        QuotaAccount(mentor=m, year=YEAR, granted=8, held=8) for m in mentors
    )
    offers = Offer.objects.bulk_create(
        Offer(
            round=round_,
            mentor=m,
            unit=unit,  # type: ignore[misc]
            number=f"O{k}",
            track="clinical",
            title_zh=f"方向{k}",
            places=8,
            state="open",
        )
        for k, m in enumerate(mentors)
    )
    answers = Answer.objects.bulk_create(Answer(round=round_, mentor=m, places=8) for m in mentors)
    QuotaLine.objects.bulk_create(
        QuotaLine(account=account, kind="hold", places=8, reference=answer.reference, at=now())
        for account, answer in zip(accounts, answers, strict=True)
    )
    students = Student.objects.bulk_create(
        Student(
            person=p,
            unit=unit,  # type: ignore[misc]
            cohort=cohort,
            route="unified_exam",
            degree_type="professional",
            admission_score=300 + k % 150,
            state="confirmed",
        )
        for k, p in enumerate(people("s", STUDENTS))
    )
    parts = Participant.objects.bulk_create(
        Participant(
            round=round_, student=s, list_state="submitted", list_version=1, submitted_at=now()
        )
        for s in students
    )
    Preference.objects.bulk_create(
        Preference(participant=p, offer=offers[(k * 7 + j * 13) % OFFERS], position=j + 1)
        for k, p in enumerate(parts)
        for j in range(CHOICES)
    )
    return str(round_.public_id)


if __name__ == "__main__":
    main()
