"""Addresses of databases."""

from __future__ import annotations

import pytest

from cotutelle.database import DatabaseProblem, django_settings, parse


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s%40crt@db.example.cn:5433/season?sslmode=require",
        "postgresql://ann@/season?host=%2Frun%2Fcotutelle-1",
        "postgresql://[::1]:5432/season",
        "postgresql:///season",
    ],
)
def test_a_url_survives_reading_and_writing(url: str) -> None:
    assert parse(url).url() == url


def test_every_part_is_read() -> None:
    address = parse("postgres://ann:s%40crt@db.example.cn:5433/season?sslmode=require")
    assert address.parameters() == {
        "host": "db.example.cn",
        "port": "5433",
        "user": "ann",
        "password": "s@crt",
        "dbname": "season",
        "sslmode": "require",
    }
    assert address.environment()["PGSSLMODE"] == "require"
    assert address.environment()["PGPASSWORD"] == "s@crt"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://ann:hidden@db/season", "must begin with postgresql://"),
        ("postgresql://ann:hidden@db", "must name one database"),
        ("postgresql://ann:hidden@db:many/season", "port that is not a number"),
    ],
)
def test_a_bad_url_is_refused_without_showing_the_password(url: str, said: str) -> None:
    with pytest.raises(DatabaseProblem, match=said) as refused:
        parse(url)
    assert "hidden" not in str(refused.value)


def test_django_gets_a_pool_only_when_asked() -> None:
    url = "postgresql://ann@db/season"
    assert "pool" in django_settings(url, pool=True)["OPTIONS"]
    assert django_settings(url, pool=False)["OPTIONS"] == {}
