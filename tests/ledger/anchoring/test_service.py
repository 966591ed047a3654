"""Anchors of a log: rows, a real chain, a real authority, and what happens in between."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib

import pytest
from django.db import connections
from django.utils import timezone

from cotutelle.core.clock import at
from cotutelle.engines.credentials.timestamps import verify_token
from cotutelle.engines.translog import Tree, leaf_hash, tiles_of, verify_inclusion
from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.chains import Signed
from cotutelle.ledger.anchoring.demo import CHAIN_ID, KEY
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.timestamps import stamped_text
from cotutelle.ledger.enums import AnchorKind, AnchorState, ShardState
from cotutelle.ledger.models import Anchor, Checkpoint, Leaf, Shard
from cotutelle.ledger.queries.anchors import anchors_of
from cotutelle.ledger.queries.log import store_of
from cotutelle.ledger.services import anchor_setup, anchors
from cotutelle.ledger.services.sealing import Forked
from tests.factories.ports import free_port
from tests.ledger.anchoring.authority import certified, running_authority, server_of
from tests.ledger.anchoring.conftest import deployed, mined

pytestmark = pytest.mark.django_db
ORIGIN = "test.cotutelle.example/log/1"
HASHES = [leaf_hash(str(number).encode()) for number in range(40)]
EVM, STAMP = AnchorKind.EVM, AnchorKind.RFC3161


@pytest.fixture
def on_chain(settings, tmp_path, node, account):
    """The settings of an installation that anchors to ``node``; its client, for looking on."""
    client = deployed(node, account)
    settings.COTUTELLE_DATA_DIR = tmp_path
    settings.COTUTELLE_ANCHOR_URL = node.url
    settings.COTUTELLE_ANCHOR_CHAIN_ID = CHAIN_ID
    settings.COTUTELLE_ANCHOR_CONTRACT = client.chain.contract
    settings.COTUTELLE_ANCHOR_CONFIRMATIONS = 1
    settings.COTUTELLE_ANCHOR_MINUTES = 60
    path = anchors.key_path()
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_text(KEY.hex(), encoding="ascii")
    return client


@pytest.fixture
def shard(settings, tmp_path):
    settings.COTUTELLE_DATA_DIR = tmp_path
    return Shard.objects.create(
        number=1, origin=ORIGIN, authority="test.cotutelle.example", opened_at=timezone.now()
    )


def root(size: int) -> bytes:
    tree = Tree()
    tree.extend(HASHES[:size])
    return tree.root()


def publish(shard: Shard, size: int) -> Checkpoint:
    """Do as the sealing does: tiles first, then the head; here without signatures."""
    tree = Tree()
    tree.extend(HASHES[:size])
    store_of(shard).write(tiles_of(tree, size))
    moment = timezone.now()
    shard.size = size
    shard.save()
    return Checkpoint.objects.create(
        shard=shard, size=size, root=tree.root(), note="-", made_at=moment, published_at=moment
    )


def turn() -> None:
    """Do what the clock does, until a node that mines by itself has mined."""
    anchors.advance_anchors()
    for row in Anchor.objects.filter(state=AnchorState.SENT, problem="", kind=EVM):
        mined(anchors.client(), *[Signed(**kept) for kept in row.reference["attempts"]])
        anchors.advance_anchors()


def at_once(shard: Shard, kind: AnchorKind = EVM) -> Anchor:
    anchors.anchor_at_once(shard, kind)
    turn()
    return anchors.anchor_at_once(shard, kind)


def later(minutes: int):
    return at(timezone.now() + dt.timedelta(minutes=minutes))


def rows(shard: Shard, kind: AnchorKind = EVM) -> list[tuple[int, str, str]]:
    found = shard.anchors.filter(kind=kind).order_by("id")
    return [(row.size, row.state, row.problem) for row in found]


def send(client: Client, signed: Signed) -> None:
    client.send(signed)
    mined(client, signed)


def test_nothing_happens_where_nothing_is_set(shard):
    publish(shard, 7)

    turn()

    assert rows(shard) == []
    assert anchors.anchored_head(shard) is None
    with pytest.raises(AnchorProblem) as caught:
        anchor_setup.standing(shard)
    assert caught.value.code == "anchor.not_set"


def test_a_published_head_is_anchored(shard, on_chain):
    turn()
    assert rows(shard) == []

    publish(shard, 7)
    turn()

    assert rows(shard) == [(7, AnchorState.CONFIRMED, "")]
    assert anchors.anchored_head(shard) == (7, root(7))
    row = Anchor.objects.get()
    assert row.confirmed_at == on_chain.head(ORIGIN).at
    assert row.reference["tx"] == on_chain.find(ORIGIN, 7).tx
    assert set(row.reference) == {"chain_id", "contract", "tx", "block", "gas_used"}


def test_what_is_signed_but_not_published_is_not_anchored(shard, on_chain):
    head = publish(shard, 7)
    head.published_at = None
    head.save()

    turn()

    assert rows(shard) == []


def test_a_growing_log_is_anchored_now_and_then(shard, on_chain):
    publish(shard, 7)
    turn()
    publish(shard, 9)
    turn()
    assert [size for size, *_rest in rows(shard)] == [7]

    with later(61):
        publish(shard, 12)
        turn()
        turn()

    assert [size for size, *_rest in rows(shard)] == [7, 12]


def test_somebody_may_ask_for_it_at_once(shard, on_chain):
    publish(shard, 7)
    turn()
    publish(shard, 9)

    made = at_once(shard)

    assert (made.size, made.state) == (9, AnchorState.CONFIRMED)
    assert anchors.anchor_at_once(shard, EVM) == made


def test_the_last_head_of_a_frozen_log_does_not_wait(shard, on_chain):
    publish(shard, 7)
    turn()
    publish(shard, 9)
    shard.state = ShardState.FROZEN
    shard.save()

    turn()

    assert anchors.anchored_head(shard) == (9, root(9))


def test_a_chain_that_is_down_is_tried_again(shard, on_chain, settings):
    there, settings.COTUTELLE_ANCHOR_URL = (
        settings.COTUTELLE_ANCHOR_URL,
        f"http://127.0.0.1:{free_port()}",
    )
    publish(shard, 7)
    turn()
    assert rows(shard) == [(7, AnchorState.SENT, "anchor.unreachable")]

    # Meanwhile the log grew: nothing was signed yet, so the larger head goes.
    publish(shard, 9)
    settings.COTUTELLE_ANCHOR_URL = there
    turn()

    assert rows(shard) == [(9, AnchorState.CONFIRMED, "")]
    assert anchors.anchored_head(shard) == (9, root(9))


def test_a_missing_key_is_said(shard, on_chain):
    publish(shard, 7)
    anchors.key_path().unlink()

    turn()

    assert rows(shard) == [(7, AnchorState.SENT, "anchor.key_missing")]


def test_it_is_confirmed_only_after_the_blocks_that_were_asked_for(shard, on_chain, node, settings):
    settings.COTUTELLE_ANCHOR_CONFIRMATIONS = 3
    publish(shard, 7)
    turn()
    publish(shard, 9)
    turn()
    assert rows(shard) == [(7, AnchorState.SENT, "")]

    node.ask("anvil_mine", "0x2")
    turn()

    assert rows(shard) == [(7, AnchorState.CONFIRMED, "")]


def test_whoever_dies_before_sending_goes_on_with_the_same_transaction(shard, on_chain, account):
    """What is in the row when the process is killed between signing and sending."""
    publish(shard, 7)
    row = Anchor.objects.create(shard=shard, kind=EVM, size=7, root=root(7), sent_at=timezone.now())
    signed = on_chain.sign_anchor(ORIGIN, 7, root(7), account)
    anchors._keep(row, signed)

    turn()

    assert rows(shard) == [(7, AnchorState.CONFIRMED, "")]
    assert Anchor.objects.get().reference["tx"] == signed.tx


def test_whoever_dies_after_sending_finds_it_mined(shard, on_chain, account):
    publish(shard, 7)
    row = Anchor.objects.create(shard=shard, kind=EVM, size=7, root=root(7), sent_at=timezone.now())
    signed = on_chain.sign_anchor(ORIGIN, 7, root(7), account)
    anchors._keep(row, signed)
    send(on_chain, signed)

    turn()

    assert rows(shard) == [(7, AnchorState.CONFIRMED, "")]


def test_what_is_on_the_chain_already_is_taken_over(shard, on_chain, account):
    """A row that was lost with a database: the event on the chain is found again."""
    publish(shard, 7)
    signed = on_chain.sign_anchor(ORIGIN, 7, root(7), account)
    send(on_chain, signed)

    turn()

    assert rows(shard) == [(7, AnchorState.CONFIRMED, "")]
    assert Anchor.objects.get().reference["tx"] == signed.tx


def test_what_is_stuck_is_outbid(shard, on_chain, node):
    publish(shard, 7)
    node.ask("evm_setAutomine", False)
    try:
        anchors.advance_anchors()
        with later(10):
            anchors.advance_anchors()
            assert rows(shard) == [(7, AnchorState.SENT, "anchor.slow")]
            assert len(Anchor.objects.get().reference["attempts"]) == 2
            anchors.advance_anchors()
            assert len(Anchor.objects.get().reference["attempts"]) == 2
        node.ask("evm_mine")
        anchors.advance_anchors()
    finally:
        node.ask("evm_setAutomine", True)

    assert rows(shard) == [(7, AnchorState.CONFIRMED, "")]


def test_an_account_used_elsewhere_makes_it_begin_again(shard, on_chain, node, account):
    publish(shard, 7)
    row = Anchor.objects.create(shard=shard, kind=EVM, size=7, root=root(7), sent_at=timezone.now())
    anchors._keep(row, on_chain.sign_anchor(ORIGIN, 7, root(7), account))
    send(on_chain, on_chain.sign_anchor("other.example/log", 1, root(1), account))

    turn()
    assert rows(shard) == [(7, AnchorState.FAILED, "anchor.replaced")]
    turn()

    assert rows(shard)[1:] == [(7, AnchorState.CONFIRMED, "")]


def test_a_stranger_to_the_contract_is_told(shard, on_chain, settings, stranger):
    publish(shard, 7)
    settings.COTUTELLE_ANCHOR_ACCOUNT = "tests.ledger.anchoring.test_service.a_stranger"

    turn()

    assert rows(shard) == [(7, AnchorState.SENT, "anchor.refused")]
    assert not Shard.objects.get().blocked


def a_stranger():
    """What the settings name instead of a key file: a hardware module, say."""
    from cotutelle.ledger.anchoring.signing import key_account  # noqa: PLC0415

    return key_account(bytes(31) + b"\x07")


def test_a_restored_backup_is_noticed_and_blocks_the_log(shard, on_chain, account):
    send(on_chain, on_chain.sign_anchor(ORIGIN, 30, root(30), account))
    publish(shard, 7)

    turn()

    shard.refresh_from_db()
    assert shard.blocked == "log.behind"
    assert shard.blocked_facts["who"] == "anchor"
    assert (shard.blocked_facts["size"], shard.blocked_facts["own_size"]) == (30, 7)
    assert rows(shard) == [(7, AnchorState.SENT, "log.behind")]
    turn()
    assert on_chain.head(ORIGIN).size == 30


@pytest.mark.parametrize("own", [7, 9])
def test_another_history_of_the_same_log_blocks_it(shard, on_chain, account, own):
    """A fork, at the same size and hidden under a larger one."""
    send(on_chain, on_chain.sign_anchor(ORIGIN, 7, hashlib.sha256(b"fork").digest(), account))
    publish(shard, own)

    with pytest.raises(Forked, match=r"^log\.forked$"):
        anchors.check_anchor(shard)
    turn()

    shard.refresh_from_db()
    assert shard.blocked == "log.forked"
    assert shard.blocked_facts["own_root"] == root(7).hex()


def test_a_chain_that_forgot_is_told_again(shard, on_chain, node):
    publish(shard, 7)
    node.ask("anvil_mine", "0x1")
    before = node.ask("evm_snapshot")
    turn()
    publish(shard, 9)
    node.ask("evm_revert", before)

    at_once(shard)

    assert rows(shard) == [
        (7, AnchorState.FAILED, "anchor.vanished"),
        (9, AnchorState.CONFIRMED, ""),
    ]


def test_two_at_once_send_one(shard, on_chain):
    """Somebody else holds the lock: a command while the worker is at it."""
    publish(shard, 7)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            name = f"anchor:{EVM}:{shard.pk}"
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 3))", [name])
            turn()
            assert rows(shard) == []
            assert anchors.anchor_at_once(shard, EVM) is None
            # Closing alone would release it some time after: the server ends sessions by itself.
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 3))", [name])
    finally:
        other.close()
    turn()

    assert rows(shard) == [(7, AnchorState.CONFIRMED, "")]


# -- time-stamps


@pytest.fixture
def authority(tmp_path, settings):
    trusted = certified("Authority")
    (tmp_path / "roots.pem").write_bytes(trusted.pem)
    settings.COTUTELLE_TSA_ROOTS = [str(tmp_path / "roots.pem")]
    return trusted


def test_a_published_head_is_stamped(shard, settings, tmp_path, authority):
    publish(shard, 7)
    with running_authority(tmp_path, server_of(authority)) as url:
        settings.COTUTELLE_TSA_URL = url
        anchors.advance_anchors()

    assert rows(shard, STAMP) == [(7, AnchorState.CONFIRMED, "")]
    row = Anchor.objects.get()
    token = base64.b64decode(row.reference["token"])
    text = stamped_text(ORIGIN, 7, root(7))
    assert verify_token(token, text, [authority.pem]) == row.confirmed_at


def test_an_untrusted_authority_is_said_and_tried_again(shard, settings, tmp_path, authority):
    publish(shard, 7)
    with running_authority(tmp_path, server_of(certified("Impostor"))) as url:
        settings.COTUTELLE_TSA_URL = url
        anchors.advance_anchors()
        anchors.advance_anchors()
        assert rows(shard, STAMP) == [(7, AnchorState.SENT, "timestamp.untrusted")]
    settings.COTUTELLE_TSA_ROOTS = []
    anchors.advance_anchors()
    assert rows(shard, STAMP) == [(7, AnchorState.SENT, "timestamp.no_roots")]


# -- what goes into a share bundle


def test_a_bundle_gets_the_first_anchor_over_its_leaf(
    shard, on_chain, settings, tmp_path, authority
):
    publish(shard, 7)
    at_once(shard)
    publish(shard, 20)
    at_once(shard)
    with running_authority(tmp_path, server_of(authority)) as url:
        settings.COTUTELLE_TSA_URL = url
        anchors.anchor_at_once(shard, STAMP)
    leaf = Leaf(shard=shard, index=8)

    evm, stamped = anchors_of(leaf)

    assert (evm["type"], evm["size"], stamped["type"], stamped["size"]) == (
        "evm",
        20,
        "rfc3161",
        20,
    )
    for record in (evm, stamped):
        assert record["origin"] == ORIGIN
        proof = [base64.b64decode(step) for step in record["inclusion"]]
        verify_inclusion(8, record["size"], HASHES[8], proof, bytes.fromhex(record["root"]))
    assert Client(on_chain.chain).check(evm).state == "confirmed"
    assert anchors_of(Leaf(shard=shard, index=20)) == []
    assert [r["size"] for r in anchors_of(Leaf(shard=shard, index=3))] == [7, 20]


# -- setting up


def test_a_contract_is_set_up_and_passed_on(shard, on_chain, settings, stranger):
    anchors.key_path().unlink()
    ours = anchor_setup.make_key()
    assert anchors.account().address == ours
    settings.COTUTELLE_ANCHOR_ACCOUNT = "cotutelle.ledger.anchoring.demo.account"

    settings.COTUTELLE_ANCHOR_CONTRACT = anchor_setup.deploy_contract()
    publish(shard, 7)
    before = anchor_setup.standing(shard)
    turn()
    after = anchor_setup.standing(shard)
    anchor_setup.offer_contract(stranger.address)

    assert (before["size"], before["lag_entries"], before["lag_seconds"]) == (None, 7, None)
    assert before["gas"] > 50_000
    assert (after["size"], after["lag_entries"], after["root"]) == (7, 0, root(7).hex())
    assert "gas" not in after
    assert after["owner"] == after["account"] == anchors.account().address
    with pytest.raises(AnchorProblem, match="not the successor"):
        anchor_setup.take_contract()
