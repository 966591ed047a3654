"""Words of this room in the history, and who reads it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.credentials.enums import (
    AchievementKind,
    AchievementState,
    AwardState,
    CredentialState,
    Cryptosuite,
    SignerRole,
    StatusPurpose,
)
from cotutelle.credentials.facts import LABELS
from cotutelle.credentials.queries.achievements import names_of_achievements
from cotutelle.ledger import access
from cotutelle.ledger.actions import register, register_fields, register_names

register(
    {
        "credentials.achievement.created": _("Achievement defined"),
        "credentials.achievement.changed": _("Achievement changed"),
        "credentials.achievement.opened": _("Achievement put into use"),
        "credentials.achievement.retired": _("Achievement taken out of use"),
        "credentials.award.proposed": _("Proposed for a certificate"),
        "credentials.award.signed": _("Signed: the criteria are met"),
        "credentials.award.declined": _("Not confirmed"),
        "credentials.award.refused": _("Not issued"),
        "credentials.award.withdrawn": _("Proposal withdrawn"),
        "credentials.credential.issued": _("Certificate issued"),
        "credentials.credential.suspended": _("Certificate suspended"),
        "credentials.credential.reinstated": _("Certificate valid again"),
        "credentials.credential.revoked": _("Certificate revoked"),
        "credentials.status_list.published": _("Status list signed"),
        "credentials.key.added": _("Key added"),
        "credentials.key.retired": _("Key retired"),
        "credentials.key.compromised": _("Key reported as compromised"),
    }
)
# Whom holders show their certificates, and how often, is theirs to know.
LINKS = {"credentials.share.made": _("Link made"), "credentials.share.ended": _("Link ended")}
register(LINKS, is_private=True)
_NAMES = {"name_zh": _("Name in Chinese"), "name_en": _("Name in English")}
register_fields(
    "credentials.achievement",
    {
        **_NAMES,
        "unit": _("Institution"),
        "kind": _("Kind"),
        "criteria_zh": _("Criteria in Chinese"),
        "criteria_en": _("Criteria in English"),
        "description_zh": _("Description in Chinese"),
        "description_en": _("Description in English"),
        "signers": _("Who signs"),
        "valid_months": _("Valid for months"),
        "cryptosuite": _("Where it is checked"),
        "state": _("State"),
    },
    values={
        "kind": dict(AchievementKind.choices),
        "signers": dict(SignerRole.choices),
        "cryptosuite": dict(Cryptosuite.choices),
        "state": dict(AchievementState.choices),
    },
)
register_fields(
    "credentials.award",
    {
        **_NAMES,
        "achievement": _("Achievement"),
        "role": _("Signs as"),
        "agrees": _("Agrees"),
        "facts": _("What is stated"),
        **LABELS,
        "zh": _("Chinese"),
        "en": _("English"),
        "reason": _("Reason"),
        "credential": _("Certificate"),
        "digest": _("Digest"),
        "state": _("State"),
    },
    values={"role": dict(SignerRole.choices), "state": dict(AwardState.choices)},
)
register_names("credentials.award", {"achievement": names_of_achievements})
register_fields(
    "credentials.credential",
    {
        **_NAMES,
        "state": _("State"),
        "reason": _("Reason"),
        "digest": _("Digest"),
        "link": _("Link"),
        "days": _("Opens for how many days"),
    },
    values={"state": dict(CredentialState.choices)},
)
register_fields(
    "credentials.statuslist",
    {"purpose": _("Purpose"), "number": _("Number"), "digest": _("Digest")},
    values={"purpose": dict(StatusPurpose.choices)},
)
register_fields(
    "credentials.issuerkey",
    {"key": _("Key"), "from_index": _("Counts before place"), "origin": _("Log")},
)

access.register("credentials.achievement", access.by_permission("credentials.manage_achievement"))
access.register("credentials.award", access.by_permission("credentials.view_award"))
access.register("credentials.credential", access.by_permission("credentials.view_credential"))
access.register("credentials.issuerkey", access.by_permission("credentials.view_keys"))
