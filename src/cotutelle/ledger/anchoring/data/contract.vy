# pragma version ==0.4.3
"""
@title Cotutelle anchor
@license Apache-2.0
@notice Keeps, for every log, the size and root of its last anchored tree, and the time at which
        this chain saw them. A size only ever grows; what was anchored once is never replaced.
        No entry, name or pseudonym comes here: two numbers and a hash for a whole log.
"""

struct Head:
    size: uint64
    root: bytes32
    at: uint64

event Anchored:
    origin: indexed(bytes32)
    size: indexed(uint64)
    root: bytes32

event OwnershipOffered:
    owner: indexed(address)
    successor: indexed(address)

event OwnershipTaken:
    former: indexed(address)
    owner: indexed(address)

owner: public(address)
successor: public(address)
heads: HashMap[bytes32, Head]


@deploy
def __init__():
    self.owner = msg.sender


@external
def anchor(origin: bytes32, size: uint64, root: bytes32):
    """
    @notice Record that the log `origin` had `size` entries under `root`.
            Saying the same again changes nothing and logs nothing.
    @param origin SHA-256 of the name of the log.
    """
    assert msg.sender == self.owner, "not the owner"
    assert size > 0, "size is zero"
    assert root != empty(bytes32), "root is zero"
    last: Head = self.heads[origin]
    assert size >= last.size, "size goes back"
    if size == last.size:
        assert root == last.root, "same size, other root"
        return
    self.heads[origin] = Head(size=size, root=root, at=convert(block.timestamp, uint64))
    log Anchored(origin=origin, size=size, root=root)


@view
@external
def head(origin: bytes32) -> (uint64, bytes32, uint64):
    """
    @notice Return size, root and block time of what was anchored last; zeroes when nothing was.
    """
    last: Head = self.heads[origin]
    return last.size, last.root, last.at


@external
def offer_ownership(successor: address):
    """
    @notice Name who may take over; the zero address withdraws the offer. Until it is taken,
            the owner stays: a mistyped address locks nobody out.
    """
    assert msg.sender == self.owner, "not the owner"
    self.successor = successor
    log OwnershipOffered(owner=msg.sender, successor=successor)


@external
def take_ownership():
    """
    @notice Take what was offered.
    """
    assert msg.sender == self.successor, "not the successor"
    former: address = self.owner
    self.owner = msg.sender
    self.successor = empty(address)
    log OwnershipTaken(former=former, owner=msg.sender)
