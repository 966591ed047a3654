"""What people type about departments and curricula."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cotutelle.people.models import Person
from cotutelle.programmes.forms import UnitField
from cotutelle.rotations.enums import DepartmentFamily
from cotutelle.rotations.models import Curriculum, CurriculumBlock, Department
from cotutelle.rotations.queries.setup_curricula import planning_units
from cotutelle.rotations.queries.setup_faults import BlockLine, GroupLine, OrderLine
from cotutelle.rotations.services.setup_curricula import CurriculumData
from cotutelle.rotations.services.setup_departments import DepartmentData

MOST_MONTHS = 60


def _months(
    label: Any, *, low: int = 1, required: bool = True, help_text: Any = ""
) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=low, max_value=MOST_MONTHS, required=required, help_text=help_text
    )


class DepartmentForm(forms.Form):
    """A department as the national standard names it."""

    code = forms.CharField(label=pgettext_lazy("rotations", "Code"), max_length=40)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    family = forms.ChoiceField(
        label=_("Family"), choices=DepartmentFamily.choices,
        help_text=_("Gives the colour on the board."),
    )  # fmt: skip

    @property
    def department(self) -> DepartmentData:
        """What was typed."""
        return DepartmentData(**self.cleaned_data)


class OwnerForm(forms.Form):
    """For which unit something is made."""

    unit = UnitField(label=_("Unit"))

    def __init__(self, *args: Any, actor: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = planning_units(actor)  # type: ignore[attr-defined]


class CurriculumForm(forms.Form):
    """A curriculum; its unit is chosen once."""

    unit = UnitField(label=_("Unit"), help_text=_("Owns the curriculum."))
    specialty_code = forms.CharField(
        label=_("Code of the specialty"), max_length=40, help_text=_("For example 0100.")
    )
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=160, required=False)
    edition = forms.CharField(label=_("Edition"), max_length=20, help_text=_("For example 2026."))
    months = _months(
        _("Months in all"), help_text=_("Rotations and protected research months together.")
    )

    def __init__(self, *args: Any, actor: Person, editing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if editing:
            del self.fields["unit"]
        else:
            self.fields["unit"].queryset = planning_units(actor)  # type: ignore[attr-defined]

    @property
    def curriculum(self) -> CurriculumData:
        """What was typed."""
        return CurriculumData(**{n: v for n, v in self.cleaned_data.items() if n != "unit"})


class EditionForm(forms.Form):
    """How the new edition is called."""

    edition = forms.CharField(label=_("Edition"), max_length=20)


class BlockForm(forms.Form):
    """A block; months of training are typed counted from 1."""

    code = forms.CharField(
        label=pgettext_lazy("rotations", "Code"),
        max_length=40,
        help_text=_("Unique in the curriculum."),
    )
    department = forms.ModelChoiceField(
        label=pgettext_lazy("rotations", "Department"),
        queryset=Department.objects.all(),
        to_field_name="code",
    )
    months = _months(_("Months"))
    part_months = _months(
        _("Longest part, in months"), low=0, required=False,
        help_text=_("Empty: the months are spent in one piece."),
    )  # fmt: skip
    earliest = _months(
        _("Not before month"), required=False, help_text=_("Of training, counted from 1.")
    )
    latest = _months(_("Over by the end of month"), required=False)
    group = forms.ChoiceField(
        label=_("Elective group"), required=False, help_text=_("Empty: everybody does it.")
    )

    def __init__(
        self,
        *args: Any,
        curriculum: Curriculum,
        block: CurriculumBlock | None = None,
        **kwargs: Any,
    ) -> None:
        if block:
            kwargs["initial"] = {
                "code": block.code,
                "department": block.department.code,
                "months": block.months,
                "part_months": block.part_months or None,
                "earliest": block.earliest + 1 if block.earliest else None,
                "latest": None if block.latest is None else block.latest + 1,
                "group": block.group.code if block.group else "",
            }
        super().__init__(*args, **kwargs)
        groups = [(g.code, f"{g.code} {g}") for g in curriculum.groups.order_by("id")]
        self.fields["group"].choices = [("", _("Mandatory")), *groups]  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[tuple[Any, Any, list[str]]]:
        """Fields in the order in which a block is described."""
        return [
            (_("Block"), "", ["code", "department", "months", "part_months"]),
            (_("When"), _("Empty fields set no bound."), ["earliest", "latest"]),
            (_("Electives"), "", ["group"]),
        ]

    @property
    def line(self) -> BlockLine:
        """What was typed."""
        typed = self.cleaned_data
        return BlockLine(
            code=typed["code"],
            department=typed["department"].code,
            months=typed["months"],
            part_months=typed["part_months"] or 0,
            earliest=(typed["earliest"] or 1) - 1,
            latest=None if typed["latest"] is None else typed["latest"] - 1,
            group=typed["group"],
        )


class GroupForm(forms.Form):
    """An elective group."""

    code = forms.CharField(label=pgettext_lazy("rotations", "Code"), max_length=20)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80)
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    choose = forms.IntegerField(
        label=_("How many of its blocks are done"), min_value=1, max_value=MOST_MONTHS, initial=1
    )

    @property
    def line(self) -> GroupLine:
        """What was typed."""
        return GroupLine(**self.cleaned_data)


class OrderForm(forms.Form):
    """One block comes before another."""

    before = forms.ChoiceField(label=_("First"))
    after = forms.ChoiceField(label=_("Then"))
    is_needed = forms.BooleanField(
        label=_("The second only for those who did the first"), required=False
    )

    def __init__(self, *args: Any, blocks: Iterable[CurriculumBlock], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(b.code, f"{b.code} {b.department}") for b in blocks]
        for name in ("before", "after"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def line(self) -> OrderLine:
        """What was typed."""
        return OrderLine(**self.cleaned_data)


class SheetsForm(forms.Form):
    """A workbook with a whole curriculum."""

    file = forms.FileField(
        label=_("Spreadsheet"),
        help_text=_("Three sheets: blocks, groups, orders. The download has the same form."),
    )
