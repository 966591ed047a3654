"""Wards through the API: planners, keepers, strangers, and stale copies."""

from __future__ import annotations

from typing import Any

import pytest

from cotutelle.people.enums import Role
from cotutelle.rotations.models import Ward
from tests.factories.people import make_person
from tests.factories.rotations_setup import DepartmentFactory, HospitalFactory, make_ward

pytestmark = pytest.mark.django_db


def test_a_ward_is_added_changed_closed_and_opened(call_as: Any) -> None:
    hospital = HospitalFactory.create()
    call = call_as(make_person(Role.RESIDENCY_OFFICE, unit=hospital))
    body = {"unit": str(hospital.public_id), "code": "CARD", "name_zh": "心内科", "upper": 6}
    made = call("POST", "/wards", body)
    assert made.status_code == 201, made.data
    path = made["Location"].removeprefix("/api/v1")
    changed = {"code": "CARD", "name_zh": "心内科", "upper": 8, "lower": 1}
    assert call("PUT", path, changed, **{"If-Match": '"old"'}).status_code == 412
    assert call("PUT", path, changed, **{"If-Match": call.etag(path)}).data["upper"] == 8
    worse = changed | {"upper": 0}
    refused = call("PUT", path, worse, **{"If-Match": "*"})
    assert (refused.status_code, refused.data["type"].rsplit(":", 1)[-1]) == (409, "ward.range")
    closed = call("POST", f"{path}/close", {"reason": "装修"}, **{"If-Match": "*"})
    assert closed.data["state"] == "closed"
    assert call("POST", f"{path}/open", **{"If-Match": "*"}).data["state"] == "open"
    assert Ward.objects.get().upper == 8


def test_places_and_other_trainees_are_read_and_written(call_as: Any) -> None:
    ward = make_ward(DepartmentFactory.create(code="CARD"), upper=6)
    call = call_as(make_person(Role.BASE_SECRETARY, unit=ward.unit))
    path = f"/wards/{ward.public_id}"
    assert call("GET", path).data["departments"] == ["CARD"]
    months = {"months": [{"month": "2026-12-01", "upper": 3, "note": "装修"}]}
    first = call("POST", f"{path}/months", months).data["months"][0]
    assert (first["upper"], first["is_special"], first["note"]) == (3, True, "装修")
    lines = {"lines": [{"month": "2026-12-15", "kind": "social", "people": 2}]}
    assert call("POST", f"{path}/occupancy", lines).status_code == 200
    read = call("GET", f"{path}/months?month=2026-12-01").data["months"]
    assert (len(read), read[0]["others"], read[1]["upper"]) == (12, {"social": 2}, 6)


def test_strangers_find_nothing_and_readers_change_nothing(call_as: Any) -> None:
    ward = make_ward()
    path = f"/wards/{ward.public_id}"
    assert call_as(make_person(Role.BASE_SECRETARY))("GET", path).status_code == 404
    assert call_as(make_person(Role.STUDENT, unit=ward.unit))("GET", path).status_code == 403
    planner = call_as(make_person(Role.RESIDENCY_OFFICE))
    assert planner("GET", path).status_code == 200
    assert planner("GET", "/wards?q=病区").data["items"][0]["id"] == str(ward.public_id)
    months = {"months": [{"month": "2026-12-01", "upper": 3}]}
    assert planner("POST", f"{path}/months", months).status_code == 403
