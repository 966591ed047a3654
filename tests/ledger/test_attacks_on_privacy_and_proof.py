"""What strangers, issuers and holders cannot learn from the log, or make it say."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from cotutelle.core.canonical import canonical
from cotutelle.core.clock import now
from cotutelle.engines.credentials.completeness import check_completeness
from cotutelle.engines.credentials.evidence import Book
from cotutelle.engines.credentials.history import read_history
from cotutelle.engines.translog import (
    EntryError,
    LogProof,
    Policy,
    ProofError,
    check_entry,
    commitment,
)
from cotutelle.ledger import queries, services
from cotutelle.ledger.enums import AnchorKind, LogKind
from cotutelle.ledger.models import Anchor, Entry, EntryPayload, Leaf, Trace
from cotutelle.people import services as people
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.programmes.models import Student
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.log import WatchedLog, make_log
from tests.factories.mentorship import MentorFactory, make_pair
from tests.factories.people import PersonFactory, make_person
from tests.factories.programmes import StudentFactory
from tests.ledger.readers import record_in_words

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(settings: Any, tmp_path: Path) -> WatchedLog:
    return make_log(settings, tmp_path)


def decide(
    subject: Any, action: str = "programmes.student.admission_changed", **given: Any
) -> Entry:
    with transaction.atomic():
        return services.record(
            action, actor=given.pop("actor", None), subject=subject, decision=True, **given
        )


def evidence(entry: Entry) -> dict[str, Any]:
    found = queries.evidence_of(entry)
    assert found is not None
    return found


def policy() -> Policy:
    return Policy.parse(queries.policy_text())


def test_a_committed_grade_cannot_be_guessed(log: WatchedLog) -> None:
    student = StudentFactory.create()
    entry = decide(student, after={"grade": 87})
    log.publish()
    known = evidence(entry)
    payload, salt = known["payload"], known["salt"]

    def guesses(with_salt: bytes) -> list[int]:
        """Try every grade, knowing everything but the salt."""
        return [
            grade
            for grade in range(101)
            if commitment({**payload, "after": {"grade": grade}}, with_salt)
            == known["entry"]["commitment"]
        ]

    assert guesses(bytes(32)) == []
    assert guesses(b"\xff" * 32) == []
    for value in known["entry"].values():  # nor is the salt made of anything public
        assert guesses(commitment(value, bytes(32)).encode()[:32]) == []
    assert guesses(bytes.fromhex(salt)) == [87]
    others = {bytes(p.salt) for p in EntryPayload.objects.exclude(salt=bytes(32))}
    decide(student, after={"grade": 87})
    log.publish()
    assert {bytes(p.salt) for p in EntryPayload.objects.exclude(salt=bytes(32))} > others


def everything_public(log: WatchedLog) -> bytes:
    """Return all that strangers read: files of the log, what witnesses get, what is anchored."""
    head = log.publish()
    Anchor.objects.create(
        shard=log.shard, kind=AnchorKind.EVM, size=head.size, root=head.root, sent_at=now(),
        reference={"contract": "0x00", "origin": log.shard.origin},
    )  # fmt: skip
    folder = queries.store_of(log.shard).folder
    files = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [str(path.relative_to(folder)).encode() for path in sorted(folder.rglob("*"))]
    anchors = [
        canonical([a.shard.origin, a.size, bytes(a.root).hex(), a.reference, a.kind])
        for a in Anchor.objects.select_related("shard")
    ]
    texts = [queries.policy_text().encode(), queries.published_text(log.shard).encode()]
    return b"\n".join([*files, *names, *anchors, *texts])


def test_no_personal_datum_stands_in_log_tiles_or_anchor(log: WatchedLog) -> None:
    officer = make_person(Role.GRADUATE_OFFICER, phone="13900001111", identity_number="310101X")
    pair = make_pair()
    students = [pair.student, *StudentFactory.create_batch(3)]
    for student in students:
        # Longer than what stands in hexadecimal digits by chance.
        student.person.number = f"number {student.pk}"
        student.person.save()
        after = {"name": student.person.name_zh, "number": student.person.number, "grade": "优秀"}
        decide(student, actor=officer, before={"email": student.person.email}, after=after)
    decide(pair, "mentorship.pair.formed", actor=officer, after={"first": str(pair.first.mentor)})
    decide(MentorFactory.create(), "mentorship.eligibility.decided", actor=officer)
    public = everything_public(log)
    logged = Leaf.objects.filter(kind="decision").count()
    assert public.count(b'"kind":"decision"') == logged > len(students), "all of it is there"
    data = set()
    for person in Person.objects.all():
        data |= {person.name_zh, person.name_en, person.number, person.email, person.username,
                 person.phone, person.identity_number, str(person.public_id),
                 person.public_id.hex}  # fmt: skip
    for row in itertools.chain(Student.objects.all(), Trace.objects.all()):
        data |= {str(row.public_id), row.public_id.hex}
    data |= {"优秀", "grade", "admission_changed", "pair.formed"}
    found = {word for word in data if len(word) > 1 and word.encode() in public}
    assert not found


def test_two_decisions_about_one_person_cannot_be_linked(log: WatchedLog) -> None:
    one, other = StudentFactory.create(), StudentFactory.create()
    for student in (one, one, other):
        decide(student, unit=one.unit, after={"same": "words"})
    log.publish()
    entries = [
        queries.entry_json(leaf)
        for leaf in Leaf.objects.filter(kind="decision").order_by("-index")[:3]
    ]
    commitments = {entry.pop("commitment") for entry in entries}
    assert len(commitments) == 3
    assert entries[0] == entries[1] == entries[2]


def test_a_proof_for_the_wrong_index_is_refused(log: WatchedLog) -> None:
    entries = [decide(StudentFactory.create(), after={"n": n}) for n in range(5)]
    log.publish()
    leaf = Leaf.objects.get(entry=entries[2])
    data, text = queries.entry_data(leaf), queries.proof_text(leaf)
    assert policy().verify(data, text).index == leaf.index
    read = LogProof.parse(text)
    for index in set(range(log.shard.size + 3)) - {leaf.index}:
        with pytest.raises(ProofError):
            policy().verify(data, LogProof(index, read.hashes, read.checkpoint).text)
    neighbour = queries.entry_data(Leaf.objects.get(entry=entries[3]))
    with pytest.raises(ProofError):
        policy().verify(neighbour, text)


def key_event(event: str, key: str, controller: Any, **more: Any) -> Entry:
    statement = {
        "event": event, "controller": queries.issuer_of(controller), "key": key,
        "at": "2026-11-21T08:00:00Z", **more,
    }  # fmt: skip
    return decide(
        controller,
        f"credentials.key.{event}",
        kind=LogKind.KEY,
        statement=statement,
        unit=controller,
    )


def test_backdating_with_a_retired_key_is_refused(log: WatchedLog) -> None:
    from cotutelle.engines.credentials.keys import multikey  # noqa: PLC0415

    hospital = UnitFactory.create(kind="hospital")
    key = multikey(services.new_key("issuer-test-1"))
    student = StudentFactory.create()
    events = [key_event("added", key, hospital)]
    honest = decide(student, "credentials.credential.issued", kind=LogKind.CREDENTIAL, unit=hospital,
                    after={"credential": "urn:a", "digest": "0" * 64})  # fmt: skip
    events.append(key_event("retired", key, hospital))
    backdated = decide(
        student, "credentials.credential.issued", kind=LogKind.CREDENTIAL, unit=hospital,
        after={"credential": "urn:b", "digest": "1" * 64, "validFrom": "2020-01-01"},
    )  # fmt: skip
    log.publish()
    book = Book(policy())
    history = read_history(book, [evidence(e) for e in events])
    issuer = queries.issuer_of(hospital)

    def judged(entry: Entry) -> str:
        return history.judge(issuer, key, book.prove(evidence(entry))).code

    assert judged(honest) == "issuer.good"
    assert judged(backdated) == "issuer.retired"
    without = read_history(Book(policy()), [evidence(events[0])])
    assert without.judge(issuer, key, book.prove(evidence(honest))).code == "issuer.good"


def transcript(person: Person, shown: list[int], **changed: Any) -> dict[str, Any]:
    trace = Trace.objects.get(person=person)
    named = {"id": str(trace.public_id), "count": trace.count, "head": trace.head}
    return {"credentialSubject": {"trace": {**named, "shown": shown, **changed}}}


def completeness(stated: dict[str, Any], entries: list[Entry]) -> str:
    return check_completeness(stated, [evidence(e) for e in entries], (), Book(policy())).code


def test_leaving_out_a_bad_event_in_the_middle_shows(log: WatchedLog) -> None:
    student = StudentFactory.create()
    good, bad, last = (decide(student, after={"grade": g}) for g in ("A", "F", "A"))
    log.publish()
    person = student.person
    assert completeness(transcript(person, [1, 2, 3]), [good, bad, last]) == "completeness.whole"
    assert completeness(transcript(person, [1, 3]), [good, last]) == "completeness.partial"
    assert completeness(transcript(person, [1, 2, 3]), [good, last]) == "completeness.missing"
    renumbered = transcript(person, [1, 2], count=2)
    assert completeness(renumbered, [good, last]) in {"completeness.extra", "completeness.head"}
    assert completeness(transcript(person, [1, 2], count=2), [good, bad]) == "completeness.head"


def test_a_payload_changed_afterwards_is_refused(log: WatchedLog) -> None:
    entry = decide(StudentFactory.create(), after={"grade": "F"})
    log.publish()
    found = evidence(entry)
    found["payload"]["after"]["grade"] = "A"
    with pytest.raises(EntryError) as refusal:
        check_entry(found["entry"], found["payload"], found["salt"])
    assert refusal.value.code == "entry.commitment"


def test_an_erased_person_leaves_a_leaf_that_says_nothing(log: WatchedLog) -> None:
    admin = make_person(Role.SYSTEM_ADMINISTRATOR, unit=make_consortium())
    student, other = StudentFactory.create(), StudentFactory.create()
    mine = decide(student, after={"grade": 87})
    theirs = decide(other, after={"grade": 91})
    naming = decide(other, after={"partner": student.person.name_zh})
    salt = bytes(EntryPayload.objects.get(entry=mine).salt)
    log.publish()
    before = evidence(mine)
    waiting = decide(student, after={"grade": 88})

    people.erase_person(student.person, actor=admin)

    log.publish()
    after = evidence(mine)
    assert set(after) == {"entry", "proof"}
    assert after["entry"] == before["entry"], "the leaf stays"
    leaf = Leaf.objects.get(entry=mine)
    policy().verify(queries.entry_data(leaf), after["proof"])
    assert not EntryPayload.objects.filter(salt=salt).exists()
    assert not EntryPayload.objects.filter(entry__in=[mine, waiting]).exists()
    assert set(evidence(waiting)) == {"entry", "proof"}, "what waited is a leaf without a meaning"
    check_entry(**{k: evidence(theirs)[k] for k in ("entry", "payload", "salt")})
    assert set(evidence(naming)) == {"entry", "proof"}, "its text held the name"
    assert bytes(EntryPayload.objects.get(entry=naming).salt) == b""
    assert student.person.name_zh not in json.dumps(
        list(EntryPayload.objects.values_list("committed", "after")), ensure_ascii=False
    )
    events = record_in_words(Person.objects.get(pk=student.person_id))
    assert [(e.is_erased, e.place.key) for e in events] == [(True, "witnessed")] * 2
    assert [e.is_erased for e in record_in_words(other.person)] == [False, True]
    audit = queries.fsck()
    assert audit.faults == []


def test_a_decision_that_names_an_erased_person_gets_its_place_all_the_same(
    log: WatchedLog,
) -> None:
    admin = make_person(Role.SYSTEM_ADMINISTRATOR, unit=make_consortium())
    gone = StudentFactory.create()
    naming = decide(StudentFactory.create(), after={"partner": gone.person.name_zh, "n": 1})
    people.erase_person(gone.person, actor=admin)
    log.publish()
    found = evidence(naming)
    check_entry(found["entry"], found["payload"], found["salt"])
    assert found["payload"]["after"] == {"partner": "", "n": 1}


def test_erasing_a_short_number_leaves_dates_and_hashes_of_others(log: WatchedLog) -> None:
    admin = make_person(Role.SYSTEM_ADMINISTRATOR, unit=make_consortium())
    gone = PersonFactory.create(number="2028", name_zh="欧阳明", name_en="Wang Wei")
    values = {
        "day": "2028-07-01", "root": "ab2028cd", "id": "0b2d2028-2028-4f00-8000-2028aa112233",
        "kept": "王伟", "text": "由欧阳明代办", "said": "asked by Wang Wei.", "list": ["2027, 2028"],
    }  # fmt: skip
    other = decide(StudentFactory.create(), after=values)
    people.erase_person(gone, actor=admin)
    after = EntryPayload.objects.get(entry=other).after
    assert after == values | {"text": "", "said": "", "list": [""]}


def test_a_person_takes_out_what_proves_the_trace(log: WatchedLog) -> None:
    from cotutelle.ledger.personal import export_trace  # noqa: PLC0415

    student = StudentFactory.create()
    decide(student, after={"grade": 87})
    log.publish()
    decide(student, after={"grade": 88})
    exported = json.loads(json.dumps(export_trace(student.person), default=str))
    assert (exported["count"], len(exported["events"])) == (1, 2)
    first, second = exported["events"]
    check_entry(first["entry"], first["payload"], first["salt"])
    assert (second["index"], second["entry"]) == (None, None)


@pytest.mark.parametrize(
    ("make", "whose"),
    [
        (make_pair, lambda pair: pair.student.person),
        (MentorFactory.create, lambda mentor: mentor.person),
        (StudentFactory.create, lambda student: student.person),
        (UnitFactory.create, lambda unit: None),
    ],
)
def test_decisions_enter_the_trace_of_whom_they_concern(
    log: WatchedLog, make: Any, whose: Any
) -> None:
    subject = make()
    entry = decide(subject, "mentorship.pair.formed")
    assert entry.person == whose(subject)
    log.seal()
    assert (Leaf.objects.get(entry=entry).trace is not None) == (entry.person is not None)


def test_papers_and_approvals_concern_whom_their_subject_concerns() -> None:
    from cotutelle.ledger.concerning import person_concerned  # noqa: PLC0415

    student = StudentFactory.create()
    assert person_concerned("programmes.student", student.pk) == student.person
    assert person_concerned("people.person", student.person_id) == student.person
    assert person_concerned("institutions.unit", student.unit_id) is None
    assert person_concerned("programmes.student", 0) is None
    assert person_concerned("nothing.atall", 1) is None
    assert PersonFactory.create() is not None
