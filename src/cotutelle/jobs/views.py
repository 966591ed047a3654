"""Background work: what runs, how far it is, how to stop it."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cotutelle.core.access import SIGNED_IN, requires, why_not
from cotutelle.jobs.enums import JobState
from cotutelle.jobs.models import Job
from cotutelle.jobs.queries import visible_to
from cotutelle.jobs.registry import kind_of, known_kinds
from cotutelle.jobs.services import BROKEN, CRASHED, UNKNOWN, stop_job
from cotutelle.people.models import Person
from cotutelle.ui.listing import Choice, Listing, Sort

STATE_KINDS = {
    JobState.QUEUED: "wait",
    JobState.RUNNING: "run",
    JobState.DONE: "ok",
    JobState.FAILED: "late",
    JobState.STOPPED: "due",
}


@requires(SIGNED_IN)
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    listing = Listing(
        request.GET,
        visible_to(cast(Person, request.user)),
        sorts=[
            Sort("new", _("newest first"), ["-id"]),
            Sort("kind", _("kind"), ["kind", "-id"]),
        ],
        choices=[
            Choice("state", _("State"), JobState.choices, "state"),
            Choice(
                "kind",
                _("Kind"),
                [(name, title_of(name)) for name in sorted(known_kinds())],
                "kind",
            ),
        ],
    )
    rows = [{"job": job, "shown": shown(job, request)} for job in listing.rows]
    return render(request, "jobs/job_list.html", {"listing": listing, "rows": rows})


@requires("jobs.view_job")
@require_safe
def job_page(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    job = _find(request, public_id)
    kind = kind_of(job.kind)
    back = kind.back_url(job) if kind and kind.back_url else reverse("jobs:jobs")
    return render(
        request, "jobs/job.html", {"job": shown(job, request), "row": job, "back_url": back}
    )


@requires("jobs.view_job")
@require_safe
def job_progress(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    job = _find(request, public_id)
    return render(request, "ui/partials/_progress.html", {"job": shown(job, request)})


@requires("jobs.stop_job")
@require_POST
def job_stop(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    job = _find(request, public_id)
    stop_job(job, actor=cast(Person, request.user))
    if job.state == JobState.STOPPED:
        messages.success(request, _("The job was stopped before it began."))
    else:
        messages.info(request, _("The job will stop at its next safe place."))
    return redirect("jobs:job", public_id)


def _find(request: HttpRequest, public_id: uuid.UUID) -> Job:
    return get_object_or_404(visible_to(cast(Person, request.user)), public_id=public_id)


def title_of(name: str) -> str:
    """Return what a kind of job is called."""
    kind = kind_of(name)
    return str(kind.title) if kind and kind.title else name


def shown(job: Job, request: HttpRequest) -> dict[str, Any]:
    """Return a job as the progress piece shows it."""
    kind = kind_of(job.kind)
    done = job.state == JobState.DONE and kind is not None and kind.done_url is not None
    may_stop = not job.is_over and why_not(request.user, "jobs.stop_job", job) is None
    page = reverse("jobs:job", args=[job.public_id])
    return {
        "id": job.public_id,
        "title": title_of(job.kind),
        "url": reverse("jobs:progress", args=[job.public_id]),
        "page_url": page,
        "finished": job.is_over,
        "percent": None if job.state == JobState.QUEUED else job.percent,
        "state_label": JobState(job.state).label,
        "state_kind": STATE_KINDS[JobState(job.state)],
        "says": says(job),
        "stop_url": reverse("jobs:stop", args=[job.public_id]) if may_stop else "",
        "stop_label": _("Stop the job"),
        "result_url": kind.done_url(job) if done and kind and kind.done_url else "",
        "result_label": str(kind.done_label or _("See the result")) if done and kind else "",
    }


def says(job: Job) -> str:
    """Return one sentence on where the job is."""
    if job.state == JobState.FAILED:
        return _failure(job)
    if job.stop_requested_at is not None and not job.is_over:
        return _("Stopping at the next safe place.")
    if job.state == JobState.RUNNING and job.total:
        return ngettext(
            "%(done)s of %(total)s step done.", "%(done)s of %(total)s steps done.", job.total
        ) % {"done": f"{job.done:,}", "total": f"{job.total:,}"}
    return {
        JobState.QUEUED: _("Waiting for its turn. You may close this page; the work goes on."),
        JobState.RUNNING: _("At work. You may close this page; the work goes on."),
        JobState.DONE: _("Finished."),
        JobState.STOPPED: _("Stopped. What was not finished was undone."),
    }[JobState(job.state)]


def _failure(job: Job) -> str:
    reasons = {
        CRASHED: _("The worker died several times during this job. Nothing is half done."),
        BROKEN: _("A fault in the program ended this job. Nothing is half done; it was logged."),
        UNKNOWN: _("This program no longer knows this kind of job."),
    }
    return job.error or reasons.get(job.error_code, job.error_code)
