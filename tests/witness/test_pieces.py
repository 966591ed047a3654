"""The parts without HTTP: the edge of a tree, the rate limit, notes, languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.engines.translog import Algorithm, Signer, Tree, leaf_hash, sign_note
from cotutelle.witness.dates import stated
from cotutelle.witness.frontier import Frontier
from cotutelle.witness.limits import MAX_ADDRESSES, RateLimit
from cotutelle.witness.notes import trusted_part
from cotutelle.witness.pages import preferred_language
from cotutelle.witness.submissions import parse_submission
from cotutelle.witness.words import WORDS
from tests.factories.witnesses import SmallLog, submission


def test_the_edge_has_the_root_of_the_whole_tree_at_every_size():
    tree, edge = Tree(), Frontier()
    for number in range(1100):
        assert edge.root() == tree.root()
        entry = str(number).encode()
        tree.append(leaf_hash(entry))
        edge.append(entry)
        if number % 7 == 0:
            edge = Frontier(edge.size, bytes(edge))

    assert (edge.size, edge.root()) == (1100, tree.root())


@pytest.mark.parametrize(("size", "hashes"), [(1, b""), (0, bytes(32)), (3, bytes(32)), (2, b"x")])
def test_an_edge_of_another_size_is_refused(size: int, hashes: bytes):
    with pytest.raises(ValueError, match="hashes"):
        Frontier(size, hashes)


def test_an_address_may_ask_in_bursts_but_not_for_ever():
    time = [0.0]
    limit = RateLimit(2, lambda: time[0])

    assert sum(limit.allows("a") for _ in range(100)) == 40
    assert limit.allows("b")
    time[0] += 3
    assert sum(limit.allows("a") for _ in range(100)) == 6
    time[0] += 1e6
    assert sum(limit.allows("a") for _ in range(100)) == 40


def test_many_addresses_cost_no_memory():
    limit = RateLimit(1, lambda: 0.0)
    for number in range(MAX_ADDRESSES + 50):
        limit.allows(str(number))

    assert len(limit._buckets) == MAX_ADDRESSES


def test_no_limit_is_no_limit():
    limit = RateLimit(0, lambda: 0.0)

    assert all(limit.allows("a") for _ in range(1000))


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.text(max_size=50).filter(str.isprintable),
)
def test_what_is_written_is_read_again(old: int, proof: list[bytes], text: str):
    read = parse_submission(submission(old, proof, text))

    assert (read.old_size, list(read.proof), read.note) == (old, proof, text)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_or_read_exactly(body: bytes):
    try:
        read = parse_submission(body)
    except ValueError:
        return
    assert submission(read.old_size, read.proof, read.note) == body


def test_only_known_keys_are_kept_in_a_note():
    log = SmallLog().grow(3)
    others = [Signer(f"o.example/{n}", Algorithm.ED25519, bytes([n]) * 32) for n in range(3)]
    note = sign_note(log.checkpoint().text, [others[0], log.signer, *others[1:]])

    assert trusted_part(note, [log.signer.verifier]) == log.note()
    known = [others[2].verifier, log.signer.verifier]
    assert trusted_part(note, known) == sign_note(log.checkpoint().text, [log.signer, others[2]])


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        ("zh", "en", "zh"),
        ("en", "zh", "en"),
        ("fr", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "zh-TW", "zh"),
        ("", "fr,en;q=0.5,zh;q=0.6", "zh"),
        ("", "en-GB,zh;q=0.9", "en"),
        ("", "zh;q=x,en", "en"),
        ("", "zh;q=0", "en"),
        ("", "", "en"),
    ],
)
def test_the_language_is_the_one_asked_for(chosen: str, accepted: str, expected: str):
    assert preferred_language(chosen, accepted) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T08:30:00+08:00", "21 Nov 2026 00:30:00 UTC"),
        ("2026-11-21T08:30:00", "2026-11-21T08:30:00"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-14:00"),
        ("soon", "soon"),
    ],
)
def test_a_moment_that_no_calendar_has_stays_as_it_is(text: str, expected: str):
    assert stated(text, "en") == expected


def test_every_sentence_stands_in_both_languages_with_the_same_gaps():
    for code, (chinese, english) in WORDS.items():
        gaps = [
            sorted(part.split("}")[0] for part in text.split("{")[1:])
            for text in (chinese, english)
        ]
        assert gaps[0] == gaps[1], code
        assert chinese.strip()
        assert english.strip()
        if code != "other_language":
            assert not any("\u4e00" <= letter <= "\u9fff" for letter in english), code
