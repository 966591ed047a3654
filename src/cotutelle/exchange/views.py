"""Spreadsheets over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cotutelle.core.access import check, requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.exchange import queries, registry, services, sheets
from cotutelle.exchange.enums import RUN_TRANSITIONS, RunState
from cotutelle.exchange.forms import HeaderForm, MappingForm, UploadForm
from cotutelle.exchange.importing import Importer, Problem
from cotutelle.exchange.models import ImportRun
from cotutelle.exchange.reading import letter
from cotutelle.jobs.enums import JobState
from cotutelle.ledger.queries import history_of
from cotutelle.ui.downloads import XLSX, attachment

SHOWN_PROBLEMS = 200
RECENT_RUNS = 20
_PROBLEM_FIELDS = ("row", "column", "code", "message", "value", "key")


@requires("exchange.import_tables")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    runs = list(queries.visible_to(_actor(request)).order_by("-id")[:RECENT_RUNS])
    context = {
        "kinds": queries.kinds_for(_actor(request)),
        "runs": [(run, _kind_label(run), state_kind(run)) for run in runs],
    }
    return render(request, "exchange/home.html", context)


@requires("exchange.import_tables")
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, kind: str) -> HttpResponse:
    importer = _importer(request, kind)
    actor = _actor(request)
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        importer=importer,
        actor=actor,
        units=queries.units_for(actor, importer),
    )
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            run = services.start_import(
                kind,
                actor=actor,
                unit=form.units[form.cleaned_data["unit"]],
                content=upload.read(),
                name=upload.name,
                options={name: form.cleaned_data[name] for name in form.option_names},
            )
            if run.state == RunState.MAPPED:
                services.check_import(run, actor=actor)
        except RuleViolation as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return redirect("exchange:run", run.public_id)
    status = 422 if form.is_bound else 200
    context = {"importer": importer, "form": form, "columns": importer.columns}
    return render(request, "exchange/start.html", context, status=status)


@requires("exchange.import_tables")
@require_GET
def template(request: HttpRequest, kind: str) -> HttpResponse:
    importer = _importer(request, kind)
    return attachment(sheets.template(importer), f"{importer.label}.xlsx", XLSX)


@requires("exchange.import_tables")
@require_GET
def run_detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = _run(request, public_id)
    if run.state == RunState.APPLYING and run.job and run.job.state in _ENDED_BADLY:
        services.release_import(run)
    owner = why_not(_actor(request), "exchange.change_import", run) is None
    if owner and run.state == RunState.UPLOADED:
        return redirect("exchange:columns", run.public_id)
    in_other_words = run.state == RunState.CHECKED and run.language != get_language()
    if owner and (run.state == RunState.MAPPED or in_other_words):
        services.check_import(run, actor=_actor(request))
    return render(request, "exchange/run.html", _run_context(run, owner=owner))


@requires("exchange.import_tables")
@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = _run(request, public_id)
    actor = _actor(request)
    check(actor, "exchange.change_import", run)
    if RunState.MAPPED not in RUN_TRANSITIONS[RunState(run.state)]:
        return redirect("exchange:run", run.public_id)
    loaded = queries.load(run)
    moving = "header_row" in request.POST
    form = MappingForm(None if moving else request.POST or None, loaded=loaded)
    header = HeaderForm(request.POST if moving else None, loaded=loaded)
    try:
        if moving and header.is_valid():
            values = header.cleaned_data
            services.choose_header(run, int(values["sheet"]), values["header_row"], actor=actor)
            return redirect("exchange:columns", run.public_id)
        if not moving and form.is_bound and form.is_valid():
            services.map_columns(run, form.mapping(), actor=actor)
            services.check_import(run, actor=actor)
            return redirect("exchange:run", run.public_id)
    except RuleViolation as error:
        target = header if moving else form
        target.add_error(error.field if error.field in target.fields else None, str(error))
    context = {
        "run": run,
        "importer": loaded.importer,
        "form": form,
        "header_form": header,
        "found": len(run.mapping),
        "sheet_name": loaded.sheet.name,
    }
    status = 422 if form.errors or header.errors else 200
    return render(request, "exchange/columns.html", context, status=status)


@requires("exchange.import_tables")
@require_POST
def decide(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = _run(request, public_id)
    asked = {q["key"]: {c["value"] for c in q["choices"]} for q in run.questions}
    decisions = {
        key: value
        for number, key in enumerate(asked)
        if (value := request.POST.get(f"question_{number}", "")) in asked[key]
    }
    keep = request.POST.get("keep_first")
    services.check_import(
        run,
        actor=_actor(request),
        decisions=decisions,
        keep_first=None if keep is None else keep == "1",
    )
    return redirect("exchange:run", run.public_id)


@requires("exchange.import_tables")
@require_POST
def apply(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = _run(request, public_id)
    good_only = request.POST.get("rows") == "good"
    job = services.apply_import(run, actor=_actor(request), good_only=good_only)
    return redirect("jobs:job", job.public_id)


@requires("exchange.import_tables")
@require_POST
def discard(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = _run(request, public_id)
    services.discard_import(run, actor=_actor(request))
    return redirect("exchange:home")


@requires("exchange.import_tables")
@require_GET
def problems(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = _run(request, public_id)
    loaded = queries.load(run)
    found = [Problem(**{n: p[n] for n in _PROBLEM_FIELDS}) for p in run.problems]
    content = sheets.marked(loaded.sheet, loaded.header, run.mapping, found)
    return attachment(content, f"{_('Problems')} {run.file.name}.xlsx", XLSX)


_ENDED_BADLY = frozenset({JobState.FAILED, JobState.STOPPED})
_STATE_KINDS = {
    RunState.UPLOADED: "wait",
    RunState.MAPPED: "wait",
    RunState.CHECKED: "due",
    RunState.APPLYING: "run",
    RunState.APPLIED: "ok",
    RunState.DISCARDED: "wait",
}


def state_kind(run: ImportRun) -> str:
    """Return the kind of badge for the state of ``run``."""
    return _STATE_KINDS[RunState(run.state)]


def _run_context(run: ImportRun, *, owner: bool) -> dict[str, Any]:
    importer = registry.find(run.kind)
    loaded = queries.load(run)
    labels = {c.name: c.label for c in importer.columns}

    def shown(problem: dict[str, Any]) -> dict[str, Any]:
        index = run.mapping.get(problem["column"])
        at = "" if index is None else f"{letter(index)}{problem['row']} "
        return {
            "sheet": loaded.sheet.name,
            "row": problem["row"],
            "column": f"{at}{labels[problem['column']]}",
            "value": problem["value"],
            "reason": problem["message"],
        }

    open_questions = {p["key"] for p in run.problems if p["key"]}
    questions = [
        {
            **q,
            "number": n,
            "is_open": q["key"] in open_questions,
            "answer": run.decisions.get(q["key"]),
        }
        for n, q in enumerate(run.questions)
    ]
    cells = [p for p in run.problems if not p["choices"]]
    return {
        "run": run,
        "importer": importer,
        "owner": owner,
        "state_kind": state_kind(run),
        "problems": [shown(p) for p in cells[:SHOWN_PROBLEMS]],
        "hidden_problems": max(0, run.problem_count - len(open_questions) - SHOWN_PROBLEMS),
        "cell_problem_count": run.problem_count - len(open_questions),
        "questions": questions,
        "open_questions": len(open_questions),
        "figures": _figures(run),
        "mapped": [
            (c.label, letter(run.mapping[c.name]), loaded.header.labels[run.mapping[c.name]])
            for c in importer.columns
            if c.name in run.mapping
        ],
        "entries": history_of(run),
        "job_failed": bool(run.job and run.job.state in _ENDED_BADLY),
    }


def _figures(run: ImportRun) -> list[dict[str, Any]]:
    done = run.state == RunState.APPLIED
    names = (
        ("created", pgettext("rows", "Created") if done else _("To be created")),
        ("updated", _("Updated") if done else _("To be updated")),
        ("unchanged", _("Unchanged")),
        ("skipped", _("Left out") if done else _("Duplicates left out")),
    )
    return [{"label": label, "value": run.counts.get(name, 0)} for name, label in names]


def _kind_label(run: ImportRun) -> str:
    return next((str(i.label) for i in registry.every() if i.kind == run.kind), run.kind)


def _actor(request: HttpRequest) -> Any:
    return request.user


def _importer(request: HttpRequest, kind: str) -> Importer:
    importer = registry.find(kind)
    check(request.user, importer.permission)
    return importer


def _run(request: HttpRequest, public_id: UUID) -> ImportRun:
    return get_object_or_404(queries.visible_to(_actor(request)), public_id=public_id)
