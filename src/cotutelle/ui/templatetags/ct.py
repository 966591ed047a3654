"""``{% load ct %}``: the tags and filters every page uses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, Select
from django.forms.widgets import CheckboxSelectMultiple, RadioSelect
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cotutelle.core import clock
from cotutelle.core.access import why_not
from cotutelle.ui import charts, dates
from cotutelle.ui.listing import Listing

register = template.Library()

STATE_ICONS = {
    "ok": "circle-check",
    "due": "clock",
    "late": "alert-circle",
    "wait": "circle-dashed",
    "run": "progress",
}
_AVATAR_COLOURS = ("", "b", "c", "d")


@register.simple_tag(takes_context=True)
def may(context: template.Context, permission: str) -> bool:
    """Tell whether the reader holds ``permission`` anywhere: no link leads to a refusal."""
    request = context.get("request")
    return request is not None and why_not(request.user, permission) is None


# ---------------------------------------------------------------- small pieces


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    return format_html('<i class="ti ti-{} {}" aria-hidden="true"></i>', name, css)


@register.simple_tag
def state(value: object = "", label: str = "", kind: str = "wait", icon: str = "") -> SafeString:
    """A state in a word, with its icon; ``value`` is the word unless ``label`` is given."""
    if kind not in STATE_ICONS:
        msg = f"state kind {kind!r} is none of {', '.join(STATE_ICONS)}"
        raise template.TemplateSyntaxError(msg)
    return format_html(
        '<span class="st st-{}"><i class="ti ti-{}" aria-hidden="true"></i>{}</span>',
        kind,
        icon or STATE_ICONS[kind],
        label or getattr(value, "label", str(value)),
    )


@register.simple_tag
def who(person: object, role: str = "", url: str = "", size: str = "") -> SafeString:
    """A person: initial, name, and a line about the role. ``person`` may be a name."""
    name = str(getattr(person, "display_name", person) or "")
    colour = _AVATAR_COLOURS[sum(map(ord, name)) % len(_AVATAR_COLOURS)]
    line = format_html("<small>{}</small>", role) if role else ""
    inside = format_html(
        '<span class="av {} {}" aria-hidden="true">{}</span><span><b>{}</b>{}</span>',
        colour,
        size,
        name[:1],
        name,
        line,
    )
    if url:
        return format_html('<a class="who" href="{}">{}</a>', url, inside)
    return format_html('<span class="who">{}</span>', inside)


@register.simple_tag
def bar(percent: float, kind: str = "") -> SafeString:
    """A bar in a table cell; the number itself stands beside it."""
    width = max(0, min(100, round(percent)))
    return format_html(
        '<svg class="bar {}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="8"/></svg>',
        kind,
        width,
    )


@register.simple_tag
def share(part: int, whole: int) -> str:
    """``51.7% (n = 118)``: a percentage never stands without its n."""
    if whole == 0:
        return _("none (n = 0)")
    return _("%(percent)s%% (n = %(whole)s)") % {
        "percent": f"{100 * part / whole:.1f}",
        "whole": f"{whole:,}",
    }


@register.simple_tag
def pick(value: object, label: object) -> SafeString:
    """The cell with a row's checkbox in a list with bulk actions."""
    return format_html(
        '<td class="ct-pick"><input class="form-check-input" type="checkbox" name="pick" '
        'value="{}" aria-label="{}"></td>',
        value,
        _("Select %(name)s") % {"name": label},
    )


@register.simple_tag
def pick_all() -> SafeString:
    """The head of the column of `pick`: a box that picks every row of the page."""
    return format_html(
        '<th scope="col" class="ct-pick"><input class="form-check-input" type="checkbox" '
        'data-pick-all aria-label="{}"></th>',
        _("Select all rows of this page"),
    )


@register.simple_tag
def sort_head(listing: Listing[Any], key: str, label: object, css: str = "") -> SafeString:
    """A column head that sorts; a second press turns round where the list offers ``-key``."""
    offered = {link.key: link for link in listing.sort_links}
    turned = offered.get(f"-{key}")
    order = ""
    if offered[key].current:
        order = "ascending"
    elif turned is not None and turned.current:
        order = "descending"
    target = turned if turned is not None and order == "ascending" else offered[key]
    arrow = {"ascending": "arrow-up", "descending": "arrow-down"}.get(order)
    return format_html(
        '<th scope="col" class="{}"{}><a href="{}">{}{}</a></th>',
        css,
        format_html(' aria-sort="{}"', order) if order else "",
        target.url,
        label,
        format_html('<i class="ti ti-{}" aria-hidden="true"></i>', arrow) if arrow else "",
    )


