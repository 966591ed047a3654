"""The client against a real node that loses, delays, refuses and reorders."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.chains import Chain, Lag
from cotutelle.ledger.anchoring.demo import CHAIN_ID
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.sending import advance, carry_out
from tests.factories.ports import free_port
from tests.ledger.anchoring.conftest import changed, deployed, mined, running_node

ORIGIN = "demo.cotutelle.example/log/1"
A, B = hashlib.sha256(b"a").digest(), hashlib.sha256(b"b").digest()
GWEI = 10**9


def problem_of(call: Callable[..., object], *args: object, **named: object) -> AnchorProblem:
    with pytest.raises(AnchorProblem) as caught:
        call(*args, **named)
    return caught.value


@pytest.fixture
def by_hand(node) -> Iterator[None]:
    """Blocks are made only when asked for."""
    node.ask("evm_setAutomine", False)
    yield
    node.ask("anvil_dropAllTransactions")
    node.ask("evm_setAutomine", True)


def step(client, attempts, account, *, stuck=False):
    return advance(client, attempts, account, stuck=stuck, keep=attempts.append)


# -- reading


def test_the_lag_counts_entries_and_seconds(client, put):
    now = dt.datetime.now(dt.UTC)
    assert client.lag(ORIGIN, 12, now=now) == Lag(12, None)

    put(ORIGIN, 9, A)
    at = client.head(ORIGIN).at

    assert client.lag(ORIGIN, 12, now=at + dt.timedelta(seconds=90)) == Lag(3, 90)
    assert client.lag(ORIGIN, 9, now=at) == Lag(0, 0)
    # A log smaller than its anchor is behind, not ahead: the caller compares heads for that.
    assert client.lag(ORIGIN, 5, now=at - dt.timedelta(seconds=5)) == Lag(0, 0)


def test_a_root_of_the_wrong_length_never_leaves(client, account):
    with pytest.raises(ValueError, match="root"):
        client.sign_anchor(ORIGIN, 9, A[:31], account)


def test_the_cost_is_said_before(client, put, account):
    first = client.cost(ORIGIN, 9, A, sender=account.address)
    made = put(ORIGIN, 9, A)
    second = client.cost(ORIGIN, 10, B, sender=account.address)

    assert made.gas_used <= first.gas <= made.gas_used * 1.3
    assert second.gas < first.gas
    assert second.wei > 0


def test_the_transaction_of_a_size_is_found_again(client, put):
    made = put(ORIGIN, 9, A)
    put(ORIGIN, 11, B)

    assert client.find(ORIGIN, 9).tx == made.tx
    assert client.find(ORIGIN, 10) is None


# -- what a share bundle says


def test_a_true_record_is_confirmed_by_the_node(client, put):
    made = put(ORIGIN, 9, A)
    record = _record(client, made)

    assert client.check(record).at == made.at


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("root", B.hex(), "anchor.differs"),
        ("size", 8, "anchor.differs"),
        ("origin", "other.example/log", "anchor.differs"),
        ("tx", "0x" + "ab" * 32, "anchor.absent"),
        ("chain_id", 1, "anchor.wrong_chain"),
        ("contract", "0x" + "12" * 20, "anchor.other_contract"),
    ],
)
def test_a_false_record_is_not(client, put, field, value, code):
    record = {**_record(client, put(ORIGIN, 9, A)), field: value}

    assert problem_of(client.check, record).code == code


def test_the_same_event_of_another_contract_does_not_count(client, put, node, account):
    put(ORIGIN, 9, A)
    false = deployed(node, account)
    elsewhere = carry_out(false, false.sign_anchor(ORIGIN, 10, B, account), account)

    record = {**_record(client, elsewhere), "size": 10, "root": B.hex()}

    assert problem_of(client.check, record).code == "anchor.differs"


def _record(client, made):
    return {
        "type": "evm",
        "chain_id": CHAIN_ID,
        "contract": client.chain.contract,
        "origin": ORIGIN,
        "size": 9,
        "root": A.hex(),
        "tx": made.tx,
    }


# -- sending


def test_it_lasts_only_after_the_confirmations(client, node, account):
    patient = changed(client, confirmations=3)
    attempts = [patient.sign_anchor(ORIGIN, 9, A, account)]

    assert patient.outcome(*attempts).state == "dropped"
    step(patient, attempts, account)
    mined(patient, *attempts)
    seen = []
    for _block in range(3):
        found = patient.outcome(*attempts)
        seen.append((found.state, found.confirmations))
        node.ask("evm_mine")

    assert seen == [("mined", 1), ("mined", 2), ("confirmed", 3)]


def test_a_reorganised_chain_takes_it_back(client, node, account):
    patient = changed(client, confirmations=5)
    attempts = [patient.sign_anchor(ORIGIN, 9, A, account)]
    step(patient, attempts, account)
    assert mined(patient, *attempts).state == "mined"

    node.ask("anvil_rollback", 1)

    assert patient.outcome(*attempts).state in {"dropped", "waiting"}
    step(patient, attempts, account)
    assert mined(patient, *attempts).state == "mined"
    assert patient.head(ORIGIN).size == 9


def test_sending_twice_is_sending_once(client, node, account, by_hand):
    attempt = client.sign_anchor(ORIGIN, 9, A, account)

    client.send(attempt)
    client.send(attempt)
    assert client.outcome(attempt).state == "waiting"
    node.ask("evm_mine")

    assert client.outcome(attempt).state == "confirmed"
    assert problem_of(client.send, attempt).code == "anchor.nonce_used"


def test_what_the_node_dropped_is_sent_again(client, node, account, by_hand):
    attempts = [client.sign_anchor(ORIGIN, 9, A, account)]
    step(client, attempts, account)
    node.ask("anvil_dropTransaction", attempts[0].tx)

    assert step(client, attempts, account).state == "dropped"
    assert step(client, attempts, account).state == "waiting"
    node.ask("evm_mine")

    assert client.outcome(*attempts).state == "confirmed"
    assert len(attempts) == 1


@pytest.mark.parametrize("fees", ["auto", "legacy"])
def test_what_is_stuck_is_outbid_and_at_most_one_is_mined(client, node, account, by_hand, fees):
    client = changed(client, fees=fees)
    attempts = [client.sign_anchor(ORIGIN, 9, A, account)]
    step(client, attempts, account)

    assert step(client, attempts, account, stuck=True).state == "waiting"
    first, second = attempts
    node.ask("evm_mine")

    assert second.nonce == first.nonce
    assert second.limit * 8 >= first.limit * 9
    assert client.outcome(first, second).tx == second.tx
    assert client.outcome(first).state == "replaced"
    assert client.head(ORIGIN).size == 9


def test_an_earlier_attempt_may_win_after_all(client, node, account, by_hand):
    attempts = [client.sign_anchor(ORIGIN, 9, A, account)]
    step(client, attempts, account)
    attempts.append(client.sign_again(attempts[0], account))
    node.ask("evm_mine")

    found = client.outcome(*attempts)

    assert (found.state, found.tx) == ("confirmed", attempts[0].tx)


def test_a_second_transaction_of_the_same_nonce_is_underpriced(client, account, by_hand):
    first = client.sign_anchor(ORIGIN, 9, A, account)
    rival = client.sign_anchor(ORIGIN, 10, B, account)
    assert rival.nonce == first.nonce
    client.send(rival)

    assert problem_of(client.send, first).code == "anchor.underpriced"


def test_an_account_used_elsewhere_is_noticed(client, node, account, by_hand):
    ours = client.sign_anchor(ORIGIN, 9, A, account)
    rival = client.sign_anchor(ORIGIN, 10, B, account)
    client.send(rival)
    node.ask("evm_mine")

    assert client.outcome(ours).state == "replaced"
    problem = problem_of(carry_out, client, ours, account)
    assert (problem.code, problem.retry) == ("anchor.replaced", True)


def test_too_cheap_for_the_node_is_signed_anew(client, node, account, by_hand):
    """What our own transaction meets when an older one of ours still waits: outbid it."""
    rival = client.sign_anchor(ORIGIN, 8, B, account)
    attempts = [client.sign_anchor(ORIGIN, 9, A, account)]
    client.send(rival)

    step(client, attempts, account)
    node.ask("evm_mine")

    assert len(attempts) == 2
    assert client.outcome(*attempts).state == "confirmed"
    assert client.head(ORIGIN).size == 9


def test_a_refusal_after_sending_has_its_reason(client, node, account, stranger, by_hand):
    """Two transactions that were both right when they were signed."""
    node.ask("evm_setAutomine", True)
    carry_out(client, client.sign_offer(stranger.address, account), account)
    node.ask("evm_setAutomine", False)
    ours = client.sign_anchor(ORIGIN, 9, A, account)
    client.send(client.sign_taking(stranger))
    node.ask("evm_mine")
    client.send(ours)
    node.ask("evm_mine")

    found = client.outcome(ours)

    assert (found.state, found.reason) == ("failed", "not the owner")
    problem = problem_of(carry_out, client, ours, account)
    assert (problem.code, str(problem)) == ("anchor.refused", "not the owner")


def test_what_runs_out_of_gas_says_so(client, node, account):
    """An account whose gas was set too low by a fault of the node's estimate."""
    good = client.sign_anchor(ORIGIN, 9, A, account)
    scarce = client._signed(account, good.to, good.data, good.nonce, 60_000, fees=client._fees())
    client.send(scarce)

    assert mined(client, scarce).reason == "out of gas"
    assert client.head(ORIGIN) is None


