"""Transactions as the chain reads them; eth-account, which we do not use, is the oracle."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotutelle.ledger.anchoring import AnchorProblem
from cotutelle.ledger.anchoring.nodes import load_web3
from cotutelle.ledger.anchoring.signing import (
    ORDER,
    Account,
    Fees,
    Transaction,
    file_account,
    key_account,
    make_key_file,
    signed,
)


def oracle() -> Any:
    """Return eth-account's accounts, loaded as the anchor loads them."""
    load_web3()
    from eth_account import Account as Oracle  # noqa: PLC0415

    return Oracle


def _checked(address: bytes) -> Any:
    from eth_utils import to_checksum_address  # noqa: PLC0415

    return to_checksum_address(address)


keys = st.integers(1, ORDER - 1).map(lambda n: n.to_bytes(32))
transactions = st.builds(
    Transaction,
    chain_id=st.integers(1, 2**31),
    nonce=st.integers(0, 2**40),
    to=st.sampled_from([b"", b"\x11" * 20, bytes(19) + b"\x01"]),
    data=st.binary(max_size=150),
    gas=st.integers(21_000, 10**7),
    fees=st.builds(
        Fees, limit=st.integers(0, 10**12), tip=st.one_of(st.none(), st.integers(0, 10**10))
    ),
)


@given(keys)
def test_an_account_has_the_address_that_others_compute(key):
    assert key_account(key).address == oracle().from_key(key).address


@given(keys, transactions)
def test_others_find_the_signer(key, transaction):
    raw, _tx = signed(transaction, key_account(key))

    assert oracle().recover_transaction(raw) == oracle().from_key(key).address


@given(keys, transactions)
def test_what_is_signed_is_what_was_asked(key, transaction):
    """With the signature that eth-account makes, the bytes are eth-account's own."""
    fields = {
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "to": _checked(transaction.to) if transaction.to else b"",
        "value": 0,
        "data": transaction.data,
        "gas": transaction.gas,
    }
    if transaction.fees.tip is None:
        fields["gasPrice"] = transaction.fees.limit
    else:
        fields["maxFeePerGas"] = transaction.fees.limit
        fields["maxPriorityFeePerGas"] = transaction.fees.tip
    theirs = oracle().from_key(key).sign_transaction(fields)

    def sign(_digest: bytes) -> bytes:
        return theirs.r.to_bytes(32) + theirs.s.to_bytes(32)

    raw, tx = signed(transaction, Account(key_account(key).address, sign))

    assert raw == bytes(theirs.raw_transaction)
    assert tx == "0x" + bytes(theirs.hash).hex()


def test_a_high_s_of_a_hardware_module_is_brought_down(account):
    def high(digest: bytes) -> bytes:
        made = account.sign(digest)
        s = int.from_bytes(made[32:])
        return made[:32] + max(s, ORDER - s).to_bytes(32)

    transaction = Transaction(1, 0, b"\x11" * 20, b"", 21_000, Fees(1))
    raw, _tx = signed(transaction, Account(account.address, high))

    assert oracle().recover_transaction(raw) == account.address
    assert int.from_bytes(raw[-32:]) <= ORDER // 2


@pytest.mark.parametrize("wrong", [bytes(64), b"\xff" * 64, b"", b"\x01" * 64])
def test_what_is_no_signature_by_the_address_is_refused(account, wrong):
    transaction = Transaction(1, 0, b"\x11" * 20, b"", 21_000, Fees(1))

    with pytest.raises(AnchorProblem) as caught:
        signed(transaction, Account(account.address, lambda _digest: wrong))
    assert caught.value.code == "anchor.key_malformed"


def test_a_key_file_is_ours_alone(tmp_path):
    path = tmp_path / "keys" / "anchor.key"

    made = make_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert file_account(path).address == made.address
    with pytest.raises(AnchorProblem) as caught:
        make_key_file(path)
    assert caught.value.code == "anchor.key_exists"
    path.chmod(0o640)
    with pytest.raises(AnchorProblem) as caught:
        file_account(path)
    assert caught.value.code == "anchor.key_open"


@pytest.mark.parametrize("text", ["", "zz", "00" * 32, "ff" * 32, "11" * 31, "11" * 33])
def test_what_is_no_key_is_refused(tmp_path, text):
    path = tmp_path / "anchor.key"
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")

    with pytest.raises(AnchorProblem) as caught:
        file_account(path)
    assert caught.value.code == "anchor.key_malformed"
    if len(text) > 2:
        assert text not in str(caught.value)


def test_a_missing_key_file_is_said(tmp_path):
    with pytest.raises(AnchorProblem) as caught:
        file_account(tmp_path / "none")
    assert caught.value.code == "anchor.key_missing"


def test_loading_the_chains_library_leaves_the_recursion_limit() -> None:
    code = (
        "import sys; before = sys.getrecursionlimit();"
        "from cotutelle.ledger.anchoring.nodes import load_web3; load_web3();"
        "assert 'py_ecc' in sys.modules; assert sys.getrecursionlimit() == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
