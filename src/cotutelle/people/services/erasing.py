"""Taking out everything known about a person, and forgetting it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger.models import Entry
from cotutelle.ledger.services import destroy_payloads, record
from cotutelle.people import erasure
from cotutelle.people.models import Person
from cotutelle.people.services.persons import FIELDS

_MOMENT = (1980, 1, 1, 0, 0, 0)


@transaction.atomic
def export_person(person: Person, *, actor: Person) -> bytes:
    """Return a zip of JSON files with everything the rooms know about ``person``."""
    check(actor, "people.export_person", person)
    files = {"person": _own_data(person), "history": _history(person), **erasure.collect(person)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            text = json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
            archive.writestr(zipfile.ZipInfo(f"{name}.json", _MOMENT), text)
    record("people.person.exported", actor=actor, subject=person)
    return packed.getvalue()


@transaction.atomic
def erase_person(person: Person, *, actor: Person) -> Person:
    """
    Pseudonymise ``person``, end all roles, destroy the values in the history, ask all rooms.

    What happened stays, as what an erased person did. It cannot be undone. Refuses:
    ``person.self``, ``person.erased``.
    """
    check(actor, "people.erase_person", person)
    if person.pk == actor.pk:
        raise RuleViolation("person.self", _("Nobody erases themselves."))
    person = Person.objects.select_for_update(of=("self",)).select_related("unit").get(pk=person.pk)
    if person.erased_at is not None:
        raise RuleViolation("person.erased", _("The data of this person were erased."))
    erasure.erase_everywhere(person)
    _forget_sign_in(person)
    for name in (
        "number",
        "name_zh",
        "name_en",
        "email",
        "phone",
        "gender",
        "identity_number",
        "wecom_id",
    ):
        setattr(person, name, "")
    person.username = f"erased-{person.public_id.hex[:12]}"
    person.is_active = False
    person.is_superuser = False
    person.erased_at = now()
    person.set_unusable_password()
    person.save()
    person.grants.all().delete()
    person.saved_views.all().delete()
    person.api_tokens.all().delete()
    destroy_payloads(person)
    record("people.person.erased", actor=actor, subject=person, unit=person.unit)
    return person


def _forget_sign_in(person: Person) -> None:
    from allauth.account.models import EmailAddress  # noqa: PLC0415
    from allauth.mfa.models import Authenticator  # noqa: PLC0415
    from allauth.socialaccount.models import SocialAccount  # noqa: PLC0415
    from axes.models import AccessAttempt, AccessFailureLog, AccessLog  # noqa: PLC0415

    for model in (EmailAddress, Authenticator, SocialAccount):
        model.objects.filter(user=person).delete()
    names = {person.username, person.username.lower(), person.email, person.email.lower()} - {""}
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(username__in=names).delete()


def _own_data(person: Person) -> dict[str, Any]:
    data = {name: getattr(person, name) for name in FIELDS}
    data["unit"] = person.unit.name_zh if person.unit else ""
    data["roles"] = [
        {"role": g.role, "unit": g.unit.name_zh, "starts_on": g.starts_on, "ends_on": g.ends_on}
        for g in person.grants.select_related("unit").order_by("starts_on", "id")
    ]
    data["saved_views"] = list(person.saved_views.values("page", "name", "query"))
    data["api_tokens"] = list(
        person.api_tokens.values("name", "created_at", "expires_at", "last_used_at", "revoked_at")
    )
    return data


def _history(person: Person) -> list[dict[str, Any]]:
    """What was done to the person; who did it is the other person's matter."""
    entries = Entry.objects.filter(
        subject_type=person._meta.label_lower, subject_id=person.pk
    ).select_related("payload")
    return [
        {
            "at": entry.at,
            "action": entry.action,
            "before": getattr(getattr(entry, "payload", None), "before", None),
            "after": getattr(getattr(entry, "payload", None), "after", None),
        }
        for entry in entries.order_by("id")
    ]