def test_an_empty_account_is_said(client, node, account, stranger):
    carry_out(client, client.sign_offer(stranger.address, account), account)
    carry_out(client, client.sign_taking(stranger), stranger)
    attempt = client.sign_anchor(ORIGIN, 9, A, stranger)
    before = node.ask("eth_getBalance", stranger.address, "latest")
    node.ask("anvil_setBalance", stranger.address, "0x1")

    assert problem_of(client.send, attempt).code == "anchor.no_funds"
    node.ask("anvil_setBalance", stranger.address, before)


def test_a_fee_above_the_limit_is_never_signed(client, account):
    first = client.sign_anchor(ORIGIN, 9, A, account)

    mean = changed(client, max_fee_wei=first.limit - 1)
    assert problem_of(mean.sign_anchor, ORIGIN, 9, A, account).code == "anchor.too_dear"
    mean = changed(client, max_fee_wei=first.limit)
    assert problem_of(mean.sign_again, first, account).code == "anchor.too_dear"


# -- chains of other kinds


def test_a_consortium_chain_without_fees(account):
    with running_node("--hardfork", "berlin", "--gas-price", "0") as free:
        free.ask("anvil_setBalance", account.address, "0x0")
        client = deployed(free, account, fees="legacy")
        attempt = client.sign_anchor(ORIGIN, 9, A, account)

        assert (attempt.limit, attempt.tip) == (0, None)
        assert carry_out(client, attempt, account).state == "confirmed"


