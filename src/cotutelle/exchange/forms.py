"""What a person says before and after the upload."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cotutelle.exchange.importing import Importer
from cotutelle.exchange.models import ImportRun
from cotutelle.exchange.queries import Loaded
from cotutelle.exchange.reading import letter
from cotutelle.institutions.models import Unit
from cotutelle.people.models import Person

_EXAMPLES = 3


class UploadForm(forms.Form):
    """Unit, options of the kind, file."""

    unit = forms.ChoiceField(label=_("Into which unit"))
    file = forms.FileField(
        label=_("File"),
        help_text=_("Excel (.xlsx, .xlsm) or CSV. Nothing is changed by the upload."),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.csv,.txt"}),
    )

    def __init__(
        self, *args: Any, importer: Importer, actor: Person, units: list[Unit], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.units = {str(u.public_id): u for u in units}
        self.fields["unit"].choices = [  # type: ignore[attr-defined]
            (key, "\u3000" * (u.path.count("/") - 1) + u.display_name)
            for key, u in self.units.items()
        ]
        self.option_names = [o.name for o in importer.options]
        for option in importer.options:
            pairs = {str(v): str(label) for u in units for v, label in option.choices(actor, u)}
            self.fields[option.name] = forms.ChoiceField(
                label=option.label, help_text=option.help, choices=list(pairs.items())
            )
        self.order_fields(["unit", *self.option_names, "file"])


class MappingForm(forms.Form):
    """One select per column of the kind: the columns of the sheet, with what stands in them."""

    def __init__(self, *args: Any, loaded: Loaded, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        run: ImportRun = loaded.run
        choices = [("", _("(not in this file)")), *sheet_columns(loaded)]
        for column in loaded.importer.columns:
            index = run.mapping.get(column.name)
            self.fields[f"column_{column.name}"] = forms.ChoiceField(
                label=column.label,
                help_text=column.help,
                required=column.required,
                choices=choices,
                initial="" if index is None else str(index),
            )

    def mapping(self) -> dict[str, int]:
        """Return column name → index in the sheet."""
        return {
            name.removeprefix("column_"): int(value)
            for name, value in self.cleaned_data.items()
            if value
        }


class HeaderForm(forms.Form):
    """Where the header is, when it was not found."""

    sheet = forms.ChoiceField(label=_("Sheet"))
    header_row = forms.IntegerField(label=_("Row of the header"), min_value=1)

    def __init__(self, *args: Any, loaded: Loaded, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sheet"].choices = [  # type: ignore[attr-defined]
            (str(n), s.name or "CSV") for n, s in enumerate(loaded.book.sheets)
        ]
        self.fields["sheet"].initial = str(loaded.run.sheet)
        self.fields["header_row"].initial = loaded.run.header_row + 1


def sheet_columns(loaded: Loaded) -> list[tuple[str, str]]:
    """Return (index, "B 姓名: 张三, 李四") for each column of the sheet."""
    rows = loaded.sheet.rows[loaded.header.first_data_row :][: _EXAMPLES * 4]
    named: list[tuple[str, str]] = []
    for index, label in enumerate(loaded.header.labels):
        seen = [row[index] for row in rows if index < len(row) and row[index].strip()][:_EXAMPLES]
        shown = ", ".join(text[:20] for text in seen)
        if label or shown:
            named.append((str(index), f"{letter(index)} {label}: {shown}".replace(" :", ":")))
    return named
