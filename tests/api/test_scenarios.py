"""What programs do in the what-if room: change a copy, compute it, read the figures."""

from __future__ import annotations

import pytest

from cotutelle.jobs.models import Job
from cotutelle.jobs.services import run_now
from cotutelle.people.enums import Role
from cotutelle.selection.models import Satisfaction, Scenario
from tests.api.season import make_season
from tests.factories.people import make_person
from tests.selection.test_outcome_figures import _confirmed

pytestmark = pytest.mark.django_db


@pytest.fixture
def season():
    return make_season()


def test_a_what_if_from_its_beginning_to_its_figures(season, call_as):
    officer = call_as(season.officer)
    made = officer(
        "POST",
        f"/rounds/{season.closed.public_id}/scenarios",
        {"name": "By program", "base": str(season.run.public_id)},
    )
    assert made.status_code == 201
    where = made["Location"].removeprefix("/api/v1")
    student = str(season.placement.participant.public_id)
    changed = officer(
        "POST", f"{where}/edits", {"kind": "leave", "student": student}, if_match=made["ETag"]
    )
    assert changed.json()["edits"] == [{"kind": "leave", "student": student}]
    stale = officer("POST", f"{where}/rules", {"algorithm": "exact"}, if_match=made["ETag"])
    assert stale.status_code == 412
    ruled = officer("POST", f"{where}/rules", {"algorithm": "exact"}, if_match=changed["ETag"])
    assert ruled.json()["rules"] == {"algorithm": "exact"}
    job = officer("POST", f"{where}/computations")
    assert job.status_code == 202
    run_now(Job.objects.get(public_id=job.json()["id"]))
    result = officer("GET", where).json()
    assert result["state"] == "done"
    assert (result["result"]["before"]["size"], result["result"]["now"]["size"]) == (1, 0)
    undone = officer("POST", f"{where}/undo", {"number": 0}, if_match="*").json()
    assert (undone["edits"], undone["result"]) == ([], None)


def test_an_edit_about_nobody_is_refused_and_strangers_find_nothing(season, call_as):
    where = f"/scenarios/{season.scenario.public_id}"
    officer = call_as(season.officer)
    for edit in ({"kind": "leave"}, {"kind": "leave", "student": str(season.scenario.public_id)}):
        refused = officer("POST", f"{where}/edits", edit, if_match="*")
        assert (refused.status_code, refused.json()["code"]) == (409, "scenario.edit")
    stranger = call_as(make_person(Role.GRADUATE_OFFICER))
    assert stranger("GET", where).status_code == 404
    leader = call_as(make_person(Role.LEADER, unit=season.closed.unit))
    assert leader("GET", where).status_code == 200
    assert leader("POST", f"{where}/computations").status_code == 403
    assert Scenario.objects.get().edits == []


def test_figures_and_ones_own_word(call_as):
    round_, people, _mentor = _confirmed()
    said = call_as(people[0])(
        "POST", f"/rounds/{round_.public_id}/satisfaction", {"score": 4, "comment": "好"}
    )
    assert said.json()["score"] == 4
    assert Satisfaction.objects.get().comment == "好"
    leader = call_as(make_person(Role.LEADER, unit=round_.unit))
    figures = leader("GET", f"/rounds/{round_.public_id}/figures").json()
    assert figures["placed"]["n"] == 6
    assert figures["satisfaction"]["student"]["score"] is None
    assert call_as(people[1])("GET", f"/rounds/{round_.public_id}/figures").status_code == 403
