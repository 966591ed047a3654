"""When status lists are signed anew."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from cotutelle.core.clock import at, now
from cotutelle.credentials.models import StatusList
from cotutelle.credentials.services.issuer_keys import report_compromise
from cotutelle.credentials.services.standing import revoke
from cotutelle.credentials.services.status_lists import publish_lists
from cotutelle.engines.credentials.status import status_of
from tests.factories.credentials import make_credential, make_scene

pytestmark = pytest.mark.django_db


def test_a_change_is_signed_though_the_clock_was_set_back():
    scene = make_scene()
    made = make_credential(scene)
    assert publish_lists() == 2

    with at(now() - dt.timedelta(hours=1)):
        revoke(made, "Forged", actor=scene.officer)
        assert publish_lists() == 1
        assert publish_lists() == 0
        slot = made.slots.get(status_list__purpose="revocation")
        assert status_of(json.loads(slot.status_list.body), slot.index)
        report_compromise(made.key, 0, actor=scene.officer)
        assert publish_lists() == 2, "with the new key"
    assert StatusList.objects.exclude(body="").count() == 2
