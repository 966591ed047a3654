"""``seed_demo``: fill an empty database with the demonstration (演示数据)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cotutelle.core.clock import today
from cotutelle.institutions.models import Unit
from cotutelle.web.demo.logins import demo_logins


class Command(BaseCommand):
    """Make the invented consortium; never on a database that somebody uses."""

    help = "Fill an empty database with the invented demonstration consortium."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the day it is made for, and what to do where there is something already."""
        parser.add_argument(
            "--today", type=dt.date.fromisoformat, help="The day it is made for (YYYY-MM-DD)."
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing where people or units exist."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed, or say why not."""
        from cotutelle.web.demo.seed import seed  # noqa: PLC0415  heavy

        if get_user_model().objects.exists() or Unit.objects.exists():
            if options["if_empty"]:
                return
            raise CommandError("The database is not empty; the demonstration is for an empty one.")
        demo = seed(options["today"] or today())
        self.stdout.write(
            f"Demonstration of {demo.day}: {len(demo.mentors)} mentors, {demo.students} students."
        )

    def demo_logins(self) -> list[tuple[str, str, str]]:
        """Return (role, sign-in name, password) of those whom a reader may try."""
        return [(one.role, one.username, one.password) for one in demo_logins()]
