"""Defining what an institution certifies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import (
    ACHIEVEMENT_TRANSITIONS,
    AchievementKind,
    AchievementState,
    AwardState,
    Cryptosuite,
    SignerRole,
)
from cotutelle.credentials.models import Achievement, Award
from cotutelle.credentials.services.common import stale
from cotutelle.credentials.services.issuer_keys import ensure_key
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person

LONGEST_VALIDITY_MONTHS = 600
TWO_MENTORS = frozenset({SignerRole.CLINICAL, SignerRole.RESEARCH})


@dataclass(frozen=True, slots=True)
class AchievementData:
    """What an officer writes. ``valid_months`` empty: the certificate does not expire."""

    kind: str
    name_zh: str
    name_en: str
    criteria_zh: str
    criteria_en: str
    signers: Sequence[str]
    description_zh: str = ""
    description_en: str = ""
    valid_months: int | None = None
    cryptosuite: str = Cryptosuite.JCS

    @classmethod
    def of(cls, achievement: Achievement) -> AchievementData:
        """Return what ``achievement`` says now."""
        return cls(**{name: getattr(achievement, name) for name in cls.__slots__})


def _values(data: AchievementData) -> dict[str, Any]:
    """Return the columns; refuses what cannot become a certificate in two languages."""
    values: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in asdict(data).items()
    }
    for name in ("name_zh", "name_en", "criteria_zh", "criteria_en"):
        if not values[name]:
            raise RuleViolation(
                "achievement.text",
                _("A certificate is read in both languages: write both."),
                field=name,
            )
    if bool(values["description_zh"]) != bool(values["description_en"]):
        raise RuleViolation(
            "achievement.text",
            _("Describe it in both languages, or in none."),
            field="description_zh" if values["description_en"] else "description_en",
        )
    kind, months = AchievementKind(data.kind), data.valid_months
    values["kind"], values["signers"] = kind, _signers(kind, data.signers)
    values["cryptosuite"] = Cryptosuite(data.cryptosuite)
    if months is not None and not 1 <= months <= LONGEST_VALIDITY_MONTHS:
        raise RuleViolation(
            "achievement.validity", _("Between 1 and 600 months."), field="valid_months"
        )
    return values


def _signers(kind: AchievementKind, asked: Sequence[str]) -> list[str]:
    known = [role.value for role in SignerRole if role.value in set(asked)]
    if not known or len(known) != len(set(asked)):
        raise RuleViolation(
            "achievement.signers",
            _("Choose at least one who signs, among those listed."),
            field="signers",
        )
    if kind == AchievementKind.FINAL and not set(known) >= TWO_MENTORS:
        raise RuleViolation(
            "achievement.signers",
            _("Clinical and research mentor both sign a dual-mentor certificate."),
            field="signers",
        )
    return known


def check_data(data: AchievementData) -> None:
    """Refuse what `create_achievement` would refuse of the text alone."""
    _values(data)


@transaction.atomic
def create_achievement(unit: Unit, data: AchievementData, *, actor: Person) -> Achievement:
    """
    Define an achievement of an institution, as a draft.

    Refuses with ``achievement.unit`` (no institution), ``achievement.text``,
    ``achievement.signers``, ``achievement.validity`` and ``achievement.name`` (taken).
    """
    achievement = Achievement(unit=unit, created_by=actor, created_at=now(), **_values(data))
    check(actor, "credentials.manage_achievement", achievement)
    if not unit.is_institution:
        raise RuleViolation(
            "achievement.unit", _("Only an institution issues certificates."), field="unit"
        )
    _save(achievement)
    record(
        "credentials.achievement.created",
        actor=actor,
        subject=achievement,
        after=_values(data) | {"unit": unit.code},
    )
    return achievement


@transaction.atomic
def change_achievement(
    achievement: Achievement, data: AchievementData, *, actor: Person
) -> Achievement:
    """
    Change a draft; what is in use stays as people were proposed for it: copy it instead.

    Refuses as `create_achievement`, and with ``achievement.in_use``.
    """
    check(actor, "credentials.manage_achievement", achievement)
    locked = Achievement.objects.select_for_update().get(pk=achievement.pk)
    if locked.state != AchievementState.DRAFT:
        raise RuleViolation(
            "achievement.in_use",
            _("What is or was in use does not change. Make a copy and change that."),
        )
    before, values = asdict(AchievementData.of(locked)), _values(data)
    for name, value in values.items():
        setattr(achievement, name, value)
    _save(achievement)
    changed = [name for name in values if values[name] != before[name]]
    if changed:
        record(
            "credentials.achievement.changed",
            actor=actor,
            subject=achievement,
            before={name: before[name] for name in changed},
            after={name: values[name] for name in changed},
        )
    return achievement


def _save(achievement: Achievement) -> None:
    try:
        with transaction.atomic():
            achievement.save()
    except IntegrityError as error:
        raise RuleViolation(
            "achievement.name",
            _("This institution has an achievement of this name."),
            field="name_zh",
        ) from error


@transaction.atomic
def move_achievement(
    achievement: Achievement, state: AchievementState, *, actor: Person
) -> Achievement:
    """
    Put an achievement into use, out of use, or into use again.

    The first one in use gives its institution a key. Refuses with ``achievement.state``,
    ``achievement.open_awards`` (somebody is still proposed) and ``achievement.stale``.
    """
    check(actor, "credentials.manage_achievement", achievement)
    seen = AchievementState(achievement.state)
    if state not in ACHIEVEMENT_TRANSITIONS[seen]:
        raise RuleViolation(
            "achievement.state",
            _("An achievement that is “%(from)s” cannot become “%(to)s”.")
            % {"from": seen.label, "to": state.label},
        )
    if Achievement.objects.filter(pk=achievement.pk, state=seen).update(state=state) != 1:
        raise stale("achievement")
    waiting = Award.objects.filter(
        achievement=achievement, state__in=(AwardState.PROPOSED, AwardState.SIGNED)
    )
    if state == AchievementState.RETIRED and waiting.exists():
        raise RuleViolation(
            "achievement.open_awards",
            _("People are still proposed for it. Issue or withdraw these proposals first."),
        )
    achievement.state = state
    if state == AchievementState.OPEN:
        ensure_key(achievement.unit, actor=actor)
    record(
        f"credentials.achievement.{'opened' if state == AchievementState.OPEN else 'retired'}",
        actor=actor,
        subject=achievement,
        before={"state": seen},
        after={"state": state, "name_zh": achievement.name_zh, "name_en": achievement.name_en},
        decision=True,
    )
    return achievement


@transaction.atomic
def copy_achievement(
    achievement: Achievement, *, unit: Unit, name_zh: str, name_en: str, actor: Person
) -> Achievement:
    """Make a draft like ``achievement`` under another name; refuses as `create_achievement`."""
    said = asdict(AchievementData.of(achievement)) | {"name_zh": name_zh, "name_en": name_en}
    return create_achievement(unit, AchievementData(**said), actor=actor)
