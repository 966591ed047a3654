"""Intention forms of many students, as a job."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle, handler
from cotutelle.selection.enums import ParticipantState
from cotutelle.selection.models import Round
from cotutelle.selection.services.papers import issue_intention_form

INTENTION_FORMS = "selection.intention_forms"


def _papers_url(job: Job) -> str:
    round_ = Round.objects.filter(pk=job.args.get("round")).first()
    return reverse("selection:papers", args=[round_.public_id]) if round_ else ""


@handler(
    INTENTION_FORMS,
    title=_("Issue intention forms"),
    done_url=_papers_url,
    done_label=_("Open the papers"),
    back_url=_papers_url,
    atomic=True,
)
def issue_forms(handle: JobHandle, *, round: int, participants: list[str]) -> dict[str, Any]:  # noqa: A002  the key of the job's arguments
    """Issue the forms of the students named by public key, of all without any name."""
    rows = Round.objects.get(pk=round).participants.filter(state=ParticipantState.ACTIVE)
    if participants:
        rows = rows.filter(public_id__in=participants)
    found = list(
        rows.select_related(
            "round__policy", "round__unit", "student__person", "student__unit"
        ).order_by("student__person__name_sort", "id")
    )
    issued = 0
    for one in found:
        if handle.should_stop():
            break
        issue_intention_form(one, actor=handle.job.actor)
        issued += 1
        handle.progress(issued, len(found))
    return {"issued": issued}
