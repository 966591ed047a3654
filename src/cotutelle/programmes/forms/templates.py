"""What is typed about a programme template."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.people.models import Person
from cotutelle.programmes.enums import DegreeType, MilestoneKind, PhaseKind, Route, TemplateKind
from cotutelle.programmes.forms.enrolments import CellForm
from cotutelle.programmes.forms.students import UnitField
from cotutelle.programmes.models import Template
from cotutelle.programmes.queries import units_of
from cotutelle.programmes.services import PhaseData, RouteData, TemplateData, data_of

_MONTHS = [("", "–"), *((str(n), str(n)) for n in range(1, 13))]
EMPTY_PHASES = 2


class TemplateForm(forms.Form):
    """Everything but the phases; the routes stand as three fields each, the gates as one."""

    unit = UnitField(label=_("Unit"))
    code = forms.CharField(
        label=_("Programme code"),
        max_length=40,
        help_text=_("Editions of one programme share their code."),
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=160, required=False)
    kind = forms.ChoiceField(label=_("Kind of programme"), choices=TemplateKind.choices)
    degree_type = forms.ChoiceField(label=_("Degree type"), choices=DegreeType.choices)
    months = forms.IntegerField(label=_("Months"), min_value=1, max_value=96)
    needs_licence = forms.BooleanField(label=_("Medical licence needed"), required=False)
    needs_residency = forms.BooleanField(label=_("Residency needed"), required=False)
    is_example = forms.BooleanField(
        label=_("Example, to be confirmed by the school"), required=False
    )
    note_zh = forms.CharField(
        label=_("Note in Chinese"), required=False, widget=forms.Textarea({"rows": 2})
    )
    note_en = forms.CharField(
        label=_("Note in English"), required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, actor: Person, editing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if editing:
            del self.fields["unit"]
        else:
            self.fields["unit"].queryset = units_of(actor, "graduate_officer")  # type: ignore[attr-defined]
        for route in Route:
            self._add_route(route)
        for gate in MilestoneKind:
            self.fields[f"gate_{gate.value}"] = forms.IntegerField(
                label=gate.label, min_value=1, max_value=96, required=False
            )
        where = [] if editing else ["unit"]
        names = ["code", "name_zh", "name_en", "kind", "degree_type", "months"]
        self.groups: list[tuple[Any, Any, list[str]]] = [
            (_("Programme"), "", [*where, *names]),
            (_("Certificates"), "", ["needs_licence", "needs_residency"]),
            (
                _("Admission routes"),
                _("A half-year before enrolment is never possible for those admitted in spring."),
                [name for route in Route for name in self.names_of(route)],
            ),
            (
                _("Milestones"),
                _("Months after enrolment; leave empty what the programme does not have."),
                [f"gate_{gate.value}" for gate in MilestoneKind],
            ),
            (_("Remarks"), "", ["is_example", "note_zh", "note_en"]),
        ]

    @staticmethod
    def names_of(route: Route) -> tuple[str, str, str]:
        """Return the three fields of a route."""
        return (f"takes_{route.value}", f"enrol_{route.value}", f"early_{route.value}")

    def _add_route(self, route: Route) -> None:
        takes, enrol, early = self.names_of(route)
        self.fields[takes] = forms.BooleanField(label=route.label, required=False)
        self.fields[enrol] = forms.ChoiceField(
            label=_("%(route)s: month of enrolment") % {"route": route.label},
            choices=_MONTHS,
            required=False,
        )
        self.fields[early] = forms.ChoiceField(
            label=_("%(route)s: month in which the half-year before begins")
            % {"route": route.label},
            choices=_MONTHS,
            required=False,
        )

    @classmethod
    def values_of(cls, template: Template) -> dict[str, Any]:
        """Return the initial values for editing."""
        data = data_of(template)
        values = {name: getattr(data, name) for name in cls.base_fields if name != "unit"}
        for route in Route:
            takes, enrol, early = cls.names_of(route)
            one = data.routes.get(route.value)
            values[takes] = one is not None
            values[enrol] = str(one.enrolment_month) if one else ""
            values[early] = str(one.pre_entry_month or "") if one else ""
        return values | {f"gate_{kind}": month for kind, month in data.gates.items()}

    def data_with(self, phases: list[PhaseData]) -> TemplateData:
        """Return what was typed, with ``phases``, as the service takes it."""
        typed = self.cleaned_data
        plain = {name: typed[name] for name in self.base_fields if name != "unit"}
        routes = {}
        for route in Route:
            takes, enrol, early = self.names_of(route)
            if typed[takes]:
                month = int(typed[early]) if typed[early] else None
                routes[route.value] = RouteData(int(typed[enrol] or 9), month)
        gates = {
            gate.value: month
            for gate in MilestoneKind
            if (month := typed[f"gate_{gate.value}"]) is not None
        }
        return TemplateData(**plain, routes=routes, gates=gates, phases=phases)


class PhaseForm(CellForm):
    kind = forms.ChoiceField(
        label=_("Phase"), choices=[("", "–"), *PhaseKind.choices], required=False
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=160, required=False)
    starts_month = forms.IntegerField(
        label=_("Begins in month"), min_value=-12, max_value=96, required=False
    )
    months = forms.IntegerField(label=_("Months"), min_value=1, max_value=96, required=False)
    has_clinical_authority = forms.BooleanField(label=_("Clinical authority"), required=False)
    needs_agreement = forms.BooleanField(label=_("Agreement needed"), required=False)
    needs_insurance = forms.BooleanField(label=_("Insurance needed"), required=False)

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("kind"):
            for name in ("starts_month", "months"):
                if typed.get(name) is None and name not in self.errors:
                    self.add_error(name, _("Fill in this number."))
        return typed


class BasePhases(forms.BaseFormSet):  # type: ignore[type-arg]
    """The phases of a programme; rows without a kind are left out."""

    def phases(self) -> list[PhaseData]:
        """Return what was typed."""
        return [PhaseData(**row) for row in self.cleaned_data if row.get("kind")]


PhaseFormSet = forms.formset_factory(PhaseForm, formset=BasePhases, extra=EMPTY_PHASES, max_num=20)


def phases_of(template: Template | None, posted: Any = None) -> BasePhases:
    """Return the phases as a form set, with empty rows for more."""
    rows = [] if template is None else data_of(template).phases
    names = PhaseForm.base_fields
    initial = [{name: getattr(one, name) for name in names} for one in rows]
    made: BasePhases = PhaseFormSet(posted, initial=initial, prefix="phases")  # type: ignore[assignment]
    return made
