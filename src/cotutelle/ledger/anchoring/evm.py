"""
The client of the contract, on any EVM chain that speaks JSON-RPC.

A transaction is signed first (`Client.sign_anchor`), kept by the caller, then sent
(`Client.send`) and followed (`Client.outcome`): whoever dies in between sends the same bytes
again, and the chain takes them once.

Sources: Ethereum JSON-RPC specification (execution-apis); EIP-155, EIP-1559; EIP-2 for low s.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from cotutelle.ledger.anchoring.artifact import artifact
from cotutelle.ledger.anchoring.chains import Chain, Cost, Head, Lag, Outcome, Signed
from cotutelle.ledger.anchoring.nodes import asking, connect, is_known_already, revert_reason
from cotutelle.ledger.anchoring.problems import AnchorProblem
from cotutelle.ledger.anchoring.signing import Account, Fees, Transaction, signed

if TYPE_CHECKING:
    from web3 import Web3
    from web3.contract import Contract

ROOT_BYTES = 32
GAS_MARGIN = (6, 5)
"""More gas than estimated, as a fraction: between estimate and block the state may change."""
BUMP = (5, 4)
"""A replacement must pay 10 % more (geth) or 12.5 % (others) to be taken; this is 25 %."""


def origin_key(origin: str) -> bytes:
    """Return the contract's key of the log ``origin``: SHA-256 of its name."""
    return hashlib.sha256(origin.encode()).digest()


