"""How wards, blocks and trainees are called inside a planning problem, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cotutelle.engines.rotation import Stay as PlannedStay
from cotutelle.rotations.models import CurriculumBlock, Participant, Stay, Ward


@dataclass(frozen=True, slots=True)
class Part:
    """A contiguous part of a block; ``key`` names it within a trainee."""

    key: str
    block: CurriculumBlock
    number: int
    months: int


def ward_key(ward: Ward) -> str:
    """Return ``hospital/ward``, unique and readable."""
    return f"{ward.hospital.code}/{ward.code}"


def trainee_key(participant: Participant) -> str:
    """Return the id under which a participant is planned: it names nobody."""
    return str(participant.public_id)


def parts_of(block: CurriculumBlock) -> list[Part]:
    """
    Return the stays that do a block.

    A divisible block is cut into parts of ``part_months`` (the last may be shorter); a block of
    an elective group is done as a whole or not at all, so it is never cut.
    """
    if not block.part_months or block.group_id or block.part_months >= block.months:
        return [Part(block.code, block, 0, block.months)]
    sizes = [block.part_months] * (block.months // block.part_months)
    if rest := block.months % block.part_months:
        sizes.append(rest)
    return [Part(f"{block.code}#{n + 1}", block, n, size) for n, size in enumerate(sizes)]


def parts_by_key(blocks: Iterable[CurriculumBlock]) -> dict[str, Part]:
    """Return every part of a curriculum's blocks by its key."""
    return {part.key: part for block in blocks for part in parts_of(block)}


def key_of(block: CurriculumBlock, number: int) -> str:
    """Return the key of a part of ``block``."""
    parts = parts_of(block)
    return parts[min(number, len(parts) - 1)].key


def planned(stay: Stay, start: int) -> PlannedStay:
    """Return a stay of the plan in force as the engine knows it; it names a block."""
    assert stay.block is not None  # noqa: S101  cut-off stays are left out by their queries
    return PlannedStay(key_of(stay.block, stay.part), ward_key(stay.ward), start)
