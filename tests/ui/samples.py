"""Invented contents for every piece, and the pages that show them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django import forms
from django.template import engines

NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    display_name: str = "林静"
    role_line: str = "研究生院"


class RoundForm(forms.Form):
    name = forms.CharField(label="Name", help_text="Stands in every notice.")
    opens = forms.DateTimeField(label="Opens")
    rule = forms.ChoiceField(
        label="Rule",
        choices=[("ranked", "Ranked lists"), ("one", "One choice at a time")],
        widget=forms.RadioSelect,
        help_text="Fixed after publication.",
    )
    unit = forms.ChoiceField(label="Unit", choices=[("1", "A"), ("2", "B")])
    same = forms.BooleanField(label="Same discipline only", required=False)
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    minutes = forms.FileField(label="Minutes", required=False)
    token = forms.CharField(widget=forms.HiddenInput, required=False)

    groups = [
        ("Basics", "Name and time.", ["name", "opens"]),
        ("Rules", "", ["rule", "unit", "same", "note", "minutes"]),
    ]


RANKS: dict[str, Any] = {
    "categories": ["1", "2", "3", "none"],
    "series": [{"name": "Run 4", "values": [61, 24, 12, 9]}],
    "compare": {"name": "Run 3", "values": [59, 23, 13, 13]},
    "muted": [3],
    "category_name": "Choice",
}
PROGRESS: dict[str, Any] = {
    "categories": ["11/16", "11/17", "11/18"],
    "series": [
        {"name": "Students", "values": [90, 94, 94], "end": "Students 118 / 126"},
        {"name": "Mentors", "values": [70, 76, 79]},
    ],
    "max": 100,
    "unit": "%",
}


def frame() -> dict[str, Any]:
    """What the context processor of the site gives."""
    nav = [
        {"icon": "home", "label": "Home", "url": "/", "count": 5, "hot": True, "current": True},
        {"icon": "users", "label": "Mentors", "url": "/mentors/", "count": 0, "current": False},
    ]
    return {
        "nav": nav,
        "phone_nav": nav,
        "inbox_count": 3,
        "is_demo": True,
        "organisation_name": "Yunling Medical University",
        "person": Reader(),
        "languages": [("zh-hans", "中文", False), ("en", "EN", True)],
        "foot_title": "2026 round",
        "foot_text": "until 18:00",
    }


def pieces() -> dict[str, Any]:
    """Contents of every partial."""
    return {
        "ranks": RANKS,
        "progress": PROGRESS,
        "now": NOW,
        "form": RoundForm({"name": ""}),
        "submit_label": "Save the round",
        "cancel_url": "/rounds/",
        "tab_items": [
            {"label": "Overview", "url": "?tab=1", "current": True},
            {"label": "People", "url": "?tab=2", "count": 118},
        ],
        "figures": [{"label": "Places", "value": 2, "unit": "places"}],
        "steps": [{"phase": "done", "label": "Import", "detail": "2 Nov"}, {"phase": "now", "label": "Rank", "detail": "46 / 58"}],
        "entries": [{"when": NOW, "who": "周岚", "text": "Approved", "proxy": True, "changes": [{"label": "Places", "old": 12, "new": 13}]}],
        "problems": [{"sheet": "S", "row": 3, "column": "学号", "value": "", "reason": "A number is needed"}],
        "todos": [{"icon": "gavel", "kind": "late", "what": "Approve", "context": "one", "due": NOW, "url": "/x/", "action": "Approve 1 pin"}],
        "job": {"id": "7", "title": "Import", "state_label": "Running", "percent": 45, "says": "2,250 of 5,000", "url": "/job/", "stop_url": "/stop/", "stop_label": "Stop the import"},
        "verdict": {"passed": True, "title": "Verified", "by": "own program", "checks": [{"label": "No place too many", "count": "58"}], "facts": [{"label": "Digest", "value": "9f3c", "code": True}], "download_url": "/c/", "download_label": "Download the certificate"},
        "items": [{"id": n, "name": name, "detail": "imaging"} for n, name in enumerate(["Zhao", "Shen", "Gu"], 1)],
        "title": "Publish run 4",
        "says": "118 students will be told.",
        "changes": [{"icon": "mail", "text": "Students are told", "count": "118"}],
        "button": "Publish to 118 students",
        "reason": "Only the graduate school publishes results.",
        "step": 1,
        "step_dots": [1, 0, 0],
    }  # fmt: skip


_THING = """{% extends "ui/thing.html" %}{% load ct %}{% block title %}Run 4{% endblock %}
{% block scripts %}{% include "ui/partials/_chart_scripts.html" %}{% endblock %}
{% block heading %}Run 4{% endblock %}{% block state %}{% state label="Running" kind="run" %}{% endblock %}
{% block main %}{% include "ui/partials/_todo.html" %}{% include "ui/partials/_season.html" %}
{% chart "ranks" ranks "bar" says="Most got a first choice." %}{% chart "line" progress "line" says="Mentors follow." %}
{% chart "h" ranks "hbar" says="The same, lying." %}{% chart "st" progress "stackedbar" says="Stacked." %}
{% chart "sh" progress "share" says="Shares." %}{% include "ui/partials/_kf.html" %}
{% include "ui/partials/_history.html" %}{% include "ui/partials/_problems.html" %}
{% include "ui/partials/_progress.html" %}{% include "ui/partials/_verdict.html" %}
{% include "ui/partials/_note.html" with title="Honest" text="Rank as you wish." %}
{% include "ui/partials/_empty.html" with says="Agreements will be here." step_url="/new/" step_label="Make an agreement" %}
<form method="post" action="/prefs/" data-autosave>{% csrf_token %}{% include "ui/partials/_preference_list.html" %}
{% include "ui/partials/_autosave.html" %}</form>{% endblock %}
{% block nextbar %}<div class="acts"><button class="btn btn-primary">Publish to 118 students</button></div>{% endblock %}"""

_LIST = """{% extends "ui/list.html" %}{% load ct %}{% block title %}Students{% endblock %}
{% block heading %}Students{% endblock %}
{% block columns %}<th class="ct-pick"><input type="checkbox" data-pick-all aria-label="All"></th><th>Name</th><th>State</th>{% endblock %}
{% block rows %}{% for row in listing.rows %}<tr>{% pick row.id row.name %}<td class="wide"><a class="open" href="/s/{{ row.id }}/">{% who row.name "5+3" %}</a></td>
<td data-label="State">{% state label="Submitted" kind="ok" %}</td></tr>{% endfor %}{% endblock %}
{% block bulk %}<span data-picked></span><button class="btn btn-line" name="do" value="remind">Remind the students</button>{% endblock %}"""

_FORM = """{% extends "ui/form.html" %}{% block title %}Round{% endblock %}{% block heading %}New round{% endblock %}"""
_WHY = """{% extends "ui/why.html" %}{% block title %}Why{% endblock %}{% block heading %}Two others were ranked before you.{% endblock %}
{% block main %}{% include "ui/partials/_kf.html" %}{% endblock %}"""
_REPORT = """{% extends "ui/report.html" %}{% block title %}Report{% endblock %}{% block heading %}Report{% endblock %}
{% block paper %}<h2>Result</h2><p>109 of 118.</p>{% endblock %}"""
_THUMB = """{% extends "ui/thumb.html" %}{% load ct %}{% block title %}Week{% endblock %}{% block question %}How did it go?{% endblock %}
{% block main %}<button class="pick" name="answer" value="ok">{% icon "circle-check" %}<span><b>As planned</b></span></button>{% endblock %}"""
_BARE = """{% extends "ui/bare.html" %}{% load ct %}{% block title %}Sign in{% endblock %}{% block heading %}Sign in{% endblock %}
{% block main %}<form method="post">{% form_fields form %}<button class="btn btn-primary">Sign in</button></form>{% endblock %}"""

PAGES = {
    "thing": _THING,
    "list": _LIST,
    "form": _FORM,
    "why": _WHY,
    "report": _REPORT,
    "thumb": _THUMB,
    "bare": _BARE,
    "confirm": '{% extends "ui/confirm.html" %}',
    **{
        code: f'{{% extends "{code}.html" %}}'
        for code in ("400", "403", "403_csrf", "404", "409", "429", "500")
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    name: str


class StillListing:
    """The attributes of a listing that the page reads, without a query."""

    rows = [Row(n, f"Student {n}") for n in range(1, 6)]
    total = 5
    total_text = "5"
    pages = 3
    first, last = 1, 5
    previous_url, next_url = "", "?page=2"
    xlsx_url, csv_url, clear_url, query_string = "?format=xlsx", "?format=csv", "?", "q=a"
    sort_label = "Sorted by name"
    sort_links = [{"label": "Name", "url": "?", "current": True}]
    search = {"key": "q", "label": "Name or number", "value": ""}
    hidden_inputs = [("sort", "name")]
    chips = [{"label": "Late", "remove_url": "?"}]
    menus = [{"label": "Hospital", "options": [{"label": "First", "url": "?h=1"}]}]
    toggles = [{"label": "Late only", "url": "?late=1"}]


def render_page(name: str, **changes: Any) -> str:
    """Return one of ``PAGES`` with everything it may show."""
    context = {**frame(), **pieces(), "listing": StillListing(), "save_view_url": "/views/"}
    return engines["django"].from_string(PAGES[name]).render({**context, **changes})
