"""What a planner types: cycles, participants, wishes, events, moves."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.agreements.queries import agreements_visible_to
from cotutelle.core.clock import today
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person
from cotutelle.rotations.enums import EventKind, WishKind
from cotutelle.rotations.models import Curriculum, Cycle, Participant, Ward
from cotutelle.rotations.months import add_months
from cotutelle.rotations.policy import LONGEST_SECONDS, PlanRules
from cotutelle.rotations.queries.planning import (
    cohorts_to_plan,
    curricula_in_force,
    planning_units,
)
from cotutelle.rotations.queries.planning_months import period_text, present_period
from cotutelle.rotations.services.planning_cycles import CycleData
from cotutelle.rotations.services.planning_wishes import EventData, WishData
from cotutelle.ui.fields import DayField

MOST_MONTHS = 60
MOST_PLACES = 999
LARGEST_SEED = 2**31 - 1
_HEAVIEST = 5


class MonthField(DayField):
    """A month, typed as a day of it or as ``2027-09``."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "month"}, format="%Y-%m")
        super().__init__(widget=widget, input_formats=["%Y-%m", "%Y-%m-%d"], **kwargs)


class PeriodField(forms.TypedChoiceField):
    """A month of one cycle."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=int, empty_value=None, **kwargs)

    def fill(self, cycle: Cycle, *, horizon: int | None = None) -> None:
        """Offer the months of ``cycle``."""
        months = [(str(p), period_text(cycle, p)) for p in range(horizon or cycle.months)]
        self.choices = [*([] if self.required else [("", "–")]), *months]


class NamedField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A thing by its name."""

    def label_from_instance(self, obj: Any) -> str:
        hospital = getattr(obj, "hospital", None)
        name = getattr(obj, "display_name", str(obj))
        return f"{hospital.short_name} {name}" if hospital is not None else str(name)


class CurriculumField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A curriculum with its edition."""

    def label_from_instance(self, obj: Curriculum) -> str:
        return str(obj)


class CohortsField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Cohorts by name and unit."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.display_name} ({obj.unit.display_name})"


def _weight(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=1000, help_text=help_text)


class RulesForm(forms.Form):
    """The weights of a plan."""

    block_points = _weight(_("Points for each block done"))
    ward_points = _weight(_("Points for a ward somebody prefers"))
    hospital_points = _weight(_("Points for a hospital somebody prefers"))
    fairness = _weight(
        _("Weight of the worst-off trainee"), _("How much more the lowest points count.")
    )
    idle_cost = _weight(_("Cost of an idle month"))
    change_cost = _weight(_("Cost of a change of hospital"))
    smooth = _weight(_("Cost of a crowded ward-month, for each trainee above"))
    target_percent = forms.IntegerField(
        label=_("A ward is crowded from (%)"), min_value=1, max_value=100
    )
    keep = _weight(
        _("Cost of a month that differs from the plan in force"),
        _("Fewer changes always come first in a re-plan; this decides between equals."),
    )
    most_in_hospital = forms.IntegerField(
        label=_("Most blocks in one hospital"),
        min_value=1,
        max_value=MOST_PLACES,
        required=False,
        help_text=_("Empty: no bound."),
    )
    minimums = forms.BooleanField(
        label=_("The fewest trainees of wards bind"),
        required=False,
        help_text=_(
            "In the months in which everybody trains. A small cohort alone cannot fill all wards."
        ),
    )
    slack_months = forms.IntegerField(
        label=_("Months a plan may last beyond the curriculum"), min_value=0, max_value=24
    )
    leave_days = forms.IntegerField(
        label=_("Days of leave that make a month away"), min_value=1, max_value=31
    )
    time_limit = forms.IntegerField(
        label=_("Most seconds for a computation"), min_value=1, max_value=LONGEST_SECONDS
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=LARGEST_SEED,
        help_text=_("The same seed gives the same plan."),
    )

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Wishes, fairness and wards, limits."""
        return [
            (_("Wishes"), "", ["block_points", "ward_points", "hospital_points", "fairness"]),
            (
                _("Calm"),
                "",
                ["idle_cost", "change_cost", "smooth", "target_percent", "keep"],
            ),
            (
                _("Limits"),
                "",
                [
                    "minimums",
                    "most_in_hospital",
                    "slack_months",
                    "leave_days",
                    "time_limit",
                    "seed",
                ],
            ),
        ]

    @property
    def rules(self) -> PlanRules:
        """The rules that were typed."""
        names = {f.name for f in fields(PlanRules)}
        return PlanRules(**{n: v for n, v in self.cleaned_data.items() if n in names})


