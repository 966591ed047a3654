from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone, translation

from cotutelle.ui import dates

EVENING = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("language", "day", "moment", "weekday"),
    [
        ("zh-hans", "2026年11月20日", "2026年11月20日 18:00", "周五"),
        ("en", "20 Nov 2026", "20 Nov 2026, 18:00", "Fri"),
    ],
)
def test_dates_read_as_people_write_them(
    language: str, day: str, moment: str, weekday: str
) -> None:
    with translation.override(language), timezone.override("Asia/Shanghai"):
        assert dates.format_date(EVENING) == day
        assert dates.format_date(dt.date(2026, 11, 20)) == day
        assert dates.format_datetime(EVENING) == moment
        assert dates.format_datetime(dt.date(2026, 11, 20)) == day
        assert dates.format_weekday(EVENING) == weekday
        assert dates.format_time(EVENING) == "18:00"


def test_dates_follow_the_reader_across_midnight() -> None:
    late = dt.datetime(2026, 12, 31, 17, 30, tzinfo=dt.UTC)
    with translation.override("en"):
        with timezone.override("Asia/Shanghai"):
            assert dates.format_datetime(late) == "1 Jan 2027, 01:30"
        with timezone.override("Europe/Berlin"):
            assert dates.format_datetime(late) == "31 Dec 2026, 18:30"


def test_nothing_is_an_empty_string() -> None:
    assert dates.format_date(None) == ""
    assert dates.format_datetime(None) == ""
    assert dates.format_time(None) == ""
    assert dates.format_weekday(None) == ""


@pytest.mark.parametrize(
    ("delta", "english", "chinese"),
    [
        (dt.timedelta(seconds=-20), "just now", "刚刚"),
        (dt.timedelta(seconds=20), "in less than a minute", "不到 1 分钟后"),
        (dt.timedelta(minutes=-1), "1 minute ago", "1 分钟前"),
        (dt.timedelta(minutes=59, seconds=50), "in 1 hour", "1 小时后"),
        (dt.timedelta(hours=8), "in 8 hours", "8 小时后"),
        (dt.timedelta(hours=-23, minutes=-50), "1 day ago", "1 天前"),
        (dt.timedelta(days=2, seconds=-1), "in 2 days", "2 天后"),
        (dt.timedelta(days=30), "20 Dec 2026", "2026年12月20日"),
    ],
)
def test_relative_words(delta: dt.timedelta, english: str, chinese: str) -> None:
    with timezone.override("Asia/Shanghai"):
        with translation.override("en"):
            assert dates.format_relative(EVENING + delta, EVENING) == english
        with translation.override("zh-hans"):
            assert dates.format_relative(EVENING + delta, EVENING) == chinese
