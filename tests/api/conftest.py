"""A caller with a token."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from cotutelle.people.models import Person
from cotutelle.people.services import create_token


class Caller:
    """Somebody's program."""

    def __init__(self, person: Person) -> None:
        self.person = person
        _token, self.raw = create_token(person, "tests", days=1, actor=person)

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call ``path`` below ``/api/v1``; the answer has ``data``, its JSON."""
        answer = Client().generic(
            method,
            f"/api/v1{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.raw}", **headers},
        )
        answer.data = answer.json() if answer.content else None
        return answer

    def etag(self, path: str) -> str:
        """Return the version of what stands at ``path``."""
        return str(self("GET", path)["ETag"])


@pytest.fixture
def call_as():
    """Return what makes a caller out of a person."""
    return Caller