class CycleForm(forms.Form):
    """A new cycle: for whom, from when, by which curriculum."""

    unit = NamedField(queryset=Unit.objects.none(), label=_("Unit that plans"))
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=160, required=False)
    starts_on = MonthField(label=_("First month"))
    months = forms.IntegerField(
        label=_("Months"), min_value=1, max_value=MOST_MONTHS, initial=36,
        help_text=_("Long enough for the longest curriculum and some months to spare."),
    )  # fmt: skip
    cohorts = CohortsField(
        queryset=None,
        label=_("Cohorts"),
        required=False,
        help_text=_("All their confirmed students take part; others can be added later."),
        widget=forms.CheckboxSelectMultiple,
    )
    curriculum = CurriculumField(
        queryset=Curriculum.objects.none(),
        label=_("Curriculum"),
        help_text=_("For students whose specialty has no curriculum of its own in force."),
    )

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = planning_units(actor)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["cohorts"].queryset = cohorts_to_plan(actor)  # type: ignore[attr-defined]
        found = Curriculum.objects.filter(state="in_force").order_by("specialty_code", "id")
        self.fields["curriculum"].queryset = found  # type: ignore[attr-defined]
        self.fields["starts_on"].initial = add_months(today().replace(day=1), 2)

    @property
    def data_typed(self) -> CycleData:
        """Name and months."""
        typed = self.cleaned_data
        return CycleData(
            name_zh=typed["name_zh"],
            name_en=typed["name_en"],
            starts_on=typed["starts_on"],
            months=typed["months"],
        )


