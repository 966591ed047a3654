"""The log on the home pages: what is wrong comes first to its keeper, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.institutions.models import Unit
from cotutelle.ledger.models import Anchor, Shard, Witness
from cotutelle.people.enums import Role
from cotutelle.web.navigation import ALSO, PLACES, also_of, places_of
from tests.factories.log import make_log
from tests.factories.people import make_person
from tests.ledger.readers import reading


@pytest.mark.django_db
def test_the_keeper_sees_a_block_a_silent_witness_and_a_failed_anchor(
    settings: Any, tmp_path: Any
) -> None:
    log = make_log(settings, tmp_path)
    head = log.publish()
    root = Unit.objects.get(parent=None)
    keeper = reading(make_person(Role.SYSTEM_ADMINISTRATOR, unit=root))
    others = [
        reading(make_person(role, unit=root)) for role in (Role.INSPECTOR, Role.GRADUATE_OFFICER)
    ]
    said = (
        "The log is blocked: nothing is signed",
        "1 witness of the log has a problem",
        "An anchor of the log failed",
    )
    assert not any(line in keeper.get("/").text for line in said)
    Shard.objects.update(blocked="log.forked")
    Witness.objects.filter(name="witness.example/w1").update(problem="witness.unreachable")
    Anchor.objects.create(
        shard=log.shard, kind="evm", size=head.size, root=bytes(32), state="failed",
        problem="anchor.no_funds", sent_at=head.made_at,
    )  # fmt: skip
    text = keeper.get("/").text
    assert [line for line in said if line not in text] == []
    assert text.index(said[0]) < text.index(said[1])
    for other in others:
        assert not any(line in other.get("/").text for line in said)


@pytest.mark.parametrize("role", PLACES)
def test_what_the_bar_has_no_room_for_stands_on_the_home_page(role: Role) -> None:
    bar = [place.url_name for place in places_of([role])]
    assert len(bar) <= 7
    assert set(bar).isdisjoint(place.url_name for place in also_of([role]))
    assert also_of([role]) == ALSO.get(role, ())


def test_who_has_several_roles_finds_the_places_of_all() -> None:
    both = [Role.MENTOR, Role.GRADUATE_OFFICER]
    shown = {place.url_name for place in (*places_of(both), *also_of(both))}
    assert {"exchange:home", "selection:my-offers", "log:status"} <= shown
