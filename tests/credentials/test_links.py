"""What the names in certificates hold fast: the code of an institution, the authority of the log."""

from __future__ import annotations

import pytest

from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.services import change_unit
from cotutelle.ledger.services import open_log
from tests.factories.credentials import make_credential, make_scene
from tests.factories.institutions import UnitFactory, make_consortium

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("field", "value"), [("code", "OTHER"), ("kind", "department")])
def test_an_institution_that_signs_keeps_its_code_and_stays_one(field, value):
    scene = make_scene(UnitFactory.create(kind="university"))
    make_credential(scene)

    with pytest.raises(RuleViolation) as refusal:
        change_unit(scene.unit, **{field: value}, actor=None)

    assert (refusal.value.code, refusal.value.field) == ("unit.code_known", field)
    change_unit(scene.unit, kind="hospital", name_en="New", actor=None)
    silent = change_unit(UnitFactory.create(kind="university"), **{field: value}, actor=None)
    assert getattr(silent, field) == value


def test_the_log_takes_the_name_under_which_certificates_were_issued_before(settings):
    settings.COTUTELLE_AUTHORITY = "issued.example"
    make_consortium()
    make_credential(make_scene())

    with pytest.raises(RuleViolation) as refusal:
        open_log(authority="another.example", actor=None)

    assert (refusal.value.code, refusal.value.field) == ("log.authority", "authority")
    assert "issued.example" in str(refusal.value)
    assert open_log(authority="issued.example", actor=None).authority == "issued.example"
