"""The chain of the demonstration: it survives restarts, and its contract makes itself."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.chains import Chain
from cotutelle.ledger.anchoring.demo import (
    account,
    anvil_binary,
    demo_chain_command,
    demo_chain_environment,
    ensure_contract,
)
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.sending import carry_out
from tests.factories.ports import free_port
from tests.ledger.anchoring.conftest import running_node

ORIGIN = "demo.cotutelle.example/log/1"
ROOT = hashlib.sha256(b"root").digest()


@contextmanager
def demo_chain(folder, port, *, ended_by=signal.SIGTERM) -> Iterator[Client]:
    command = demo_chain_command(folder, port)
    if command is None:
        pytest.skip("npm's anvil is not installed: run scripts/setup.sh test")
    said = demo_chain_environment(port)
    chain = Chain(
        said["COTUTELLE_ANCHOR_URL"],
        int(said["COTUTELLE_ANCHOR_CHAIN_ID"]),
        said["COTUTELLE_ANCHOR_CONTRACT"],
        confirmations=int(said["COTUTELLE_ANCHOR_CONFIRMATIONS"]),
    )
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            try:
                httpx.post(chain.url, json={}, timeout=5)
            except httpx.TransportError:
                continue
            break
        try:
            yield Client(chain)
        finally:
            os.kill(process.pid, ended_by)


def test_what_is_anchored_survives_a_restart(tmp_path):
    port = free_port()
    with demo_chain(tmp_path, port) as client:
        with pytest.raises(AnchorProblem) as caught:
            client.owner()
        assert caught.value.code == "anchor.no_contract"
        ensure_contract(client.chain)
        ensure_contract(client.chain)
        made = carry_out(client, client.sign_anchor(ORIGIN, 9, ROOT, account()), account())

    with demo_chain(tmp_path, port) as client:
        ensure_contract(client.chain)
        assert client.head(ORIGIN).size == 9
        assert client.find(ORIGIN, 9).tx == made.tx
        record = {"chain_id": 31337, "contract": client.chain.contract, "origin": ORIGIN}
        record |= {"size": 9, "root": ROOT.hex(), "tx": made.tx}
        assert client.check(record).at == made.at


def test_a_killed_chain_begins_anew_and_is_anchored_to_again(tmp_path):
    port = free_port()
    with demo_chain(tmp_path, port, ended_by=signal.SIGKILL) as client:
        ensure_contract(client.chain)

    with demo_chain(tmp_path, port) as client:
        ensure_contract(client.chain)
        carry_out(client, client.sign_anchor(ORIGIN, 9, ROOT, account()), account())
        assert client.head(ORIGIN).size == 9


def test_no_contract_is_made_on_a_chain_that_is_not_new(node):
    client = Client(Chain(node.url, 31337, confirmations=1))
    carry_out(client, client.sign_deployment(account()), account())
    node.ask("anvil_setCode", demo_chain_environment()["COTUTELLE_ANCHOR_CONTRACT"], "0x")
    before = node.ask("eth_blockNumber")

    with pytest.raises(AnchorProblem) as caught:
        ensure_contract(
            Chain(node.url, 31337, demo_chain_environment()["COTUTELLE_ANCHOR_CONTRACT"])
        )

    assert caught.value.code == "anchor.no_contract"
    assert node.ask("eth_blockNumber") == before


def test_no_other_chain_is_touched():
    with running_node(chain_id=4242) as other:
        ensure_contract(Chain(other.url, 4242, "0x" + "12" * 20))
        assert other.ask("eth_blockNumber") == "0x0"


def test_the_program_is_the_one_that_npm_put_here():
    found = anvil_binary()

    if found is None:
        pytest.skip("npm's anvil is not installed: run scripts/setup.sh test")
    assert os.access(found, os.X_OK)
