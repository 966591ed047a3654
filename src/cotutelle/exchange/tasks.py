"""The job that imports the rows of a checked file."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cotutelle.exchange.models import ImportRun
from cotutelle.exchange.services import JOB_KIND, apply_now, release_import
from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import handler

if TYPE_CHECKING:
    from cotutelle.jobs.registry import JobHandle


class Stopped(Exception):
    """The person pressed stop; the transaction is rolled back."""


def _page(job: Job) -> str:
    return reverse("exchange:run", args=[job.args["run"]])


def _release(job: Job) -> None:
    release_import(ImportRun.objects.get(public_id=job.args["run"]))


@handler(
    JOB_KIND,
    title=_("Import of a spreadsheet"),
    done_url=_page,
    done_label=_("See what was imported"),
    back_url=_page,
    atomic=True,
    on_failed=_release,
)
def run_import(handle: JobHandle, *, run: str, good_only: bool) -> dict[str, Any]:
    """Import the rows; whatever goes wrong, nothing is half done and it can be tried again."""
    subject = ImportRun.objects.select_related("unit", "actor", "file").get(public_id=run)
    total = subject.good_count

    def progress(done: int) -> None:
        handle.progress(done, total)
        if handle.should_stop():
            raise Stopped

    try:
        counts = apply_now(subject, good_only=good_only, progress=progress)
    except Stopped:
        release_import(subject)
        return {"imported": False}
    return {"imported": counts is not None, **(asdict(counts) if counts else {})}
