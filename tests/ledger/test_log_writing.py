"""From a decision to a proof that stands without us."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction

from cotutelle.core.clock import at
from cotutelle.engines.translog import Policy, check_entry, commitment, leaf_hash, split_bundle
from cotutelle.ledger import queries, services
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.models import Checkpoint, Entry, EntryPayload, Leaf, Pending, Trace
from cotutelle.ledger.personal import erase_trace
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.log import WatchedLog, make_log
from tests.factories.people import PersonFactory, make_person
from tests.factories.programmes import StudentFactory
from tests.ledger.readers import record_in_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(settings: Any, tmp_path: Path) -> WatchedLog:
    return make_log(settings, tmp_path)


def decide(person: Any, **given: Any) -> Entry:
    with transaction.atomic():
        entry = services.record(
            given.pop("action", "programmes.enrolment.extended"),
            actor=given.pop("actor", None),
            subject=given.pop("subject", person),
            decision=True,
            **given,
        )
    if "statement" not in given:
        Entry.objects.filter(pk=entry.pk).update(person=person)
    return entry


def test_a_decision_waits_until_it_has_a_place(log: WatchedLog) -> None:
    log.publish()
    entry = decide(PersonFactory.create())
    assert Pending.objects.filter(entry=entry).exists()
    assert queries.evidence_of(entry) is None
    log.seal()
    assert not Pending.objects.exists()
    assert Leaf.objects.filter(entry=entry).exists()
    assert queries.evidence_of(entry) is None, "sealed, but no witness has seen it"


def test_the_evidence_verifies_under_the_policy_alone(log: WatchedLog) -> None:
    hospital = UnitFactory.create(kind="hospital", code="H/1")
    ward = UnitFactory.create(kind="department", parent=hospital)
    student = PersonFactory.create(unit=ward)
    mentor = make_person(Role.MENTOR, unit=ward)
    with at(dt.datetime(2026, 11, 20, 17, 30, tzinfo=dt.UTC)):  # the 21st in Shanghai
        entry = decide(
            student, actor=mentor, before={"ends": "2028-07-01"}, after={"ends": "2029-07-01"}
        )
    log.publish()
    evidence = queries.evidence_of(entry)
    assert evidence is not None
    found = check_entry(evidence["entry"], evidence["payload"], evidence["salt"])
    assert found.issuer == "https://log.example/issuers/H%2F1"
    assert (found.kind, found.day) == ("decision", "2026-11-21")
    payload = evidence["payload"]
    assert payload["after"] == {"ends": "2029-07-01"}
    assert payload["actor"] == {"id": str(mentor.public_id), "on_behalf_of": None}
    assert payload["subject"] == {"type": "people.person", "id": str(student.public_id)}
    assert (payload["at"], payload["trace"]["seq"]) == ("2026-11-20T17:30:00Z", 1)
    proven = Policy.parse(queries.policy_text()).verify(found.data, evidence["proof"])
    assert proven.index == Leaf.objects.get(entry=entry).index
    assert len(proven.cosigners) == 3
    assert set(json.loads(found.data)) == {"v", "issuer", "kind", "day", "commitment"}


def test_events_of_a_person_form_a_chain(log: WatchedLog) -> None:
    one, other = PersonFactory.create(), PersonFactory.create()
    mine = [decide(one, after={"n": n}) for n in range(3)]
    decide(other, after={"n": 9})
    log.seal()
    mine.append(decide(one, after={"n": 3}))
    log.publish()
    payloads = [json.loads(EntryPayload.objects.get(entry=e).committed) for e in mine]
    assert [p["trace"]["seq"] for p in payloads] == [1, 2, 3, 4]
    assert len({p["trace"]["id"] for p in payloads}) == 1
    commitments = [Leaf.objects.get(entry=e).commitment for e in mine]
    assert [p["trace"]["prev"] for p in payloads] == [None, *commitments[:-1]]
    trace = Trace.objects.get(person=one)
    assert (trace.count, trace.head) == (4, commitments[-1])
    assert [(e.seq, e.place.key, e.is_erased) for e in record_in_words(one)] == [
        (n, "witnessed", False) for n in range(1, 5)
    ]


def test_what_is_public_is_said_in_the_entry(log: WatchedLog) -> None:
    statement = {
        "event": "list",
        "id": "https://log.example/status/H/revocation/1",
        "digest": "0" * 64,
    }
    entry = decide(
        make_consortium(),
        action="credentials.list.published",
        kind=LogKind.STATUS,
        statement=statement,
    )
    again = decide(
        make_consortium(),
        action="credentials.list.published",
        kind=LogKind.STATUS,
        statement=statement,
    )
    log.publish()
    for one in (entry, again):
        evidence = queries.evidence_of(one)
        assert evidence is not None
        assert set(evidence) == {"entry", "proof"}
        assert check_entry(evidence["entry"]).statement == statement
        assert evidence["entry"]["commitment"] == commitment(statement, bytes(32))


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"kind": LogKind.KEY}, "statement"),
        ({"kind": LogKind.DECISION, "statement": {"a": 1}}, "statement"),
        ({"kind": LogKind.KEY, "statement": {"a": "x" * 20_000}}, "statement"),
        ({"kind": LogKind.KEY, "statement": {"a": 2**60}}, "exceeds"),
    ],
)
def test_what_could_have_no_place_later_is_refused_at_once(given: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        decide(make_consortium(), **given)
    assert not Pending.objects.exists()


def test_what_was_erased_while_it_waited_is_a_leaf_all_the_same(log: WatchedLog) -> None:
    person = PersonFactory.create()
    first, second = decide(person, after={"secret": "甲"}), decide(person, after={"n": 2})
    EntryPayload.objects.filter(entry=first).delete()
    log.publish()
    gone = queries.evidence_of(first)
    assert gone is not None
    assert set(gone) == {"entry", "proof"}
    Policy.parse(queries.policy_text()).verify(
        queries.entry_data(Leaf.objects.get(entry=first)), gone["proof"]
    )
    kept = queries.evidence_of(second)
    assert kept is not None
    assert kept["payload"]["trace"]["prev"] == gone["entry"]["commitment"]
    assert [e.is_erased for e in record_in_words(person)] == [True, False]


def test_numbers_beyond_json_become_text(log: WatchedLog) -> None:
    entry = decide(
        PersonFactory.create(), after={"big": 2**70, "list": [-(2**60), 1, True], "x": 1.5}
    )
    log.publish()
    evidence = queries.evidence_of(entry)
    assert evidence is not None
    assert evidence["payload"]["after"] == {
        "big": str(2**70), "list": [str(-(2**60)), 1, True], "x": 1.5,
    }  # fmt: skip


def test_bundles_and_tiles_hold_what_the_rows_hold(log: WatchedLog) -> None:
    person = PersonFactory.create()
    for n in range(300):
        decide(person, after={"n": n})
        if n == 100:
            log.seal()
    head = log.seal()
    leaves = list(Leaf.objects.order_by("index"))
    assert [leaf.index for leaf in leaves] == list(range(head.size))
    store = queries.store_of(log.shard)
    rest = head.size - 256
    entries = split_bundle(store.read("tile/entries/000"))
    entries += split_bundle(store.read(f"tile/entries/001.p/{rest}"))
    assert [leaf_hash(e) for e in entries] == [bytes(leaf.hash) for leaf in leaves]
    assert queries.tree_of(log.shard, head.size).root() == bytes(head.root)


def test_nothing_new_is_signed_once(log: WatchedLog) -> None:
    first = log.seal()
    assert log.seal().pk == first.pk
    assert Checkpoint.objects.count() == 1


def test_a_quorum_publishes_and_a_late_cosignature_is_added(log: WatchedLog) -> None:
    from cotutelle.ledger.services.witnessing import publish_head  # noqa: PLC0415

    head = log.seal()
    log.cosign(head, "witness.example/w1")
    assert not publish_head(head)
    assert queries.published_text(log.shard) == ""
    log.cosign(head, "witness.example/w2")
    assert publish_head(head)
    before = queries.published_text(log.shard)
    log.cosign(head, "witness.example/w3")
    assert publish_head(head)
    text = queries.published_text(log.shard)
    assert text.startswith(before.split("\n\n")[0])
    assert text.count("— witness.example/") == 3
    assert queries.store_of(log.shard).read("checkpoint").decode() == text


def decide_many(people: Any, **given: Any) -> list[Entry]:
    with transaction.atomic():
        return services.record_many(
            "programmes.student.admission_changed",
            actor=None,
            items=[(one, {"state": "provisional"}, {"state": "confirmed"}) for one in people],
            decision=True,
            **given,
        )


def test_a_decision_about_many_people_is_an_event_of_each(log: WatchedLog) -> None:
    students = StudentFactory.create_batch(3)
    earlier = decide(students[1].person)
    entries = decide_many([*students, students[0]])
    assert [e.person for e in entries] == [s.person for s in (*students, students[0])]
    assert {e.unit for e in entries} == {s.unit for s in students}
    assert len({bytes(p.salt) for p in EntryPayload.objects.filter(entry__in=entries)}) == 4
    assert set(Pending.objects.filter(entry__in=entries).values_list("kind", flat=True)) == {
        LogKind.DECISION
    }
    log.publish()
    assert [Leaf.objects.get(entry=e).seq for e in entries] == [1, 2, 1, 2]
    assert Leaf.objects.get(entry=entries[1]).prev == Leaf.objects.get(entry=earlier).commitment
    evidence = queries.evidence_of(entries[3])
    assert evidence is not None
    assert evidence["payload"]["subject"]["id"] == str(students[0].public_id)
    assert evidence["payload"]["after"] == {"state": "confirmed"}


def test_of_many_only_what_is_about_the_erased_person_goes(log: WatchedLog) -> None:
    gone, other = StudentFactory.create_batch(2)
    entries = decide_many([gone, other, gone])
    log.publish()
    with transaction.atomic():
        erase_trace(gone.person)
    kept = [queries.evidence_of(entry) for entry in entries]
    assert [one is not None and "salt" in one for one in kept] == [False, True, False]


def test_many_decisions_take_a_few_statements(
    log: WatchedLog, django_assert_num_queries: Any
) -> None:
    students = StudentFactory.create_batch(3)
    for many in (students[:1], students * 20):
        with django_assert_num_queries(5):  # three inserts, between the ends of a savepoint
            decide_many(many)


def test_of_many_nothing_is_written_where_one_is_refused() -> None:
    student = StudentFactory.create()
    with pytest.raises(ValueError, match="statement"):
        decide_many([student], kind=LogKind.KEY)
    closed = Person(pk=1)
    closed._meta = SimpleNamespace(label_lower="wellbeing.answer")  # type: ignore[assignment, misc]
    with pytest.raises(ValueError, match="closed room"):
        decide_many([student, closed])
    assert not Entry.objects.filter(action="programmes.student.admission_changed").exists()
    assert decide_many([]) == []


def test_many_are_sequenced_in_batches_without_gaps(log: WatchedLog) -> None:
    people = PersonFactory.create_batch(3)
    for n in range(600):
        decide(people[n % 3], after={"n": n})
    assert services.sequence() >= 600
    for person in people:
        rows = Leaf.objects.filter(trace__person=person).order_by("seq")
        assert [r.seq for r in rows] == list(range(1, 201))
        assert [r.prev for r in rows][1:] == [r.commitment for r in rows][:-1]
