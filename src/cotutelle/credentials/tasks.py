"""What the worker does for this room: issues batches, signs lists, gives witnesses copies."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from cotutelle.core.clock import today
from cotutelle.credentials.models import Award, IssuerKey
from cotutelle.credentials.queries.credentials import REISSUE_JOB
from cotutelle.credentials.services import digest, issuing, mirroring, reissuing, status_lists
from cotutelle.credentials.services.common import PUBLISH_TASK
from cotutelle.jobs.models import Job
from cotutelle.jobs.registry import JobHandle, handler


def _done_page(job: Job) -> str:
    return reverse("credentials:credentials") + "?sort=new"


def _issue_page(job: Job) -> str:
    return reverse("credentials:issue")


@handler(
    issuing.JOB,
    title=_("Issue certificates"),
    done_url=_done_page,
    done_label=_("See the certificates"),
    back_url=_issue_page,
)
def issue(handle: JobHandle, unit_id: int, award_ids: list[int]) -> dict[str, Any]:
    """Issue the chosen certificates one by one; asked to stop, those that are done stay."""
    rows = Award.objects.filter(pk__in=award_ids, achievement__unit=unit_id)
    run = issuing.issue_awards(
        list(rows.select_related("achievement__unit", "student__person").order_by("pk")),
        actor=handle.job.actor,
        progress=handle.progress,
        should_stop=handle.should_stop,
    )
    return {"issued": run.result["issued"] if run else 0}


def _key_page(job: Job) -> str:
    key = IssuerKey.objects.filter(pk=job.args["key_id"]).first()
    return reverse("credentials:key", args=[key.public_id]) if key else reverse("credentials:keys")


@handler(
    REISSUE_JOB,
    title=_("Issue certificates anew"),
    done_url=_key_page,
    done_label=_("See the key"),
    back_url=_key_page,
)
def reissue(handle: JobHandle, key_id: int, award_ids: list[int]) -> dict[str, Any]:
    """Issue anew what a compromised key took down, one by one; what is done stays."""
    rows = Award.objects.filter(pk__in=award_ids)
    made = reissuing.reissue_all(
        IssuerKey.objects.get(pk=key_id),
        list(rows.select_related("achievement__unit", "student__person").order_by("pk")),
        actor=handle.job.actor,
        progress=handle.progress,
        should_stop=handle.should_stop,
    )
    return {"issued": made, "left": len(award_ids) - made}


@app.task(name=PUBLISH_TASK, queueing_lock=PUBLISH_TASK)
def publish() -> None:
    """Sign what changed, then give the witnesses what they lack."""
    status_lists.publish_lists()
    mirroring.mirror_all()


@app.periodic(cron="*/5 * * * *")
@app.task(name="cotutelle.credentials.follow", queueing_lock="cotutelle.credentials.follow")
def follow(timestamp: int) -> None:
    """Every five minutes: what was left behind, and copies for witnesses once it is logged."""
    status_lists.publish_lists()
    mirroring.mirror_all()


@app.periodic(cron="10 3 * * *")
@app.task(name="cotutelle.credentials.refresh", queueing_lock="cotutelle.credentials.refresh")
def refresh(timestamp: int) -> None:
    """Every night: sign lists anew that are older than a day."""
    status_lists.refresh_lists()


@app.periodic(cron="30 8 1 * *")
@app.task(name="cotutelle.credentials.digest", queueing_lock="cotutelle.credentials.digest")
def tell_partners(timestamp: int) -> None:
    """On the first of each month: what was entered in each partner's name in the last one."""
    digest.tell_partners(today().replace(day=1) - dt.timedelta(days=1))
