"""Kinds and lives of achievements, awards and certificates."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AchievementKind(models.TextChoices):
    """What a certificate says; each kind has a schema of the same name in the engine."""

    GATE = "gate-passed", _("Gate passed")
    ROTATION = "rotation-completed", _("Rotation completed")
    COURSE = "course-credit", _("Course credit")
    PROJECT = "project-stage", _("Project stage")
    EVALUATION = "integrated-evaluation", _("Integrated evaluation")
    FINAL = "dual-mentor-certificate", _("Dual-mentor certificate")
    GENERIC = "generic", pgettext_lazy("kind of certificate", "Other")


class Cryptosuite(models.TextChoices):
    """How certificates are signed: as JSON, or as the statements the JSON makes."""

    JCS = "eddsa-jcs-2022", _("Everywhere, without a network too (eddsa-jcs-2022)")
    RDFC = "eddsa-rdfc-2022", _("Badge platforms; the offline page cannot (eddsa-rdfc-2022)")


class AchievementState(models.TextChoices):
    """Whether people can be proposed for an achievement."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", pgettext_lazy("achievement", "In use")
    RETIRED = "retired", pgettext_lazy("achievement", "No longer in use")


ACHIEVEMENT_TRANSITIONS: dict[AchievementState, frozenset[AchievementState]] = {
    AchievementState.DRAFT: frozenset({AchievementState.OPEN}),
    AchievementState.OPEN: frozenset({AchievementState.RETIRED}),
    AchievementState.RETIRED: frozenset({AchievementState.OPEN}),
}


class SignerRole(models.TextChoices):
    """Who signs that the criteria are met, beside the officer who issues."""

    PRINCIPAL = "principal", _("Principal supervisor")
    CLINICAL = "clinical", _("Clinical mentor")
    RESEARCH = "research", _("Research mentor")
    DEPARTMENT = "department", _("Department secretary")
    RESIDENCY = "residency", _("Residency office")


class AwardState(models.TextChoices):
    """From a proposal to a certificate."""

    PROPOSED = "proposed", _("Waiting for signatures")
    SIGNED = "signed", _("Signed, to be issued")
    ISSUED = "issued", pgettext_lazy("certificate", "Issued")
    DECLINED = "declined", _("Not confirmed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


AWARD_TRANSITIONS: dict[AwardState, frozenset[AwardState]] = {
    AwardState.PROPOSED: frozenset({AwardState.SIGNED, AwardState.DECLINED, AwardState.WITHDRAWN}),
    AwardState.SIGNED: frozenset({AwardState.ISSUED, AwardState.DECLINED, AwardState.WITHDRAWN}),
    AwardState.ISSUED: frozenset(),
    AwardState.DECLINED: frozenset(),
    AwardState.WITHDRAWN: frozenset(),
}


class CredentialKind(models.TextChoices):
    """One achievement, or a transcript of several."""

    ACHIEVEMENT = "achievement", _("Certificate")
    TRANSCRIPT = "transcript", _("Transcript")


class CredentialState(models.TextChoices):
    """Whether a certificate holds. Revocation is final; suspension is not."""

    VALID = "valid", pgettext_lazy("certificate", "Valid")
    SUSPENDED = "suspended", pgettext_lazy("certificate", "Suspended")
    REVOKED = "revoked", pgettext_lazy("certificate", "Revoked")


CREDENTIAL_TRANSITIONS: dict[CredentialState, frozenset[CredentialState]] = {
    CredentialState.VALID: frozenset({CredentialState.SUSPENDED, CredentialState.REVOKED}),
    CredentialState.SUSPENDED: frozenset({CredentialState.VALID, CredentialState.REVOKED}),
    CredentialState.REVOKED: frozenset(),
}


class StatusPurpose(models.TextChoices):
    """What a status list says; the two are lists of their own."""

    REVOCATION = "revocation", _("Revocation")
    SUSPENSION = "suspension", _("Suspension")


class IssuerKeyState(models.TextChoices):
    """Life of a key that signs certificates."""

    ACTIVE = "active", pgettext_lazy("key", "In use")
    RETIRED = "retired", pgettext_lazy("key", "Retired")
    COMPROMISED = "compromised", pgettext_lazy("key", "Compromised")


ISSUER_KEY_TRANSITIONS: dict[IssuerKeyState, frozenset[IssuerKeyState]] = {
    IssuerKeyState.ACTIVE: frozenset({IssuerKeyState.RETIRED, IssuerKeyState.COMPROMISED}),
    IssuerKeyState.RETIRED: frozenset({IssuerKeyState.COMPROMISED}),
    IssuerKeyState.COMPROMISED: frozenset(),
}