class AddPeopleForm(forms.Form):
    """Cohorts whose students are to take part too."""

    cohorts = CohortsField(queryset=None, label=_("Cohorts"), widget=forms.CheckboxSelectMultiple)
    curriculum = CurriculumField(queryset=Curriculum.objects.none(), label=_("Curriculum"))
    first = PeriodField(label=_("First month"))

    def __init__(self, *args: Any, cycle: Cycle, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cohorts"].queryset = cohorts_to_plan(actor)  # type: ignore[attr-defined]
        self.fields["curriculum"].queryset = curricula_in_force(cycle.unit)  # type: ignore[attr-defined]
        self.fields["first"].fill(cycle)  # type: ignore[attr-defined]


class ParticipantForm(forms.Form):
    """The curriculum and the months of one participant."""

    curriculum = CurriculumField(queryset=Curriculum.objects.none(), label=_("Curriculum"))
    first = PeriodField(label=_("First month"))
    last = PeriodField(
        label=_("Last month"),
        required=False,
        help_text=_("Empty: as the curriculum, the rules and leave have it."),
    )

    def __init__(self, *args: Any, participant: Participant, **kwargs: Any) -> None:
        kwargs.setdefault(
            "initial",
            {
                "curriculum": participant.curriculum,
                "first": participant.first,
                "last": "" if participant.last is None else participant.last,
            },
        )
        super().__init__(*args, **kwargs)
        cycle = participant.cycle
        found = curricula_in_force(cycle.unit) | Curriculum.objects.filter(
            pk=participant.curriculum_id
        )
        self.fields["curriculum"].queryset = found  # type: ignore[attr-defined]
        self.fields["first"].fill(cycle)  # type: ignore[attr-defined]
        self.fields["last"].fill(cycle, horizon=MOST_MONTHS)  # type: ignore[attr-defined]


class WishForm(forms.Form):
    """A wish or a constraint of one participant."""

    kind = forms.ChoiceField(label=_("Kind"), choices=WishKind.choices)
    ward = NamedField(queryset=Ward.objects.none(), label=_("Ward"), required=False)
    hospital = NamedField(queryset=Unit.objects.none(), label=_("Hospital"), required=False)
    first = PeriodField(label=_("From month"), required=False)
    last = PeriodField(label=_("To month"), required=False)
    weight = forms.IntegerField(
        label=pgettext_lazy("wish", "Weight"), min_value=1, max_value=_HEAVIEST, initial=1,
        help_text=_("1 to 5; a wish of weight 2 counts twice."),
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, cycle: Cycle, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wards = Ward.objects.select_related("hospital").order_by("hospital__name_sort", "code")
        self.fields["ward"].queryset = wards  # type: ignore[attr-defined]
        hospitals = Unit.objects.filter(hospital_wards__isnull=False).distinct()
        self.fields["hospital"].queryset = hospitals.order_by("name_sort")  # type: ignore[attr-defined]
        for name in ("first", "last"):
            self.fields[name].fill(cycle)  # type: ignore[attr-defined]

    @property
    def wish(self) -> WishData:
        """What was typed."""
        return WishData(**self.cleaned_data)


class EventForm(forms.Form):
    """Something that happened to a published plan."""

    kind = forms.ChoiceField(label=_("What happened"), choices=EventKind.choices)
    ward = NamedField(queryset=Ward.objects.none(), label=_("Ward"), required=False)
    upper = forms.IntegerField(
        label=_("Places left"), min_value=0, max_value=MOST_PLACES, required=False
    )
    participant = forms.ModelChoiceField(
        queryset=Participant.objects.none(),
        label=pgettext_lazy("person", "Trainee"),
        required=False,
    )
    agreement: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        queryset=None, label=_("Agreement"), required=False
    )
    first = PeriodField(label=_("From month"))
    last = PeriodField(label=_("To month"), required=False, help_text=_("Empty: for good."))
    note = forms.CharField(label=pgettext_lazy("event", "Note"), max_length=200, required=False)

    def __init__(self, *args: Any, cycle: Cycle, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wards = Ward.objects.select_related("hospital").order_by("hospital__name_sort", "code")
        self.fields["ward"].queryset = wards  # type: ignore[attr-defined]
        people = cycle.participants.filter(left_on__isnull=True).select_related("student__person")
        self.fields["participant"].queryset = people  # type: ignore[attr-defined]
        self.fields["agreement"].queryset = agreements_visible_to(actor)  # type: ignore[attr-defined]
        for name in ("first", "last"):
            self.fields[name].fill(cycle, horizon=MOST_MONTHS)  # type: ignore[attr-defined]
        self.fields["first"].initial = min(max(0, present_period(cycle)), MOST_MONTHS - 1)

    @property
    def event(self) -> EventData:
        """What was typed."""
        return EventData(**self.cleaned_data)


class MoveForm(forms.Form):
    """Another month or ward for one stay."""

    ward = forms.ChoiceField(label=_("Ward"))
    start = PeriodField(label=_("From month"))
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, cycle: Cycle, horizon: int, wards: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ward"].choices = wards  # type: ignore[attr-defined]
        self.fields["start"].fill(cycle, horizon=horizon)  # type: ignore[attr-defined]


class NameForm(forms.Form):
    """The name of a scenario."""

    name = forms.CharField(
        label=pgettext_lazy("of a thing", "Name"), max_length=120, required=False
    )


class DecisionForm(forms.Form):
    """Why an exchange is refused."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, required=False, help_text=_("Both trainees read it.")
    )


class SwapForm(forms.Form):
    """With whom months are exchanged, and a line to them."""

    other = forms.ChoiceField(label=_("Exchange with"), widget=forms.RadioSelect)
    note = forms.CharField(label=_("A line to them"), max_length=300, required=False)

    def __init__(self, *args: Any, offers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["other"].choices = offers  # type: ignore[attr-defined]
