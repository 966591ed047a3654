"""A broken rule on the form that broke it."""

from __future__ import annotations

from django import forms

from cotutelle.core.errors import RuleViolation


def show_violation(form: forms.BaseForm, violation: RuleViolation) -> None:
    """Put a refusal of a service at its field, or on top of the form; what was typed stays."""
    form.add_error(violation.field if violation.field in form.fields else None, str(violation))
