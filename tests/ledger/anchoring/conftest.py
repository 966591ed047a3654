"""A real node for whoever asks: foundry's anvil, one per module, on a free port."""

from __future__ import annotations

import dataclasses
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from cotutelle.ledger.anchoring.chains import Chain, Outcome
from cotutelle.ledger.anchoring.demo import CHAIN_ID, KEY, anvil_binary
from cotutelle.ledger.anchoring.evm import Client
from cotutelle.ledger.anchoring.sending import carry_out
from cotutelle.ledger.anchoring.signing import Account, key_account
from tests.factories.ports import free_port

START_TIMEOUT_S = 60


class Node:
    """A running anvil; ``ask`` speaks JSON-RPC to it without our client."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = httpx.post(self.url, json=body, timeout=30).json()
        if "error" in answer:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]


@contextmanager
def running_node(*options: str, chain_id: int = CHAIN_ID) -> Iterator[Node]:
    binary = anvil_binary()
    if binary is None:
        pytest.skip("npm's @foundry-rs/anvil is not installed: run scripts/setup.sh test")
    port = free_port()
    command = [str(binary), "--quiet", "--port", str(port), "--chain-id", str(chain_id), *options]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            node = Node(port)
            _wait_until_it_answers(node, process)
            yield node
        finally:
            process.terminate()


def _wait_until_it_answers(node: Node, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        assert process.poll() is None, "anvil ended at once"
        try:
            node.ask("eth_chainId")
        except httpx.TransportError:
            assert time.monotonic() < deadline, "anvil does not answer"
        else:
            return


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with running_node() as running:
        yield running


@pytest.fixture(scope="module")
def account() -> Account:
    return key_account(KEY)


@pytest.fixture(scope="module")
def stranger() -> Account:
    """Anvil's second development account."""
    return key_account(
        bytes.fromhex("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
    )


def deployed(node: Node, account: Account, **chain: Any) -> Client:
    """Return a client of a new contract on ``node``."""
    bare = Client(Chain(node.url, CHAIN_ID, confirmations=1))
    made = carry_out(bare, bare.sign_deployment(account), account)
    settings = Chain(node.url, CHAIN_ID, made.contract, **{"confirmations": 1, **chain})
    return Client(settings)


def mined(client: Client, *attempts: Any) -> Outcome:
    """Return what became of ``attempts`` once the node is done with them: it mines by itself."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while (found := client.outcome(*attempts)).state == "waiting":
        assert time.monotonic() < deadline, "the node does not mine"
    return found


@pytest.fixture
def client(node: Node, account: Account) -> Client:
    """A client of a contract of one's own."""
    return deployed(node, account)


@pytest.fixture
def put(client: Client, account: Account) -> Callable[..., Any]:
    """Anchor and wait."""

    def anchor(origin: str, size: int, root: bytes) -> Any:
        return carry_out(client, client.sign_anchor(origin, size, root, account), account)

    return anchor


def changed(client: Client, **chain: Any) -> Client:
    """Return a client of the same contract with other settings."""
    return Client(dataclasses.replace(client.chain, **chain))
