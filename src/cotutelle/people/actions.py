"""How people read what happened to people."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.ledger.actions import register, register_fields
from cotutelle.people.enums import Role

register(
    {
        "people.person.created": _("Person created"),
        "people.person.changed": _("Record changed"),
        "people.person.deactivated": _("Sign-in closed"),
        "people.person.reactivated": _("Sign-in opened again"),
        "people.person.exported": _("Data exported"),
        "people.person.erased": _("Data erased"),
        "people.role.granted": _("Role given"),
        "people.role.ended": _("Role ended"),
        "people.token.created": _("API token created"),
        "people.token.revoked": _("API token revoked"),
        "people.password.changed": _("Password changed"),
        "people.second_factor.added": _("Second factor set up"),
        "people.second_factor.removed": _("Second factor removed"),
    }
)
register_fields(
    "people.person",
    {
        "unit": _("Unit"),
        "username": _("Sign-in name"),
        "number": _("Staff or student number"),
        "name_zh": pgettext_lazy("person", "Chinese name"),
        "name_en": pgettext_lazy("person", "English name"),
        "email": _("E-mail"),
        "phone": _("Telephone"),
        "gender": _("Gender"),
        "identity_number": _("Identity number"),
        "wecom_id": _("WeCom account"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "is_active": _("May sign in"),
        "role": _("Role"),
        "starts_on": _("From"),
        "ends_on": _("To"),
        "token": _("API token"),
        "expires_at": _("Valid until"),
    },
    values={
        "role": dict(Role.choices),
        "gender": {"female": _("Female"), "male": _("Male")},
        "language": {"zh-hans": _("Chinese"), "en": _("English")},
    },
)