def test_a_chain_without_a_base_fee_gets_legacy_transactions(account):
    with running_node("--hardfork", "berlin") as old:
        client = deployed(old, account)
        attempt = client.sign_anchor(ORIGIN, 9, A, account)

        assert attempt.tip is None
        assert not attempt.raw.startswith("0x02")


def test_a_chain_with_a_base_fee_gets_type_2(client, account):
    attempt = client.sign_anchor(ORIGIN, 9, A, account)

    assert attempt.raw.startswith("0x02")
    assert attempt.limit >= attempt.tip > 0


def _forward(target: str, body: bytes) -> bytes:
    headers = {"Content-Type": "application/json"}
    return httpx.post(target, content=body, headers=headers, timeout=30).content


@contextmanager
def relay(change: Callable[[bytes], tuple[int, bytes]], target: str = "") -> Iterator[str]:
    """An HTTP server before a node; ``change`` gets each answer and returns what is sent on."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = _forward(target, body) if target else b""
            status, content = change(answer)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_blocks_of_appointed_makers_are_read(client, node, account):
    """Clique and QBFT keep seals in the extra data: longer than other chains allow."""

    def seal(answer: bytes) -> tuple[int, bytes]:
        told = json.loads(answer)
        if isinstance(told.get("result"), dict) and "extraData" in told["result"]:
            told["result"]["extraData"] = "0x" + "5e" * 97
        return 200, json.dumps(told).encode()

    with relay(seal, node.url) as url:
        sealed = changed(client, url=url)
        made = carry_out(sealed, sealed.sign_anchor(ORIGIN, 9, A, account), account)

        assert made.state == "confirmed"
        assert sealed.head(ORIGIN).size == 9


# -- what is wrong with the other side


def test_a_node_that_is_down_is_said(client):
    down = changed(client, url=f"http://127.0.0.1:{free_port()}")

    problem = problem_of(down.head, ORIGIN)

    assert (problem.code, problem.retry) == ("anchor.unreachable", True)


def test_a_node_that_is_silent_is_given_up(client):
    released = threading.Event()

    def hold(_answer: bytes) -> tuple[int, bytes]:
        released.wait(60)
        return 200, b"{}"

    with relay(hold) as url:
        problem = problem_of(changed(client, url=url, timeout_s=0.2).head, ORIGIN)
        released.set()

    assert problem.code == "anchor.unreachable"


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"oops"),
        (200, b"<html>a captive portal</html>"),
        (200, b"[]"),
        (200, b'{"jsonrpc":"2.0","id":0}'),
        (200, b'{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"database is locked"}}'),
        (200, b'{"jsonrpc":"2.0","id":0,"result":"many"}'),
    ],
)
def test_a_node_that_talks_nonsense_is_said(client, answer):
    with relay(lambda _answer: answer) as url:
        problem = problem_of(changed(client, url=url).head, ORIGIN)

    assert (problem.code, problem.retry) == ("anchor.node_error", True)


def test_nothing_is_done_on_the_wrong_chain(client, account):
    lost = changed(client, chain_id=1)

    for call in (lambda: lost.head(ORIGIN), lambda: lost.sign_anchor(ORIGIN, 9, A, account)):
        assert problem_of(call).code == "anchor.wrong_chain"


def test_a_signature_for_another_chain_is_worth_nothing_here(client, node, account):
    """What EIP-155 promises: no replay between chains."""
    attempt = client.sign_anchor(ORIGIN, 9, A, account)
    with running_node(chain_id=4242) as other:
        elsewhere = Client(Chain(other.url, 4242))

        assert problem_of(elsewhere.send, attempt).code == "anchor.node_error"


@pytest.mark.parametrize("place", ["", "0x12", "0x" + "12" * 20])
def test_a_place_without_contract_is_said(client, place):
    assert problem_of(changed(client, contract=place).head, ORIGIN).code == "anchor.no_contract"


def test_a_contract_of_other_code_is_not_trusted(client, node):
    place = "0x" + "77" * 20
    node.ask("anvil_setCode", place, "0x6001600101")

    assert problem_of(changed(client, contract=place).head, ORIGIN).code == "anchor.other_contract"


def test_a_signed_transaction_survives_its_writing_down(client, account):
    """The service keeps it as JSON before it is sent."""
    attempt = client.sign_anchor(ORIGIN, 9, A, account)

    kept = type(attempt)(**json.loads(json.dumps(dataclasses.asdict(attempt))))

    assert kept == attempt
    assert carry_out(client, kept, account).state == "confirmed"
