"""Partners hear what was entered in their name; links are exported and forgotten."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from cotutelle.core.clock import today
from cotutelle.credentials.models import Share
from cotutelle.credentials.personal_shares import erase_shares, export_shares
from cotutelle.credentials.services.digest import DIGEST, tell_partners
from cotutelle.credentials.services.shares import make_share
from cotutelle.notices.models import Notice
from cotutelle.people.enums import Role
from tests.credentials.test_sharing import settle
from tests.factories.credentials import make_credential, make_scene
from tests.factories.institutions import UnitFactory
from tests.factories.log import make_log
from tests.factories.people import make_person

pytestmark = pytest.mark.django_db


def test_each_institution_hears_of_its_own_entries_only(settings: Any, tmp_path: Path) -> None:
    log = make_log(settings, tmp_path)
    partner = UnitFactory.create(kind="hospital")
    quiet = UnitFactory.create(kind="hospital")
    officer = make_person(Role.PARTNER_OFFICER, unit=partner)
    make_person(Role.PARTNER_OFFICER, unit=quiet)
    make_credential(make_scene(partner))
    settle(log)
    tell_partners(today())
    told = Notice.objects.filter(kind=DIGEST)
    assert {n.person for n in told if n.unit == partner} >= {officer}
    assert not told.filter(unit=quiet).exists()
    assert all(n.params["count"] > 0 for n in told)
    told.delete()
    assert tell_partners(today() - dt.timedelta(days=400)) == 0


def test_links_are_exported_and_forgotten(settings: Any, tmp_path: Path) -> None:
    log = make_log(settings, tmp_path)
    scene = make_scene()
    certificate = make_credential(scene)
    settle(log)
    make_share(certificate, actor=scene.person, title="某医院")
    (row,) = export_shares(scene.person)
    assert row["title"] == "某医院"
    erase_shares(scene.person)
    assert not Share.objects.exists()
