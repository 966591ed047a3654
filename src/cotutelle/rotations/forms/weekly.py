"""What people type about terms, rooms, weekly appointments and meetings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from cotutelle.people.models import Person
from cotutelle.people.queries import search
from cotutelle.programmes.forms import UnitField
from cotutelle.rotations.enums import MemberRole, SeriesKind
from cotutelle.rotations.models import MeetingRoom, Series, Term, Ward
from cotutelle.rotations.queries.weekly import keeping_units, people_kept_by, week_units
from cotutelle.rotations.queries.weekly_problem import rooms_for
from cotutelle.rotations.services.weekly_series import MemberData, SeriesData
from cotutelle.rotations.services.weekly_terms import SLOT_MINUTES, RoomData, TermData
from cotutelle.ui.fields import DayField

_LONGEST_MINUTES = 600


class NamedField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A thing by its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(to_field_name="public_id", empty_label="–", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return str(getattr(obj, "display_name", obj))


def _day(label: Any) -> DayField:
    return DayField(label=label, widget=forms.DateInput(attrs={"type": "date"}))


def _time(label: Any, *, required: bool = True) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=required, widget=widget)


class TermForm(forms.Form):
    """A term and the grid of its week."""

    unit = UnitField(label=_("Unit"), help_text=_("Whose mentors' weeks are planned together."))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    starts_on = _day(_("First day"))
    ends_on = _day(_("Last day"))
    weekdays = forms.TypedChoiceField(
        label=_("Days of the week"), coerce=int, initial=5,
        choices=[(5, _("Monday to Friday")), (6, _("Monday to Saturday")), (7, _("Every day"))],
    )  # fmt: skip
    day_starts = _time(_("The day begins"))
    day_ends = _time(_("The day ends"))
    break_starts = _time(_("The break begins"), required=False)
    break_ends = _time(_("The break ends"), required=False)
    slot_minutes = forms.TypedChoiceField(
        label=_("Length of a slot, in minutes"), coerce=int, initial=60,
        choices=[(n, str(n)) for n in SLOT_MINUTES],
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Person, term: Term | None = None, **kwargs: Any) -> None:
        known = term or TermData("", dt.date.min, dt.date.min)
        initial = {f.name: getattr(known, f.name) for f in fields(TermData)}
        if term is None:
            initial |= {"starts_on": None, "ends_on": None}
        super().__init__(*args, **kwargs | {"initial": initial})
        if term is not None:
            del self.fields["unit"]
        else:
            self.fields["unit"].queryset = week_units(actor)  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Fields in the order in which a term is described."""
        first = ["unit"] if "unit" in self.fields else []
        return [
            (_("Term"), "", [*first, "name_zh", "name_en", "starts_on", "ends_on"]),
            (
                _("Grid of the week"),
                _("Everything is planned in slots of this grid; nothing runs across the break."),
                [
                    "weekdays",
                    "day_starts",
                    "day_ends",
                    "break_starts",
                    "break_ends",
                    "slot_minutes",
                ],
            ),
        ]

    @property
    def data_typed(self) -> TermData:
        """What was typed."""
        return TermData(**{k: v for k, v in self.cleaned_data.items() if k != "unit"})


class RoomForm(forms.Form):
    """A meeting room."""

    unit = UnitField(label=_("Unit"))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    seats = forms.IntegerField(
        label=_("Seats"), required=False, min_value=1, max_value=2000,
        help_text=_("Empty: enough for everybody."),
    )  # fmt: skip
    has_remote = forms.BooleanField(
        label=_("People can take part remotely from here"), required=False
    )
    is_archived = forms.BooleanField(label=_("No longer used"), required=False)

    def __init__(
        self, *args: Any, actor: Person, room: MeetingRoom | None = None, **kwargs: Any
    ) -> None:
        known = {f.name: getattr(room, f.name) for f in fields(RoomData)} if room else {}
        super().__init__(*args, **kwargs | {"initial": known})
        if room is not None:
            del self.fields["unit"]
        else:
            self.fields["unit"].queryset = keeping_units(actor)  # type: ignore[attr-defined]
            del self.fields["is_archived"]

    @property
    def room(self) -> RoomData:
        """What was typed."""
        return RoomData(**{k: v for k, v in self.cleaned_data.items() if k != "unit"})


class ProposeForm(forms.Form):
    """What is to be proposed."""

    rounds = forms.BooleanField(
        label=_("A joint round of two hours for each clinical mentor's team"),
        required=False, initial=True,
    )  # fmt: skip
    half_days = forms.BooleanField(
        label=_("Research half-days, as many as the ward grants"), required=False, initial=True
    )
    debriefings = forms.BooleanField(
        label=_("A debriefing of one hour with each research mentor, in a room"), required=False
    )


