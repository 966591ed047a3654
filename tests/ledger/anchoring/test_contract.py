"""The contract on a real node: each rule, and the reason of each refusal."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest

from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.artifact import FOLDER
from cotutelle.ledger.anchoring.chains import Head
from cotutelle.ledger.anchoring.compiling import as_text, compile_contract
from cotutelle.ledger.anchoring.evm import origin_key
from cotutelle.ledger.anchoring.sending import carry_out
from tests.ledger.anchoring.conftest import deployed, running_node

ORIGIN = "demo.cotutelle.example/log/1"
A, B = hashlib.sha256(b"a").digest(), hashlib.sha256(b"b").digest()
ZERO_ADDRESS = "0x" + "00" * 20


def refusal(client, account, origin, size, root):
    with pytest.raises(AnchorProblem) as caught:
        client.sign_anchor(origin, size, root, account)
    assert caught.value.code == "anchor.refused"
    return str(caught.value)


def events(client):
    with client._asking():
        found = client._contract.events.Anchored.get_logs(from_block=0)
    return [(e["args"]["origin"], e["args"]["size"], e["args"]["root"]) for e in found]


def test_the_committed_code_is_what_the_compiler_makes_of_the_committed_source():
    kept = (FOLDER / "contract.json").read_text(encoding="utf-8")

    assert kept == as_text(compile_contract())
    source = (FOLDER / "contract.vy").read_bytes()
    assert json.loads(kept)["source_sha256"] == hashlib.sha256(source).hexdigest()


def test_it_holds_what_was_anchored_last(client, put, node):
    assert client.head(ORIGIN) is None

    put(ORIGIN, 7, A)
    last = put(ORIGIN, 9, B)

    block = node.ask("eth_getBlockByNumber", hex(last.block), False)
    moment = dt.datetime.fromtimestamp(int(block["timestamp"], 16), tz=dt.UTC)
    assert client.head(ORIGIN) == Head(9, B, moment)
    assert last.at == moment
    assert events(client) == [(origin_key(ORIGIN), 7, A), (origin_key(ORIGIN), 9, B)]


def test_logs_do_not_meet(client, put):
    put(ORIGIN, 9, A)
    put("other.example/log", 3, B)

    assert (client.head(ORIGIN).size, client.head("other.example/log").size) == (9, 3)
    assert client.head("demo.cotutelle.example/log/2") is None


def test_the_largest_size_goes_in(client, put):
    put(ORIGIN, 2**64 - 1, A)

    assert client.head(ORIGIN).size == 2**64 - 1


def test_a_size_that_goes_back_is_refused(client, put, account):
    put(ORIGIN, 9, A)

    assert refusal(client, account, ORIGIN, 8, A) == "size goes back"
    assert refusal(client, account, ORIGIN, 1, B) == "size goes back"


def test_the_same_size_with_another_root_is_refused(client, put, account):
    put(ORIGIN, 9, A)

    assert refusal(client, account, ORIGIN, 9, B) == "same size, other root"


def test_saying_the_same_again_changes_nothing(client, put):
    put(ORIGIN, 9, A)
    before = client.head(ORIGIN)

    again = put(ORIGIN, 9, A)

    assert again.state == "confirmed"
    assert client.head(ORIGIN) == before
    assert len(events(client)) == 1


def test_zeroes_are_refused(client, account):
    assert refusal(client, account, ORIGIN, 0, A) == "size is zero"
    assert refusal(client, account, ORIGIN, 5, bytes(32)) == "root is zero"


def test_a_stranger_is_refused(client, stranger):
    assert refusal(client, stranger, ORIGIN, 5, A) == "not the owner"
    with pytest.raises(AnchorProblem, match=r"^not the owner$"):
        client.sign_offer(stranger.address, stranger)
    with pytest.raises(AnchorProblem, match=r"^not the successor$"):
        client.sign_taking(stranger)


def test_ownership_passes_in_two_steps(client, account, stranger):
    carry_out(client, client.sign_offer(stranger.address, account), account)

    assert client.owner() == account.address
    assert refusal(client, stranger, ORIGIN, 5, A) == "not the owner"
    carry_out(client, client.sign_taking(stranger), stranger)
    assert client.owner() == stranger.address
    assert refusal(client, account, ORIGIN, 5, A) == "not the owner"
    carry_out(client, client.sign_anchor(ORIGIN, 5, A, stranger), stranger)
    # What was offered once is used up.
    with pytest.raises(AnchorProblem, match=r"^not the successor$"):
        client.sign_taking(stranger)


def test_an_offer_can_be_withdrawn(client, account, stranger):
    carry_out(client, client.sign_offer(stranger.address, account), account)
    carry_out(client, client.sign_offer(ZERO_ADDRESS, account), account)

    with pytest.raises(AnchorProblem, match=r"^not the successor$"):
        client.sign_taking(stranger)


def test_it_takes_no_money_and_no_unknown_call(client, node, account):
    """Nothing can be sent to it by mistake and be lost."""
    call = {"from": account.address, "to": client.chain.contract, "value": "0x1"}
    data = client._anchor_call(ORIGIN, 5, A)

    for request in (call, {**call, "data": data}, {**call, "value": "0x0", "data": "0x12345678"}):
        with pytest.raises(RuntimeError, match="revert"):
            node.ask("eth_call", request, "latest")


@pytest.mark.parametrize("hardfork", ["petersburg", "istanbul", "berlin", "london", "paris"])
def test_it_runs_on_chains_older_than_push0(hardfork, account):
    with running_node("--hardfork", hardfork) as old:
        client = deployed(old, account)
        carry_out(client, client.sign_anchor(ORIGIN, 9, A, account), account)

        assert client.head(ORIGIN).size == 9
        assert refusal(client, account, ORIGIN, 8, A) == "size goes back"


def test_a_newer_target_would_not(client):
    """Why the target is the oldest one: this is what a consortium chain would answer."""
    newer, place = compile_contract("shanghai")["runtime"], "0x" + "11" * 20
    call = {"to": place, "data": client._contract.encode_abi("owner")}

    with running_node("--hardfork", "paris") as old:
        old.ask("anvil_setCode", place, newer)
        with pytest.raises(RuntimeError, match="NotActivated"):
            old.ask("eth_call", call, "latest")
        old.ask("anvil_setCode", place, compile_contract()["runtime"])
        assert old.ask("eth_call", call, "latest") == "0x" + "00" * 32
