"""The names behind the ids of a planning problem."""

from __future__ import annotations

from cotutelle.institutions.models import Unit
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.models import Curriculum, CurriculumBlock, Cycle, Participant, Ward
from cotutelle.rotations.queries.planning_keys import Part, parts_by_key, trainee_key, ward_key
from cotutelle.rotations.queries.planning_months import period_text, span_text

# Families as the style sheet of the board calls them.
COLOURS = {
    DepartmentFamily.MEDICINE: "int",
    DepartmentFamily.SURGERY: "sur",
    DepartmentFamily.ACUTE: "acu",
    DepartmentFamily.TECHNOLOGY: "tec",
    DepartmentFamily.PAEDIATRICS: "ped",
    DepartmentFamily.RESEARCH: "res",
    DepartmentFamily.OTHER: "oth",
}


class Names:
    """Who and what the ids of one cycle's problems stand for, in the reader's language."""

    def __init__(self, cycle: Cycle) -> None:
        self.cycle = cycle
        rows = cycle.participants.select_related("student__person", "student__unit", "curriculum")
        self.people: dict[str, Participant] = {trainee_key(row): row for row in rows}
        self.wards: dict[str, Ward] = {
            ward_key(w): w for w in Ward.objects.select_related("hospital", "unit")
        }
        self.hospitals: dict[str, Unit] = {w.hospital.code: w.hospital for w in self.wards.values()}
        blocks: dict[int, list[CurriculumBlock]] = {}
        curricula = Curriculum.objects.filter(participants__cycle=cycle).values("pk")
        for block in CurriculumBlock.objects.filter(curriculum__in=curricula).select_related(
            "department", "group"
        ):
            blocks.setdefault(block.curriculum_id, []).append(block)
        self._parts = {pk: parts_by_key(own) for pk, own in blocks.items()}

    def person(self, id_: str) -> str:
        """Return a trainee's name; somebody no longer planned has none."""
        row = self.people.get(id_)
        return row.student.display_name if row else "–"

    def parts(self, participant: Participant) -> dict[str, Part]:
        """Return the parts of a trainee's curriculum by key."""
        return self._parts.get(participant.curriculum_id, {})

    def part(self, trainee: str, key: str) -> Part | None:
        """Return the part of a block behind its key."""
        row = self.people.get(trainee)
        return self.parts(row).get(key) if row else None

    def block(self, trainee: str, key: str) -> str:
        """Return the department of a block, with the number of its part."""
        part = self.part(trainee, key)
        if part is None:
            return key
        name = part.block.department.display_name
        return f"{name} {part.number + 1}" if part.key != part.block.code else name

    def block_anywhere(self, key: str) -> str:
        """Return the department of a block of any curriculum of the cycle."""
        for parts in self._parts.values():
            if key in parts:
                return parts[key].block.department.display_name
        return key

    def colour(self, trainee: str, key: str) -> str:
        """Return the colour of a block's family on the board."""
        part = self.part(trainee, key)
        family = part.block.department.family if part else DepartmentFamily.OTHER
        return COLOURS[DepartmentFamily(family)]

    def ward(self, key: str) -> str:
        """Return a ward with its hospital."""
        ward = self.wards.get(key)
        return f"{ward.hospital.short_name} {ward.display_name}" if ward else key

    def ward_short(self, key: str) -> str:
        """Return a ward without its hospital."""
        ward = self.wards.get(key)
        return ward.display_name if ward else key

    def place(self, key: str) -> str:
        """Return a ward or a hospital by its id."""
        if key in self.hospitals:
            return self.hospitals[key].display_name
        return self.ward(key)

    def month(self, period: int) -> str:
        """Return a month in words."""
        return period_text(self.cycle, period)

    def months(self, first: int, last: int) -> str:
        """Return months from first to last in words."""
        return span_text(self.cycle, first, last)
