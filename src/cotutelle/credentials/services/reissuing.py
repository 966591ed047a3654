"""
Issuing anew what a compromised key took down: a few at once, many in the background.

Each certificate is a transaction of its own: the old one is revoked and the new one made, or neither.
So whoever is cut off goes on where it was, and nobody gets two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.credentials.models import Award, Credential, IssuerKey
from cotutelle.credentials.queries.credentials import (
    REISSUE_JOB,
    is_to_be_reissued,
    reissuing_of,
    to_reissue,
)
from cotutelle.credentials.services.common import need_reason
from cotutelle.credentials.services.issuer_keys import hold_keys
from cotutelle.credentials.services.issuing import keep_batch, make_credential, tell_holder
from cotutelle.credentials.services.standing import end_credential
from cotutelle.jobs.models import Job
from cotutelle.jobs.services import start_job
from cotutelle.people.models import Person


@transaction.atomic
def reissue(credential: Credential, reason: str, *, actor: Person) -> Credential:
    """
    Issue a certificate anew with the key in use, until the same day, and revoke the old one.

    For certificates that a compromised key took down; kept as a decision, as of every batch.
    Refuses with ``credential.reissue`` (its key is good; or it has expired, is suspended or
    revoked, or was erased) and ``credential.reason``.
    """
    started = time.process_time()
    made = _replace(credential, reason, actor=actor)
    if made.award is not None:
        keep_batch([made.award], cpu_seconds=time.process_time() - started, actor=actor)
    return made


@transaction.atomic
def _replace(credential: Credential, reason: str, *, actor: Person) -> Credential:
    check(actor, "credentials.issue_award", credential)
    text = need_reason(reason, "credential")
    hold_keys(credential.unit)
    old = Credential.objects.select_for_update().get(pk=credential.pk)
    award = old.award
    if award is None or not is_to_be_reissued(old):
        raise RuleViolation(
            "credential.reissue",
            _(
                "Only a certificate that still holds and that a compromised key signed is issued anew."
            ),
        )
    end_credential(old, text, actor=actor)
    old.award = None
    old.save(update_fields=["award"])
    made = make_credential(award, actor=actor, replaces=old)
    tell_holder("credentials.issued_again", made)
    return made


@transaction.atomic
def start_reissuing(key: IssuerKey, *, actor: Person) -> Job:
    """
    Issue anew in the background what ``key`` took down; a stop keeps what is done.

    While such work is under way it is returned, and no other begun. What work that broke off had
    done is kept as a decision with the rest. Refuses with ``key.nothing``.
    """
    check(actor, "credentials.issue_award", key)
    hold_keys(key.unit)
    last = reissuing_of(key)
    if last is not None and not last.is_over:
        return last
    awards = [one.award_id for one in to_reissue(key)]
    if not awards:
        raise RuleViolation("key.nothing", _("Nothing is left to be issued anew."))
    if last is not None and last.result is None:
        awards += _renewed(key, last.args["award_ids"]).values_list("pk", flat=True)
    args = {"key_id": key.pk, "award_ids": awards}
    return start_job(REISSUE_JOB, actor=actor, unit=key.unit, subject=key, args=args)


def reissue_all(
    key: IssuerKey,
    awards: Sequence[Award],
    *,
    actor: Person,
    progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """
    Issue the certificates of ``awards`` anew that ``key`` signed; return how many have a new one.

    What somebody else changed meanwhile, or issued anew before a crash, is passed over. What came
    of it is kept as a decision, as of every batch.
    """
    started = time.process_time()
    reason = _("The key that had signed it is no longer trusted.")
    for done, award in enumerate(awards):
        progress(done, len(awards))
        if should_stop():
            break
        old = Credential.objects.select_related("unit").filter(award=award, key=key).first()
        if old is None:
            continue
        try:
            _replace(old, reason, actor=actor)
        except Refused:
            raise
        except RuleViolation:
            continue
    else:
        progress(len(awards), len(awards))
    made = list(_renewed(key, [one.pk for one in awards]).select_related("achievement"))
    keep_batch(made, cpu_seconds=time.process_time() - started, actor=actor)
    return len(made)


def _renewed(key: IssuerKey, awards: Sequence[int]) -> QuerySet[Award]:
    """Return those of ``awards`` whose certificate another key than ``key`` has signed."""
    anew = Credential.objects.filter(award__in=awards).exclude(key=key)
    return Award.objects.filter(pk__in=anew.values("award")).order_by("pk")
