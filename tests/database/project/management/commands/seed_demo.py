"""The demonstration of the one-page project: one account."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management import BaseCommand


class Command(BaseCommand):
    """Make the one account."""

    def handle(self, *_args: Any, **_options: Any) -> None:
        User.objects.create_user("officer", password="demo")  # noqa: S106 - shown to everybody

    def demo_logins(self) -> list[tuple[str, str, str]]:
        return [("Officer", "officer", "demo")]
