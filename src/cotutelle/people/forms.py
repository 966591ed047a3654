"""What people type about people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.core.clock import now, time_zones
from cotutelle.institutions.models import Unit
from cotutelle.people.enums import Role
from cotutelle.people.models import Person
from cotutelle.ui.fields import DayField

_INDENT = "\u3000"
_TOKEN_DAYS = [("30", _("30 days")), ("90", _("90 days")), ("365", _("One year"))]


def zone_choices() -> Sequence[tuple[str, str]]:
    """Return time zones as ``UTC+0800 Asia/Shanghai``, from west to east; Chinese time first."""
    return _zones_at(now().replace(minute=0, second=0, microsecond=0))


@lru_cache(maxsize=2)
def _zones_at(hour: dt.datetime) -> tuple[tuple[str, str], ...]:
    """Six hundred zones take a while to sort; summer time begins on the hour."""
    found = [(hour.astimezone(ZoneInfo(zone)), zone) for zone in time_zones()]
    found.sort(key=lambda one: (one[1] != settings.TIME_ZONE, one[0].utcoffset(), one[1]))
    return tuple((zone, f"UTC{at:%z} {zone.replace('_', ' ')}") for at, zone in found)


class UnitField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A unit, indented as it lies in the tree; its public id is what the form sends."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Unit.objects.none(), to_field_name="public_id", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        depth = max(0, obj.path.count("/") - 1)
        return f"{_INDENT * depth}{obj.display_name}"


class PersonForm(forms.Form):
    """The record of a person, as the offices keep it."""

    unit = UnitField(label=_("Unit"))
    name_zh = forms.CharField(
        label=pgettext_lazy("person", "Chinese name"), max_length=100, required=False
    )
    name_en = forms.CharField(
        label=pgettext_lazy("person", "English name"), max_length=150, required=False
    )
    number = forms.CharField(
        label=_("Staff or student number"),
        max_length=40,
        required=False,
        help_text=_("Student or staff number; leading zeros stay."),
    )
    gender = forms.ChoiceField(
        label=_("Gender"),
        required=False,
        choices=[("", _("Not given")), ("female", _("Female")), ("male", _("Male"))],
    )
    identity_number = forms.CharField(
        label=_("Identity number"),
        max_length=40,
        required=False,
        help_text=_("Only where a document needs it. It never appears in lists or in the history."),
    )
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254)
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    wecom_id = forms.CharField(label=_("WeCom account"), max_length=64, required=False)
    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=150,
        required=False,
        help_text=_("Empty: the number, or the name in pinyin."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=zone_choices)

    groups = [
        (_("Who it is"), "", ["name_zh", "name_en", "number", "gender", "identity_number"]),
        (_("Where"), "", ["unit"]),
        (_("How they are reached"), "", ["email", "phone", "wecom_id"]),
        (_("Signing in"), "", ["username", "language", "time_zone"]),
    ]

    def __init__(self, *args: Any, units: QuerySet[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["language"].initial = settings.LANGUAGE_CODE
        self.fields["time_zone"].initial = settings.TIME_ZONE


class ProfileForm(forms.Form):
    """What people keep about themselves."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        help_text=_("Times on pages are shown in it; deadlines follow the institution's clock."),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        max_length=254,
        help_text=_("A new password is sent there."),
    )
    phone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    wecom_id = forms.CharField(
        label=_("WeCom account"),
        max_length=64,
        required=False,
        help_text=_("For messages to you alone; nothing is ever posted into a group."),
    )

    groups = [
        (_("Language and time"), "", ["language", "time_zone"]),
        (_("How you are reached"), "", ["email", "phone", "wecom_id"]),
    ]


class GrantForm(forms.Form):
    """A role for a period."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    unit = UnitField(
        label=_("Unit"), help_text=_("The role covers this unit and everything below it.")
    )
    starts_on = DayField(
        label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = DayField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: until further notice."),
    )

    def __init__(self, *args: Any, units: QuerySet[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]


class EraseForm(forms.Form):
    """Erasing cannot be undone: the person's name or number is typed once more."""

    repeat = forms.CharField(label=_("Type the person's sign-in name"))

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean_repeat(self) -> str:
        typed = str(self.cleaned_data["repeat"])
        if typed.strip().casefold() != self._person.username.casefold():
            raise forms.ValidationError(_("This is not the sign-in name of the person."))
        return typed


class TokenForm(forms.Form):
    """A key for a program."""

    name = forms.CharField(
        label=_("What it is for"), max_length=60, help_text=_("For example: timetable export.")
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"), choices=_TOKEN_DAYS, coerce=int, initial="90"
    )
