"""Alerts about hours in words of the reader's language, made when they are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from cotutelle.core.i18n import is_chinese
from cotutelle.notices.wording import readable
from cotutelle.rotations.enums import AlertKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_SHORT = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FIGURES = {
    AlertKind.CLINICAL_HIGH: _("%(value)s h a week in the clinic; at most %(bound)s h"),
    AlertKind.TOTAL_HIGH: _("%(value)s h a week in all; at most %(bound)s h"),
    AlertKind.RESEARCH_LOW: _("%(value)s h a week for research; at least %(bound)s h"),
    AlertKind.BALANCE_LOW: _("%(value)s h of research time owed; alarm at %(bound)s h"),
}


def short_day(day: dt.date) -> str:
    """Return a day without its year: ``11/16`` or ``16 Nov``."""
    return f"{day.month}/{day.day}" if is_chinese() else f"{day.day} {_SHORT[day.month - 1]}"


def figure_text(kind: str, figures: Mapping[str, Any]) -> str:
    """Return what was measured and what may be."""
    words = {name: f"{float(value):g}" for name, value in figures.items()}
    return str(_FIGURES[AlertKind(kind)]) % words


def with_alert(text: StrOrPromise) -> Callable[[Mapping[str, Any]], str]:
    """
    Return ``text`` as a function of stored parameters, for notices and tasks.

    Of ``kind`` and ``figures`` it makes ``alert`` and ``figure``.
    """

    def words(params: Mapping[str, Any]) -> str:
        if "kind" not in params:  # the label of all such tasks asks without parameters
            return str(text)
        said = {name: readable(value) for name, value in params.items()}
        said["alert"] = AlertKind(params["kind"]).label
        said["figure"] = figure_text(params["kind"], params["figures"])
        return str(text) % said

    return words
