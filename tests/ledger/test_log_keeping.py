"""Keys, who may keep the log, and what a refusal says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import transaction

from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.engines.translog import Algorithm, Signer, open_checkpoint
from cotutelle.ledger import queries, services
from cotutelle.ledger.enums import KeySuite, WitnessState
from cotutelle.ledger.models import Entry, Pending, Shard, Witness
from cotutelle.ledger.queries.log import verifiers_of
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from tests.factories.institutions import UnitFactory, make_consortium
from tests.factories.log import WatchedLog, freeze_unseen, make_log, make_witness, watched_log
from tests.factories.people import make_person
from tests.ledger.readers import decide

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(settings: Any, tmp_path: Path) -> WatchedLog:
    return make_log(settings, tmp_path)


def refusal_of(work: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(RuleViolation) as refusal:
        work(*given, **named)
    assert str(refusal.value)
    return refusal.value.code


def test_a_key_signs_and_never_leaves_its_file(settings: Any, tmp_path: Path) -> None:
    settings.COTUTELLE_DATA_DIR = tmp_path
    public = services.new_key("issuer-1")
    Ed25519PublicKey.from_public_bytes(public).verify(services.sign_with("issuer-1", b"x"), b"x")
    file = tmp_path / "keys" / "log" / "issuer-1.key"
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(ValueError, match="already"):
        services.new_key("issuer-1")
    assert file.read_bytes() == before
    assert refusal_of(services.sign_with, "issuer-2", b"x") == "key.missing"
    file.write_bytes(b"rubbish")
    assert refusal_of(services.sign_with, "issuer-1", b"x") == "key.missing"


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", ".hidden", "a" * 101])
def test_a_key_name_leads_nowhere_else(settings: Any, tmp_path: Path, name: str) -> None:
    settings.COTUTELLE_DATA_DIR = tmp_path
    with pytest.raises(ValueError, match="name"):
        services.new_key(name)


@pytest.mark.parametrize("suite", [KeySuite.SM2, KeySuite.ML_DSA_44])
def test_suites_that_files_do_not_keep_are_refused(
    settings: Any, tmp_path: Path, suite: KeySuite
) -> None:
    settings.COTUTELLE_DATA_DIR = tmp_path
    assert refusal_of(services.new_key, "k", suite) == "key.suite"
    assert refusal_of(services.sign_with, "k", b"x") == "key.missing"


class Hardware:
    """A provider that keeps keys in itself, as a module of hardware does."""

    kept: ClassVar[dict[str, Ed25519PrivateKey]] = {}

    def generate(self, name: str, suite: KeySuite) -> bytes:
        self.kept[name] = Ed25519PrivateKey.generate()
        return self.kept[name].public_key().public_bytes_raw()

    def sign(self, name: str, message: bytes) -> bytes:
        return self.kept[name].sign(message)

    def has(self, name: str) -> bool:
        return name in self.kept


def test_another_provider_keeps_the_keys(settings: Any, tmp_path: Path) -> None:
    settings.COTUTELLE_KEY_PROVIDER = f"{__name__}.Hardware"
    log = make_log(settings, tmp_path)
    head = log.publish()
    assert open_checkpoint(head.note, verifiers_of(log.shard)).size == head.size
    assert len(Hardware.kept) == 1
    assert not (tmp_path / "keys").exists()


def strangers() -> list[Person]:
    university = UnitFactory.create()
    return [
        make_person(Role.SYSTEM_ADMINISTRATOR, unit=university),  # of one institution only
        make_person(Role.GRADUATE_OFFICER, unit=make_consortium()),
        make_person(Role.STUDENT, unit=university),
    ]


def test_only_the_administrator_of_the_consortium_keeps_the_log(log: WatchedLog) -> None:
    shard, witness = log.shard, Witness.objects.get(name="witness.example/w1")
    _other, key = make_witness("witness.example/w4")
    for actor in strangers():
        for work in (
            lambda a=actor: services.freeze_shard(shard, actor=a),
            lambda a=actor: services.rotate_log_key(shard, actor=a),
            lambda a=actor: services.retire_log_key(shard.keys.get(), actor=a),
            lambda a=actor: services.unblock_log(shard, reason="x", actor=a),
            lambda a=actor: services.retire_witness(witness, actor=a),
            lambda a=actor: services.ask_to_seal(actor=a),
            lambda a=actor: services.ask_to_check(actor=a),
            lambda a=actor: services.open_log(authority="a.example", actor=a),
            lambda a=actor: services.set_policy(needed=1, colluders=0, witnesses=[witness], actor=a),
            lambda a=actor: services.add_witness(unit=witness.unit, name="x", vkey=key.verifier.vkey,
                                                 url="http://x.example", actor=a),
        ):  # fmt: skip
            with pytest.raises(Refused):
                work()
    keeper = make_person(Role.SYSTEM_ADMINISTRATOR, unit=make_consortium())
    services.ask_to_seal(actor=keeper)
    services.ask_to_check(actor=keeper)
    assert services.rotate_log_key(shard, actor=keeper).shard == shard


def test_what_is_done_to_the_log_is_in_the_log(log: WatchedLog) -> None:
    services.rotate_log_key(log.shard, actor=None)
    actions = set(Pending.objects.values_list("entry__action", flat=True))
    assert actions == {"ledger.witness.added", "ledger.policy.set", "ledger.key.added"}
    log.publish()
    statements = [
        s for s in log.shard.leaves.order_by("index").values_list("statement", flat=True) if s
    ]
    assert [s["event"] for s in statements] == ["opened", "log_key_added"]


def test_refusals_around_the_log(log: WatchedLog) -> None:
    shard = log.shard
    assert refusal_of(services.open_log, authority="a.example", actor=None) == "log.exists"
    assert refusal_of(services.retire_log_key, shard.keys.get(), actor=None) == "log.last_key"
    assert refusal_of(services.unblock_log, shard, reason=" ", actor=None) == "log.reason"
    assert refusal_of(services.unblock_log, shard, reason="x", actor=None) == "log.unchecked"
    freeze_unseen(shard)
    assert refusal_of(services.freeze_shard, shard, actor=None) == "log.frozen"
    assert refusal_of(services.rotate_log_key, shard, actor=None) == "log.frozen"


@pytest.mark.parametrize(
    ("authority", "origin", "code"),
    [("Not a host", "", "log.authority"), ("-x.example", "", "log.authority"), ("a." * 91 + "example", "", "log.authority"),
     ("a.example", "a b", "log.origin")],
)  # fmt: skip
def test_a_log_is_set_up_under_a_host_name(
    settings: Any, tmp_path: Path, authority: str, origin: str, code: str
) -> None:
    settings.COTUTELLE_DATA_DIR = tmp_path
    make_consortium()
    assert refusal_of(services.open_log, authority=authority, origin=origin, actor=None) == code
    assert not Shard.objects.exists()


def test_refusals_around_witnesses(log: WatchedLog) -> None:
    unit = UnitFactory.create()
    used = Witness.objects.get(name="witness.example/w1")
    _free, key = make_witness("witness.example/w4")
    given = {"unit": unit, "name": "witness.example/w5", "url": "http://w.example", "actor": None}
    log_key = log.shard.keys.get().vkey
    for vkey in ("", "nonsense", log_key):
        assert refusal_of(services.add_witness, vkey=vkey, **given) == "witness.key"
    assert refusal_of(services.add_witness, vkey=key.verifier.vkey, **given) == "witness.name"
    long = Signer("w" * 201, Algorithm.COSIGNATURE, bytes(32)).verifier
    found = given | {"name": long.name, "vkey": long.vkey}
    assert refusal_of(services.add_witness, **found) == "witness.name"
    assert refusal_of(services.retire_witness, used, actor=None) == "witness.needed"
    free = Witness.objects.get(name="witness.example/w4")
    services.retire_witness(free, actor=None)
    free.refresh_from_db()
    assert free.state == WitnessState.RETIRED
    assert refusal_of(services.retire_witness, free, actor=None) == "witness.retired"
    chosen = list(Witness.objects.all())
    assert refusal_of(
        services.set_policy, needed=3, colluders=0, witnesses=chosen, actor=None
    ) == "policy.unknown_witness"  # fmt: skip
    assert (
        refusal_of(services.set_policy, needed=1, colluders=0, witnesses=[], actor=None)
        == "policy.none"
    )
    five_of_seven = [make_witness(f"witness.example/v{n}")[0] for n in range(7)]
    policy = services.set_policy(needed=5, colluders=2, witnesses=five_of_seven, actor=None)
    assert queries.policy_text() == policy.text
    assert policy.number == 2


def test_a_backup_put_back_under_a_running_process_is_noticed(
    settings: Any, tmp_path: Path
) -> None:
    with watched_log(settings, tmp_path):
        assert services.tick().problem == ""
        before = transaction.savepoint()
        decide(2)
        assert services.tick().problem == ""
        transaction.savepoint_rollback(before)
        decide(3)
        turn = services.tick()
        assert (turn.sequenced, turn.signed, turn.problem) == (0, 0, "log.behind")


def test_rooms_are_told_of_the_next_tree_in_its_own_transaction(log: WatchedLog) -> None:
    told: list[tuple[str, Person | None]] = []
    from cotutelle.ledger.services import shards  # noqa: PLC0415

    def remember(shard: Shard, actor: Person | None) -> list[Entry]:
        told.append((shard.origin, actor))
        return []

    services.on_shard_opened(remember)
    try:
        freeze_unseen(log.shard)
    finally:
        shards._on_opened.remove(remember)
    assert told == [("log.example/log/2", None)]
