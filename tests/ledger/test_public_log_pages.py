"""What anybody reads of the log without signing in."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from cotutelle.core.clock import now
from cotutelle.engines.translog import Policy, entries_path, leaf_hash, split_bundle, tile_path
from cotutelle.ledger.models import Anchor, Entry, Leaf, Shard
from cotutelle.ledger.services import record
from cotutelle.ledger.views import public
from tests.factories.log import WatchedLog, make_log
from tests.factories.people import PersonFactory
from tests.ledger.readers import decide, reading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    cache.clear()


@pytest.fixture
def log(settings: Any, tmp_path: Any) -> WatchedLog:
    return make_log(settings, tmp_path)


def test_a_stranger_follows_the_log_with_nothing_but_its_files(log: WatchedLog) -> None:
    decide(3)
    log.publish()
    anybody = Client()
    policy = anybody.get("/log/policy")
    checkpoint = anybody.get("/log/1/checkpoint")
    assert policy["Content-Type"] == checkpoint["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint["Cache-Control"] == "public, max-age=5"

    seen = Policy.parse(policy.text).check(checkpoint.text)
    size = seen.checkpoint.size
    assert size == Leaf.objects.count() > 3
    assert len(seen.cosigners) == 3
    bundle = anybody.get("/log/1/" + entries_path(0, size))
    hashes = anybody.get("/log/1/" + tile_path(0, 0, size))
    assert hashes["Cache-Control"] == "public, max-age=31536000, immutable"
    assert hashes["Content-Type"] == "application/octet-stream"
    assert "Content-Encoding" not in hashes
    assert b"".join(map(leaf_hash, split_bundle(bundle.content))) == hashes.content


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/0/000.p/255",
        "tile/9/000",
        "tile/entries/001",
        "tile/../../keys",
        "tile/0/%2e%2e/checkpoint",
        "tile/0/x",
        "tile/",
        "checkpoint/",
        "keys",
    ],
)
def test_nothing_but_tiles_that_are_there_is_served(log: WatchedLog, path: str) -> None:
    log.publish()
    assert Client().get(f"/log/1/{path}").status_code == 404
    assert Client().get(f"/log/2/{path}").status_code == 404


def test_before_anything_is_published_there_is_no_checkpoint(log: WatchedLog) -> None:
    assert Client().get("/log/1/checkpoint").status_code == 404
    page = reading(None).get("/log/")
    assert page.status_code == 200
    assert "No entry is published yet." in page.text


def test_only_reading_is_taken(log: WatchedLog) -> None:
    for path in ("/log/", "/log/policy", "/log/1/checkpoint", "/log/1/tile/0/000"):
        assert Client().post(path).status_code == 405


def test_a_flood_is_asked_to_wait(log: WatchedLog) -> None:
    minute = int(now().timestamp()) // 60
    for one in (minute, minute + 1):
        cache.set(f"measure.log.{one}.127.0.0.1", public.PER_MINUTE - 1)
    for path in ("/log/policy", "/log/1/checkpoint", "/log/", "/log/1/tile/0/000"):
        answer = Client().get(path)
        assert answer.status_code == (200 if path == "/log/policy" else 429)
    assert answer["Retry-After"] == "60"


def test_the_page_says_what_it_proves_and_how_it_stands(log: WatchedLog) -> None:
    decide(2)
    log.publish()
    waiting = decide(1)[0]
    text = reading(None).get("/log/").text
    assert "log.example/log/1" in text
    assert "1 may be down, and the log goes on." in text
    assert "None may collude: one that signs two different histories is enough." in text
    assert text.count("/log/1/entries/") == Leaf.objects.count()
    assert leaf_of_the_newest() in text
    for name in log.signers:
        assert name in text
    assert not Leaf.objects.filter(entry=waiting).exists()
    assert "checkpoint published <time" in " ".join(text.split())


def leaf_of_the_newest() -> str:
    leaf: Leaf = Leaf.objects.order_by("-index")[0]
    return leaf.commitment[:16]


def test_the_page_without_a_log_promises_one() -> None:
    assert "has not been opened yet" in reading(None).get("/log/").text


def test_the_page_speaks_chinese(log: WatchedLog) -> None:
    log.publish()
    text = reading(None, "zh-hans").get("/log/").text
    assert "见证方" in text
    assert "2/3" in text.replace(" ", "") or "3个见证方中有2个" in text.replace(" ", "")


def test_no_page_names_whom_an_entry_is_about(log: WatchedLog) -> None:
    entry = decide(1, name_zh="欧阳晓明", number="99887766")[0]
    log.publish()
    leaf = Leaf.objects.get(entry=entry)
    for path in ("", f"1/entries/{leaf.index}/", f"1/entries/{leaf.index}/evidence.json",
                 f"1/entries/{leaf.index}/proof.tlog-proof"):  # fmt: skip
        text = reading(None).get(f"/log/{path}").text
        assert text
        for secret in ("欧阳晓明", "99887766", "payload", 'salt"', str(entry.person.public_id)):
            assert secret not in text


def test_a_blocked_log_says_so_to_everybody(log: WatchedLog) -> None:
    log.publish()
    Shard.objects.update(blocked="log.behind")
    assert "nothing new is signed" in reading(None).get("/log/").text


def test_the_size_of_the_page_costs_no_more_queries(
    log: WatchedLog, django_assert_num_queries: Any
) -> None:
    decide(1)
    log.publish()
    reading(None).get("/log/")
    for more in (1, 4):
        decide(more)
        log.publish()
        cache.clear()
        with django_assert_num_queries(16):
            reading(None).get("/log/")


def test_anchors_show_how_far_they_lag(log: WatchedLog) -> None:
    head = log.publish()
    Anchor.objects.create(
        shard=log.shard, kind="evm", size=head.size - 1, root=bytes(32), state="confirmed",
        sent_at=head.made_at, confirmed_at=head.made_at,
    )  # fmt: skip
    text = " ".join(reading(None).get("/log/").text.split())
    assert "Chain contract" in text
    assert "1 entry" in text


def test_a_public_statement_is_open_to_all(log: WatchedLog) -> None:
    with transaction.atomic():
        entry: Entry = record(
            "ledger.key.added", actor=None, subject=PersonFactory.create(), decision=True,
            kind="key", statement={"event": "added", "key": "z6MkExample"},
        )  # fmt: skip
    log.publish()
    leaf = Leaf.objects.get(entry=entry)
    assert "z6MkExample" in reading(None).get(f"/log/1/entries/{leaf.index}/").text
