from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from cotutelle.ui.fields import DayField, MomentField


@pytest.mark.parametrize("typed", ["0001-01-01", "0206-09-01", "1899-12-31", "2200-01-01"])
def test_a_slip_of_the_year_is_said_at_the_field(typed: str) -> None:
    for field, value in ((DayField(), typed), (MomentField(), f"{typed}T08:00")):
        with pytest.raises(ValidationError) as refusal:
            field.clean(value)
        assert [error.code for error in refusal.value.error_list] == ["year"]


def test_days_and_moments_of_these_centuries_are_taken() -> None:
    assert DayField().clean("1900-01-01") == dt.date(1900, 1, 1)
    assert DayField(required=False).clean("") is None
    with timezone.override("Asia/Shanghai"):
        last = MomentField().clean("2199-12-31T23:59")
    assert last.astimezone(dt.UTC) == dt.datetime(2199, 12, 31, 15, 59, tzinfo=dt.UTC)