class Client:
    """One contract on one chain, through one node."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain

    # -- reading

    def head(self, origin: str) -> Head | None:
        """
        Return what is anchored of the log ``origin``, None when nothing is.

        Raises
        ------
        AnchorProblem
            ``anchor.unreachable``, ``anchor.node_error``, ``anchor.wrong_chain``,
            ``anchor.no_contract``, ``anchor.other_contract``, ``anchor.not_installed``.
        """
        contract = self._contract
        with self._asking():
            size, root, at = contract.functions.head(origin_key(origin)).call()
        return Head(size, bytes(root), _moment(at)) if size else None

    def lag(self, origin: str, size: int, *, now: dt.datetime) -> Lag:
        """Return how far the anchor of ``origin`` is behind a log of ``size`` entries at ``now``."""
        head = self.head(origin)
        if head is None:
            return Lag(size, None)
        return Lag(max(0, size - head.size), max(0, int((now - head.at).total_seconds())))

    def owner(self) -> str:
        """Return the address that may anchor."""
        contract = self._contract
        with self._asking():
            return str(contract.functions.owner().call())

    def find(self, origin: str, size: int) -> Outcome | None:
        """Return the transaction that anchored ``origin`` at ``size``, None when there is none."""
        contract = self._contract
        with self._asking():
            found = contract.events.Anchored.get_logs(
                from_block=0, argument_filters={"origin": origin_key(origin), "size": size}
            )
        return self.outcome(_hex(found[-1]["transactionHash"])) if found else None

    def check(self, record: dict[str, Any]) -> Outcome:
        """
        Check with the node what a share bundle says about an anchor (type ``evm``).

        Parameters
        ----------
        record
            ``chain_id``, ``contract``, ``origin``, ``size``, ``root`` (64 hex digits), ``tx``.

        Raises
        ------
        AnchorProblem
            ``anchor.wrong_chain``, ``anchor.other_contract``: not the contract trusted here;
            ``anchor.absent``: no such transaction; ``anchor.differs``: it says something else.
        """
        if record["chain_id"] != self.chain.chain_id:
            raise AnchorProblem("anchor.wrong_chain", "The record is about another chain.")
        if str(record["contract"]).lower() != self.chain.contract.lower():
            raise AnchorProblem("anchor.other_contract", "The record is about another contract.")
        outcome = self.outcome(record["tx"])
        if outcome.state not in {"mined", "confirmed"}:
            raise AnchorProblem("anchor.absent", "The chain has no such transaction.")
        stated = (origin_key(record["origin"]), record["size"], bytes.fromhex(record["root"]))
        if stated not in self._anchored_in(record["tx"]):
            raise AnchorProblem("anchor.differs", "The transaction anchored something else.")
        return outcome

    def cost(self, origin: str, size: int, root: bytes, *, sender: str) -> Cost:
        """Return what anchoring would take; refusals of the contract are raised as they come."""
        gas = self._gas(sender, self.chain.contract, self._anchor_call(origin, size, root))
        return Cost(gas, gas * self._fees().limit)

    # -- writing

    def sign_deployment(self, account: Account) -> Signed:
        """Sign the making of the contract; its address is in the `Outcome`."""
        return self._sign(account, "", artifact().bytecode)

    def sign_anchor(self, origin: str, size: int, root: bytes, account: Account) -> Signed:
        """
        Sign the anchoring of ``root`` of the first ``size`` entries of ``origin``.

        Raises
        ------
        AnchorProblem
            ``anchor.refused`` with the contract's reason ("size goes back" …), ``anchor.too_dear``.
        ValueError
            ``root`` is not 32 bytes.
        """
        return self._sign(account, self.chain.contract, self._anchor_call(origin, size, root))

    def sign_offer(self, successor: str, account: Account) -> Signed:
        """Sign the offer of the contract to ``successor``; the zero address withdraws it."""
        call = self._contract.encode_abi("offer_ownership", args=[successor])
        return self._sign(account, self.chain.contract, call)

    def sign_taking(self, account: Account) -> Signed:
        """Sign that ``account`` takes the contract offered to it."""
        return self._sign(account, self.chain.contract, self._contract.encode_abi("take_ownership"))

    def sign_again(self, last: Signed, account: Account) -> Signed:
        """
        Sign ``last`` once more for a higher fee: same nonce, so at most one of both is mined.

        Raises
        ------
        AnchorProblem
            ``anchor.too_dear``: the higher fee is above ``max_fee_wei``.
        """
        usual = self._fees()
        limit = max(usual.limit, last.limit * BUMP[0] // BUMP[1], last.limit + 1)
        tip = None
        if last.tip is not None:
            tip = max(usual.tip or 0, last.tip * BUMP[0] // BUMP[1], last.tip + 1)
        return self._signed(
            account, last.to, last.data, last.nonce, last.gas, fees=Fees(limit, tip)
        )

    def send(self, transaction: Signed) -> None:
        """
        Give ``transaction`` to the node; one that it has already is no error.

        Raises
        ------
        AnchorProblem
            ``anchor.unreachable``, ``anchor.underpriced``, ``anchor.nonce_used``,
            ``anchor.no_funds``, ``anchor.node_error``.
        """
        try:
            with self._asking():
                self._web3.eth.send_raw_transaction(bytes.fromhex(transaction.raw[2:]))
        except AnchorProblem as problem:
            if not is_known_already(problem):
                raise

    def outcome(self, *attempts: Signed | str) -> Outcome:
        """
        Return what became of a transaction; with several, of whichever was mined.

        Parameters
        ----------
        attempts
            What was signed under one nonce, oldest first; or the hash of one transaction.
        """
        hashes = [a if isinstance(a, str) else a.tx for a in attempts]
        last = attempts[-1]
        with self._asking():
            # Asked before the receipts: a nonce used by then has its receipt by now.
            used = 0
            if isinstance(last, Signed):
                used = self._web3.eth.get_transaction_count(
                    self._web3.to_checksum_address(last.sender)
                )
            for tx in hashes:
                if (mined := self._mined(tx)) is not None:
                    return mined
            if any(self._is_known(tx) for tx in hashes):
                return Outcome("waiting", tx=hashes[-1])
        if isinstance(last, Signed) and used > last.nonce:
            return Outcome("replaced", tx=hashes[-1])
        return Outcome("dropped", tx=hashes[-1])

    # -- inside

    def _asking(self) -> Any:
        return asking(self.chain.url)

    @cached_property
    def _web3(self) -> Web3:
        """The connection, once the node has said that it is on our chain."""
        web3 = connect(self.chain.url, timeout_s=self.chain.timeout_s)
        with self._asking():
            found = web3.eth.chain_id
        if found != self.chain.chain_id:
            raise AnchorProblem(
                "anchor.wrong_chain",
                f"The node at {self.chain.url} is on chain {found}, not {self.chain.chain_id}.",
            )
        return web3

    @cached_property
    def _contract(self) -> Contract:
        """The contract, once the chain has shown that it runs our code."""
        web3 = self._web3
        if not web3.is_address(self.chain.contract):
            raise AnchorProblem("anchor.no_contract", "No address of a contract is set.")
        address = web3.to_checksum_address(self.chain.contract)
        with self._asking():
            code = web3.eth.get_code(address)
        if not code:
            raise AnchorProblem("anchor.no_contract", f"There is no contract at {address}.")
        if _hex(code) != artifact().runtime:
            raise AnchorProblem("anchor.other_contract", f"{address} runs other code than ours.")
        return web3.eth.contract(address=address, abi=list(artifact().abi))

    def _anchor_call(self, origin: str, size: int, root: bytes) -> str:
        if len(root) != ROOT_BYTES:
            raise ValueError("root: must be 32 bytes")
        return str(self._contract.encode_abi("anchor", args=[origin_key(origin), size, root]))

    def _sign(self, account: Account, to: str, data: str) -> Signed:
        gas = self._gas(account.address, to, data)
        with self._asking():
            nonce = self._web3.eth.get_transaction_count(
                self._web3.to_checksum_address(account.address), "pending"
            )
        gas = gas * GAS_MARGIN[0] // GAS_MARGIN[1]
        return self._signed(account, to, data, nonce, gas, fees=self._fees())

    def _signed(
        self, account: Account, to: str, data: str, nonce: int, gas: int, *, fees: Fees
    ) -> Signed:
        if self.chain.max_fee_wei is not None and fees.limit > self.chain.max_fee_wei:
            raise AnchorProblem(
                "anchor.too_dear", f"Gas costs {fees.limit} wei, above the limit.", retry=True
            )
        target, call = bytes.fromhex(to[2:]), bytes.fromhex(data[2:])
        transaction = Transaction(self.chain.chain_id, nonce, target, call, gas, fees)
        raw, tx = signed(transaction, account)
        return Signed(tx, _hex(raw), account.address, to, data, nonce, gas, fees.limit, fees.tip)

    def _gas(self, sender: str, to: str, data: str) -> int:
        """Return the gas a call takes; what the contract would refuse is refused here."""
        call: Any = {"from": sender, "data": data} | ({"to": to} if to else {})
        with self._asking():
            return self._web3.eth.estimate_gas(call)

    def _fees(self) -> Fees:
        with self._asking():
            base = self._web3.eth.get_block("latest").get("baseFeePerGas")
            if base is None or self.chain.fees == "legacy":
                return Fees(int(self._web3.eth.gas_price))
            tip = int(self._web3.eth.max_priority_fee)
            # The base fee grows by an eighth a block at most: six full blocks double it.
            return Fees(2 * int(base) + tip, tip)

    def _mined(self, tx: str) -> Outcome | None:
        from web3.exceptions import TransactionNotFound  # noqa: PLC0415

        web3 = self._web3
        try:
            receipt = web3.eth.get_transaction_receipt(_hash(tx))
        except TransactionNotFound:
            return None
        block = receipt["blockNumber"]
        confirmations = web3.eth.block_number - block + 1
        lasting = confirmations >= self.chain.confirmations
        failed = receipt["status"] == 0
        return Outcome(
            "failed" if failed and lasting else "confirmed" if lasting else "mined",
            tx=tx,
            block=block,
            at=_moment(web3.eth.get_block(block)["timestamp"]),
            confirmations=confirmations,
            gas_used=receipt["gasUsed"],
            contract=str(receipt.get("contractAddress") or ""),
            reason=self._reason(tx, receipt["gasUsed"], block) if failed else "",
        )

    def _reason(self, tx: str, gas_used: int, block: int) -> str:
        """Return why a mined transaction was refused, by calling it again on the state it left."""
        from web3.exceptions import ContractLogicError  # noqa: PLC0415

        told = self._web3.eth.get_transaction(_hash(tx))
        if gas_used >= told["gas"]:
            return "out of gas"
        call: Any = {"from": told["from"], "to": told.get("to"), "data": told["input"]}
        try:
            self._web3.eth.call(call, block)
        except ContractLogicError as error:
            return revert_reason(error.message)
        return ""

    def _is_known(self, tx: str) -> bool:
        from web3.exceptions import TransactionNotFound  # noqa: PLC0415

        try:
            self._web3.eth.get_transaction(_hash(tx))
        except TransactionNotFound:
            return False
        return True

    def _anchored_in(self, tx: str) -> list[tuple[bytes, int, bytes]]:
        """Return (origin key, size, root) of every event of our contract in ``tx``."""
        from web3.logs import DISCARD  # noqa: PLC0415

        contract = self._contract
        with self._asking():
            receipt = self._web3.eth.get_transaction_receipt(_hash(tx))
        events = contract.events.Anchored().process_receipt(receipt, errors=DISCARD)
        return [
            (bytes(e["args"]["origin"]), e["args"]["size"], bytes(e["args"]["root"]))
            for e in events
            if e["address"] == contract.address
        ]


def _moment(timestamp: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(timestamp, tz=dt.UTC)


def _hash(tx: str) -> Any:
    from hexbytes import HexBytes  # noqa: PLC0415 - comes with web3

    return HexBytes(tx)


def _hex(data: bytes) -> str:
    return "0x" + bytes(data).hex()
