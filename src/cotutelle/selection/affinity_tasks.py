"""Affinity in the background: on request, when a round opens, and every night."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle, handler
from cotutelle.selection.enums import RoundState
from cotutelle.selection.models import Offer, Participant, Round
from cotutelle.selection.services.affinity import JOB, compute_affinity
from cotutelle.selection.services.search_index import index_offers


def _done_url(job: Job) -> str:
    if job.args.get("participant_id"):
        return reverse("selection:find")
    round_ = Round.objects.filter(pk=job.args.get("round_id")).first()
    return reverse("selection:round", args=[round_.public_id]) if round_ else reverse("web:home")


@handler(
    JOB,
    title=_("Compute affinity"),
    done_url=_done_url,
    done_label=_("See the offers by affinity"),
    back_url=_done_url,
)
def run(handle: JobHandle, round_id: int, participant_id: int | None = None) -> dict[str, Any]:
    """Compute the affinity of one participant, or of everybody in the round."""
    round_ = Round.objects.get(pk=round_id)
    chosen = None
    if participant_id:
        chosen = Participant.objects.filter(pk=participant_id)
    else:
        index_offers(Offer.objects.filter(round=round_))
    done = compute_affinity(
        round_, participants=chosen, progress=handle.progress, should_stop=handle.should_stop
    )
    unread = done.unread.get(participant_id, ()) if participant_id else ()
    return {"students": done.students, "encoded": done.encoded, "unread": list(unread)}


@app.periodic(cron="30 3 * * *")
@app.task(name="cotutelle.selection.affinity_nightly", queueing_lock="selection.affinity_nightly")
def refresh_nightly(timestamp: int) -> None:
    """Every night: take up what mentors and students changed during the day."""
    for round_ in Round.objects.filter(state=RoundState.RANKING):
        index_offers(Offer.objects.filter(round=round_))
        compute_affinity(round_)
