"""
Status lists: bits drawn at random, changed, signed, logged, and passed on to the witnesses.

Where a list has changed, `publish_lists` signs a new one; its digest goes into the log, and once
the log has published it every witness is given a copy, so that nobody depends on this server.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from django.db import IntegrityError, transaction

from cotutelle.core.canonical import sha256_hex
from cotutelle.core.clock import now
from cotutelle.credentials.enums import StatusPurpose
from cotutelle.credentials.models import Credential, IssuerKey, StatusList, StatusSlot
from cotutelle.credentials.queries.credentials import active_key, lists_to_publish
from cotutelle.credentials.services.common import base_url, publish_soon
from cotutelle.credentials.services.issuer_keys import hold_keys, sign_document
from cotutelle.engines.credentials.achievements import issuer_profile
from cotutelle.engines.credentials.status import (
    LIST_BITS,
    new_list,
    set_bit,
    status_entry,
    status_list,
)
from cotutelle.engines.credentials.times import write_time
from cotutelle.engines.translog import canonical_json
from cotutelle.institutions.models import Unit
from cotutelle.ledger.enums import LogKind
from cotutelle.ledger.queries.log import issuer_of
from cotutelle.ledger.services import SYSTEM, record

HALF_FULL = LIST_BITS // 2
REFRESH = dt.timedelta(days=1)


def list_url(status_list: StatusList) -> str:
    """Return the name of a list, as certificates state it."""
    code = quote(status_list.unit.code, safe="")
    return f"{base_url()}/status/{code}/{status_list.purpose}/{status_list.number}"


def profile_of(unit: Unit) -> dict[str, Any]:
    """Return an institution as the issuer of a certificate."""
    return {"id": issuer_of(unit), "name": {"en": unit.name_en or unit.name_zh, "zh": unit.name_zh}}


def draw_slots(unit: Unit) -> list[StatusSlot]:
    """
    Draw one free bit in each of the two lists of ``unit``, by chance; nothing is saved.

    The lists stay locked until the end of the transaction. A list that is half full gets a
    successor, so that a free bit is found soon and a bit tells nothing about its neighbours.
    """
    return [_draw(unit, purpose) for purpose in StatusPurpose]


def entry_of(slot: StatusSlot) -> dict[str, Any]:
    """Return what a certificate says about one of its bits."""
    found = slot.status_list
    return status_entry(list_url(found), slot.index, found.purpose)


def save_slots(slots: Iterable[StatusSlot], credential: Credential) -> None:
    """Keep the bits of a certificate and count them in their lists."""
    for slot in slots:
        slot.credential = credential
        slot.save()
        slot.status_list.used += 1
        slot.status_list.save(update_fields=["used"])


def _draw(unit: Unit, purpose: StatusPurpose) -> StatusSlot:
    found = _open_list(unit, purpose)
    while True:
        index = secrets.randbelow(LIST_BITS)
        if not StatusSlot.objects.filter(status_list=found, index=index).exists():
            return StatusSlot(status_list=found, index=index)


def _open_list(unit: Unit, purpose: StatusPurpose) -> StatusList:
    """Return the list that takes new certificates, locked; the first and the next are made here."""
    rows = StatusList.objects.select_for_update(of=("self",)).select_related("unit")
    last = rows.filter(unit=unit, purpose=purpose).order_by("-number").first()
    if last is not None and last.used < HALF_FULL:
        return last
    number = last.number + 1 if last else 1
    try:
        with transaction.atomic():
            StatusList.objects.create(
                unit=unit,
                purpose=purpose,
                number=number,
                bits=bytes(new_list()),
                changed_at=now(),
            )
    except IntegrityError:
        pass  # made by somebody else in this moment
    else:
        publish_soon()
    return rows.get(unit=unit, purpose=purpose, number=number)


def set_status(credential: Credential, purpose: StatusPurpose, value: bool) -> None:
    """Change the bit of a certificate; the list is signed anew right after the commit."""
    slots = StatusSlot.objects.filter(credential=credential, status_list__purpose=purpose)
    for slot in slots:
        found = StatusList.objects.select_for_update().get(pk=slot.status_list_id)
        bits = bytearray(found.bits)
        set_bit(bits, slot.index, value)
        # Not before it was signed, wherever the clock stands: it would not be signed anew.
        found.bits, found.changed_at = bytes(bits), max(now(), found.made_at or now())
        found.save(update_fields=["bits", "changed_at"])
    publish_soon()


# ---------------------------------------------------------------- publishing


def publish_lists() -> int:
    """
    Sign every list that has changed and state its digest in the log; return how many.

    A list whose institution has no key in use waits.
    """
    return sum(_publish(one.pk) for one in lists_to_publish().order_by("pk"))


def refresh_lists() -> int:
    """Let lists that were signed more than a day ago be signed anew: "valid as of" stays young."""
    at = now()
    old = StatusList.objects.filter(made_at__lt=at - REFRESH)
    marked = old.update(changed_at=at)
    publish_lists()
    return marked


@transaction.atomic
def _publish(pk: int) -> bool:
    hold_keys(Unit.objects.get(status_lists=pk))
    rows = StatusList.objects.select_for_update(of=("self",)).select_related("unit")
    found = rows.get(pk=pk)
    if found.made_at is not None and found.changed_at < found.made_at:
        return False
    key = active_key(found.unit)
    if key is None:
        return False
    at = max(now(), found.changed_at + dt.timedelta(microseconds=1))
    body = canonical_json(_signed(found, key, write_time(at)))
    digest = sha256_hex(body)
    found.entry = record(
        "credentials.status_list.published",
        actor=SYSTEM,
        subject=found,
        after={"purpose": found.purpose, "number": found.number, "digest": digest},
        decision=True,
        kind=LogKind.STATUS,
        statement={
            "event": "list",
            "id": list_url(found),
            "purpose": found.purpose,
            "digest": digest,
            "at": write_time(at),
        },
    )
    found.body, found.digest, found.made_at = body.decode(), digest, at
    found.save(update_fields=["entry", "body", "digest", "made_at"])
    return True


def _signed(found: StatusList, key: IssuerKey, at: str) -> dict[str, Any]:
    """Return the list as a signed credential, its signature checked before anybody sees it."""
    unsecured = status_list(
        list_id=list_url(found),
        issuer=issuer_profile(profile_of(found.unit)),
        purpose=found.purpose,
        bits=bytes(found.bits),
        valid_from=at,
    )
    return sign_document(unsecured, key)
