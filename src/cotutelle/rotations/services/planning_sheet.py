"""What binds participants, taken over as a whole from a row of a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.rotations.enums import WishKind
from cotutelle.rotations.models import Participant
from cotutelle.rotations.queries.planning_sheet import (
    HeldStay,
    forbids,
    months_of,
    protects,
)
from cotutelle.rotations.services.planning_wishes import (
    PinData,
    WishData,
    add_wish,
    remove_pin,
    remove_wish,
    set_pin,
)

SOURCE = "import"


@transaction.atomic
def replace_forbidden(place: Participant, hospitals: Iterable[Unit], *, actor: Person) -> None:
    """Keep somebody out of these hospitals and of no other. Refuses: ``cycle.state``."""
    asked = {hospital.pk: hospital for hospital in hospitals}
    known = forbids(place)
    for wish in known:
        if wish.hospital_id not in asked:
            remove_wish(wish, actor=actor)
    for key in asked.keys() - {wish.hospital_id for wish in known}:
        data = WishData(kind=WishKind.FORBID_HOSPITAL, hospital=asked[key], source=SOURCE)
        add_wish(place, data, actor=actor)


@transaction.atomic
def replace_research(
    place: Participant, spans: Iterable[tuple[int, int]], *, actor: Person
) -> None:
    """Protect these months for research and no other. Refuses: ``cycle.state``."""
    asked, known = set(spans), protects(place)
    for wish in known:
        if months_of(wish) not in asked:
            remove_wish(wish, actor=actor)
    for first, last in sorted(asked - {months_of(wish) for wish in known}):
        data = WishData(kind=WishKind.RESEARCH, first=first, last=last, source=SOURCE)
        add_wish(place, data, actor=actor)


@transaction.atomic
def replace_pins(place: Participant, stays: Iterable[HeldStay], *, actor: Person) -> None:
    """Hold these stays and no other. Refuses: ``cycle.state``, ``pin.block``."""
    asked = {stay.place: stay for stay in stays}
    parts = {key[:2] for key in asked}
    known = list(place.pins.select_related("block", "ward"))
    for pin in known:
        if (pin.block_id, pin.part) not in parts:
            remove_pin(pin, actor=actor)
    there = {(pin.block_id, pin.part, pin.ward_id, pin.start) for pin in known}
    for key in sorted(asked.keys() - there):
        stay = asked[key]
        data = PinData(stay.part.block, stay.part.number, stay.ward, stay.start)
        set_pin(place, data, actor=actor)
