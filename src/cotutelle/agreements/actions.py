"""How the history of an agreement is read, and who reads it and its paper."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.agreements.enums import AgreementState
from cotutelle.agreements.models import Agreement
from cotutelle.core.access import why_not
from cotutelle.files import access as files
from cotutelle.files.models import StoredFile
from cotutelle.ledger import access
from cotutelle.ledger.actions import register, register_fields

DOCUMENT = "agreements.document"

register(
    {
        "agreements.agreement.created": _("Agreement drafted"),
        "agreements.agreement.edited": _("Agreement changed"),
        "agreements.agreement.in_force": _("Agreement put in force"),
        "agreements.agreement.ended": _("Agreement ended"),
        "agreements.agreement.document_set": _("Signed agreement filed"),
        "agreements.mentors.added": _("Mentors added to the agreement"),
        "agreements.mentors.removed": _("Mentors taken out of the agreement"),
    }
)
register_fields(
    "agreements.agreement",
    {
        "number": _("Number"),
        "name_zh": _("Name in Chinese"),
        "name_en": _("Name in English"),
        "partner": _("Partner"),
        "starts_on": _("Starts on"),
        "ends_on": _("Ends on"),
        "places": _("Most students a year"),
        "places_min": _("Fewest students a year"),
        "first_mentor_most": _("Most with a first mentor of the partner"),
        "notes": _("Notes"),
        "state": _("State"),
        "reason": _("Reason"),
        "mentors": _("Mentors"),
    },
    values={"state": {str(v): label for v, label in AgreementState.choices}},
)
access.register("agreements.agreement", access.by_permission("agreements.view_agreement"))


def _why_not_read(actor: object, file: StoredFile) -> str | None:
    agreement = Agreement.objects.filter(document=file).select_related("unit", "partner").first()
    if agreement is None:
        return str(_("Only the two parties of the agreement read this file."))
    return why_not(actor, "agreements.view_agreement", agreement)


files.register(DOCUMENT, _why_not_read)