class SeriesForm(forms.Form):
    """A weekly appointment; its people stand in a table of their own."""

    kind = forms.ChoiceField(label=_("Kind"), choices=SeriesKind.choices)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=160, required=False)
    minutes = forms.IntegerField(
        label=_("Minutes"), min_value=15, max_value=_LONGEST_MINUTES, initial=120
    )
    ward = NamedField(label=_("Ward"), queryset=Ward.objects.none(), required=False)
    needs_room = forms.BooleanField(label=_("It needs a room"), required=False)
    link = forms.URLField(
        label=_("Link for those who take part remotely"),
        required=False,
        max_length=200,
        assume_scheme="https",
    )
    add = forms.CharField(
        label=_("Add people"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line: number or full name."),
    )  # fmt: skip
    add_role = forms.ChoiceField(
        label=_("They take part as"), choices=MemberRole.choices, initial=MemberRole.STUDENT
    )

    def __init__(
        self, *args: Any, actor: Person, term: Term, series: Series | None = None, **kwargs: Any
    ) -> None:
        names = ("kind", "name_zh", "name_en", "minutes", "needs_room", "link")
        known: dict[str, Any] = {n: getattr(series, n) for n in names} if series else {}
        if series and series.ward:
            known["ward"] = series.ward.public_id
        super().__init__(*args, **kwargs | {"initial": known})
        self.actor, self.series = actor, series
        rows = Ward.objects.filter(
            Q(hospital__path__startswith=term.unit.path) | Q(unit__path__startswith=term.unit.path)
        )
        self.fields["ward"].queryset = rows.order_by("name_zh")  # type: ignore[attr-defined]

    def clean_add(self) -> list[Person]:
        found, unknown = [], []
        for line in self.cleaned_data["add"].splitlines():
            text = line.strip()
            if not text:
                continue
            people = people_kept_by(self.actor)
            rows = list(people.filter(Q(number=text) | Q(name_zh=text) | Q(name_en=text))[:2])
            rows = rows or list(search(people, text)[:2])
            (found.append(rows[0]) if len(rows) == 1 else unknown.append(text))
        if unknown:
            raise forms.ValidationError(
                _t("Nobody, or more than one person, is found as: %(who)s. Write the number.")
                % {"who": ", ".join(unknown)}
            )
        return found

    @property
    def typed(self) -> SeriesData:
        """What was typed."""
        skip = {"add", "add_role"}
        return SeriesData(**{k: v for k, v in self.cleaned_data.items() if k not in skip})

    @property
    def members(self) -> list[MemberData]:
        """Who takes part: those who stay, as the table says, and those who are added."""
        found = []
        present = self.series.members.select_related("person") if self.series else ()
        for member in present:
            name = f"m{member.pk}"
            if self.data.get(f"{name}-out"):
                continue
            role = self.data.get(f"{name}-role", member.role)
            found.append(
                MemberData(
                    member.person,
                    role if role in MemberRole.values else member.role,
                    is_needed=bool(self.data.get(f"{name}-needed")),
                    may_be_remote=bool(self.data.get(f"{name}-remote")),
                )
            )
        role = self.cleaned_data["add_role"]
        remote = role == MemberRole.RESEARCH_MENTOR
        return found + [MemberData(p, role, may_be_remote=remote) for p in self.cleaned_data["add"]]


class MoveForm(forms.Form):
    """When and where one meeting is held instead."""

    day = _day(_("New day"))
    time = _time(_("New time"))
    room = NamedField(label=_("Room"), queryset=MeetingRoom.objects.none(), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, term: Term, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = ZoneInfo(zone)
        rooms: Any = rooms_for(term)
        self.fields["room"].queryset = rooms  # type: ignore[attr-defined]
        if not rooms:
            del self.fields["room"]

    @property
    def starts_at(self) -> dt.datetime:
        """The new beginning."""
        return dt.datetime.combine(self.cleaned_data["day"], self.cleaned_data["time"], self.zone)


class ReasonForm(forms.Form):
    """Why a meeting is cancelled."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class ProblemForm(forms.Form):
    """A clinical problem in a line, and more where one wishes."""

    title = forms.CharField(
        label=_("The problem in one line"), max_length=200,
        help_text=_("No names or numbers of patients."),
    )  # fmt: skip
    text = forms.CharField(
        label=_("What is known, what is not"), required=False,
        max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
    )  # fmt: skip


def slots_asked(texts: Sequence[str], count: int) -> set[int]:
    """Return the numbers among ``texts`` that are slots of a grid of ``count``."""
    return {number for number in range(count) if str(number) in texts}
