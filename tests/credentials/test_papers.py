"""Pictures of certificates: what is written on them."""

from __future__ import annotations

import datetime as dt

import pytest

from cotutelle.credentials.services.papers import _picture
from tests.factories.credentials import make_credential, make_scene

pytestmark = pytest.mark.django_db


def test_the_day_on_a_badge_is_that_of_the_paper() -> None:
    credential = make_credential(make_scene())
    pictures = []
    # Half past midnight in China, the next noon there, and the noon before.
    for day, hour in ((20, 16), (21, 4), (20, 4)):
        credential.valid_from = dt.datetime(2026, 11, day, hour, 30, tzinfo=dt.UTC)
        pictures.append(_picture(credential))
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]