# ---------------------------------------------------------------- dates and numbers


@register.filter
def ct_date(value: dates.Moment) -> str:
    return dates.format_date(value or None)


@register.filter
def ct_datetime(value: dates.Moment) -> str:
    return dates.format_datetime(value or None)


@register.filter
def ct_time(value: dt.datetime | dt.time | None) -> str:
    return dates.format_time(value or None)


@register.filter
def ct_weekday(value: dates.Moment) -> str:
    return dates.format_weekday(value or None)


@register.filter
def ct_when(value: dt.datetime | None) -> str:
    """Relative words; the exact moment in the title."""
    if not value:
        return ""
    return format_html(
        '<time class="nw" datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        dates.format_datetime(value),
        dates.format_relative(value, clock.now()),
    )


@register.filter
def ct_number(value: float | Decimal | str | None) -> str:
    """``4,218``; a dash where there is no number."""
    return "–" if value is None or isinstance(value, str) else f"{value:,}"


# ---------------------------------------------------------------- larger pieces


@register.inclusion_tag("ui/pieces/chart.html")
def chart(  # noqa: PLR0917  the tag reads in this order
    id: str,  # noqa: A002  the page's own word
    data: Mapping[str, Any],
    kind: str,
    says: str,
    size: int = 200,
    says_hidden: bool = False,
) -> dict[str, Any]:
    """A chart with its sentence and its table twin; ``size`` is 120, 160, 200, 240 or 300."""
    if kind not in charts.KINDS:
        msg = f"chart kind {kind!r} is none of {', '.join(charts.KINDS)}"
        raise template.TemplateSyntaxError(msg)
    twin = charts.build_twin(data)
    return {
        "id": id,
        "source": f"{id}-data",
        "data": data,
        "kind": kind,
        "says": says,
        "says_hidden": says_hidden,
        "size": size,
        "twin": twin,
    }


@register.inclusion_tag("ui/pieces/tabs.html")
def tabs(items: Sequence[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """Tabs as links; each item has ``label``, ``url``, ``current`` and perhaps ``count``."""
    return {"items": items, "label": label or _("Parts of this page")}


@register.inclusion_tag("ui/pieces/field.html")
def field(bound: BoundField, label: str = "", wide: bool = False) -> dict[str, Any]:
    """A form field with its label, help and errors, tied together for screen readers."""
    widget = bound.field.widget
    grouped = isinstance(widget, (RadioSelect, CheckboxSelectMultiple))
    if grouped:
        css = ""
    elif isinstance(widget, CheckboxInput):
        css = "form-check-input"
    else:
        css = "form-select" if isinstance(widget, Select) else "form-control"
    own = str(widget.attrs.get("class", ""))
    invalid = "is-invalid" if bound.errors and not grouped else ""
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, (css, own, invalid)))}
    return {
        "bound": bound,
        "label": label or bound.label,
        "grouped": grouped,
        "check": isinstance(widget, CheckboxInput),
        "wide": wide,
        "control": mark_safe(bound.as_widget(attrs=attrs)),  # noqa: S308  Django's own widget
    }


@register.inclusion_tag("ui/pieces/form_fields.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """Error summary, hidden and visible fields; ``form.groups`` = ``[(title, help, names)]`` groups them."""
    named = getattr(form, "groups", None)
    groups = [
        {"title": title, "help": text, "fields": [form[name] for name in names]}
        for title, text, names in named or ()
    ]
    return {"form": form, "groups": groups, "plain": [] if named else form.visible_fields()}


@register.inclusion_tag("ui/pieces/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """All errors of a form on top of it, each a link to its field."""
    faulty = [bound for bound in form if bound.errors]
    return {"form": form, "faulty": faulty, "general": form.non_field_errors()}


@register.simple_tag
def file_size(size_bytes: int | None) -> str:
    """``86 KB``: sizes as file managers show them."""
    if size_bytes is None:
        return ""
    if size_bytes < 1024:  # noqa: PLR2004
        return f"{size_bytes} B"
    if size_bytes < 1024**2:
        return f"{size_bytes / 1024:.0f} KB"
    return f"{size_bytes / 1024**2:.1f} MB"
