"""The rules on leave a unit keeps, and from how many days training is extended."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import RuleViolation
from cotutelle.institutions.models import Unit
from cotutelle.ledger.services import record
from cotutelle.people.models import Person
from cotutelle.programmes.defaults import (
    EXTENSION_DAYS,
    EXTENSION_PROVINCE,
    EXTENSION_YEARLY,
    RuleData,
)
from cotutelle.programmes.enums import LeaveKind, LeaveStep
from cotutelle.programmes.models import ExtensionRule, LeaveRule

LONGEST_DAYS = 366


@transaction.atomic
def keep_leave_rules(unit: Unit, rules: Sequence[RuleData], *, actor: Person) -> list[LeaveRule]:
    """
    Keep ``rules`` as those of ``unit`` and of what lies below it, instead of those it had.

    No rule at all: those of the unit above hold again. Leave that was asked for keeps its steps.
    Refuses with ``leave_rule.days``, ``leave_rule.steps`` (none, or an unknown one) and
    ``leave_rule.twice``.
    """
    check(actor, "programmes.manage_leave_rules", unit)
    for rule in rules:
        _check(rule)
    if len({(rule.kind, rule.up_to_days) for rule in rules}) != len(rules):
        raise RuleViolation(
            "leave_rule.twice", _("Two rules hold for the same kind and the same days.")
        )
    before = [str(row) for row in unit.leave_rules.all()]
    unit.leave_rules.all().delete()
    kept = LeaveRule.objects.bulk_create(
        [
            LeaveRule(
                unit=unit, kind=rule.kind, up_to_days=rule.up_to_days,
                steps=[step.value for step in LeaveStep if step.value in rule.steps],
                needs_evidence=rule.needs_evidence,
            )
            for rule in rules
        ]
    )  # fmt: skip
    record(
        "programmes.leave_rules.kept",
        actor=actor,
        subject=unit,
        before={"rules": before},
        after={"rules": [str(row) for row in kept]},
    )
    return kept


def _check(rule: RuleData) -> None:
    if not 1 <= rule.up_to_days <= LONGEST_DAYS:
        raise RuleViolation(
            "leave_rule.days", _("A rule holds for 1 to %(n)s days.") % {"n": LONGEST_DAYS}
        )
    if not rule.steps or not set(rule.steps) <= set(LeaveStep.values):
        raise RuleViolation("leave_rule.steps", _("Somebody must agree: choose at least one step."))
    if rule.kind and rule.kind not in LeaveKind.values:
        raise RuleViolation("leave_rule.kind", _("There is no such kind of leave."))


@transaction.atomic
def keep_extension_rule(
    unit: Unit,
    *,
    province: str,
    threshold_days: int,
    is_yearly: bool,
    kinds: Sequence[str] = (),
    is_example: bool = False,
    actor: Person,
) -> ExtensionRule:
    """
    Keep from how many days away training is extended; the same province's rule is replaced.

    It counts from the next leave that changes. Refuses with ``extension_rule.days`` and
    ``extension_rule.province``.
    """
    check(actor, "programmes.manage_leave_rules", unit)
    if not province.strip():
        raise RuleViolation("extension_rule.province", _("Say whose rule it is."), field="province")
    if not 1 <= threshold_days <= LONGEST_DAYS:
        raise RuleViolation(
            "extension_rule.days",
            _("A threshold lies between 1 and %(n)s days.") % {"n": LONGEST_DAYS},
            field="threshold_days",
        )
    values = {
        "threshold_days": threshold_days,
        "is_yearly": is_yearly,
        "kinds": [kind for kind in LeaveKind.values if kind in kinds],
        "is_example": is_example,
    }
    rule, _made = ExtensionRule.objects.update_or_create(
        unit=unit, province=province.strip(), defaults=values
    )
    record(
        "programmes.extension_rule.kept",
        actor=actor,
        subject=unit,
        after={"province": rule.province, "threshold_days": threshold_days, "yearly": is_yearly},
    )
    return rule


def install_example_extension_rule(unit: Unit, *, actor: Person) -> ExtensionRule:
    """Keep the shipped example as the rule of ``unit``; marked as one until it is replaced."""
    return keep_extension_rule(
        unit, province=EXTENSION_PROVINCE, threshold_days=EXTENSION_DAYS,
        is_yearly=EXTENSION_YEARLY, is_example=True, actor=actor,
    )  # fmt: skip


@transaction.atomic
def drop_extension_rule(unit: Unit, province: str, *, actor: Person) -> None:
    """
    Do without a rule again; what was extended by it stays until a leave changes.

    Refuses with ``extension_rule.used``: an extension names it.
    """
    from django.db.models import ProtectedError  # noqa: PLC0415  only where something is deleted

    check(actor, "programmes.manage_leave_rules", unit)
    try:
        gone, _rows = ExtensionRule.objects.filter(unit=unit, province=province).delete()
    except ProtectedError as error:
        raise RuleViolation(
            "extension_rule.used", _("Somebody's training was extended by this rule: it stays.")
        ) from error
    if gone:
        record(
            "programmes.extension_rule.dropped", actor=actor, subject=unit,
            before={"province": province},
        )  # fmt: skip
