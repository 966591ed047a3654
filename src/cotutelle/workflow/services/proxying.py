"""Standing in for somebody (代办): with a signed paper, and with the right to object."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, models, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.clock import now, today
from cotutelle.core.errors import Refused, RuleViolation
from cotutelle.files.services import store_file
from cotutelle.ledger.services import record
from cotutelle.notices.services import notify
from cotutelle.notices.wording import bilingual, day, moment
from cotutelle.people.models import Person
from cotutelle.people.queries import holders
from cotutelle.workflow.enums import ProxyState
from cotutelle.workflow.models import ProxyAct, ProxyAuthorisation
from cotutelle.workflow.proxies import handler_of
from cotutelle.workflow.queries import authorisation_of
from cotutelle.workflow.rules import OFFICE_ROLES

OBJECTION_WINDOW = dt.timedelta(hours=48)
LONGEST = dt.timedelta(days=366)
DOCUMENT_PURPOSE = "workflow.proxy"


@transaction.atomic
def authorise(
    principal: Person,
    agent: Person,
    *,
    starts_on: dt.date,
    ends_on: dt.date,
    document: Any,
    actor: Person,
) -> ProxyAuthorisation:
    """
    Record that ``agent`` may act for ``principal``, with the signed paper; both are told.

    Parameters
    ----------
    document
        Upload or bytes of the signed authorisation (PDF or picture).

    Raises
    ------
    RuleViolation
        ``proxy.same_person``, ``proxy.period``, ``proxy.no_unit``, ``proxy.overlap``; those of
        `store_file`.
    """
    proxy = ProxyAuthorisation(
        principal=principal,
        agent=agent,
        unit=principal.unit,
        starts_on=starts_on,
        ends_on=ends_on,
        created_by=actor,
        created_at=now(),
    )
    if principal.unit is None:
        raise RuleViolation("proxy.no_unit", _("This person belongs to no unit."))
    check(actor, "workflow.create_proxy", proxy)
    _check_authorisation(proxy)
    proxy.document = store_file(
        document, actor=actor, unit=principal.unit, purpose=DOCUMENT_PURPOSE
    )
    try:
        with transaction.atomic():
            proxy.save()
    except IntegrityError as error:
        raise RuleViolation(
            "proxy.overlap",
            _("An authorisation of these two people covers part of this period already."),
            field="starts_on",
        ) from error
    record(
        "workflow.proxy.authorised",
        actor=actor,
        subject=proxy,
        after={"starts_on": starts_on, "ends_on": ends_on},
    )
    notify(
        {principal, agent},
        "workflow.proxy_authorised",
        params={
            "agent": bilingual(agent),
            "principal": bilingual(principal),
            "from": day(starts_on),
            "until": day(ends_on),
        },
        url=reverse("workflow:proxies"),
        unit=proxy.unit,
    )
    return proxy


def _check_authorisation(proxy: ProxyAuthorisation) -> None:
    if proxy.principal_id == proxy.agent_id:
        raise RuleViolation(
            "proxy.same_person", _("Nobody stands in for themselves."), field="agent"
        )
    if proxy.ends_on < proxy.starts_on or proxy.ends_on < today():
        raise RuleViolation(
            "proxy.period", _("The last day lies before the first, or has passed."), field="ends_on"
        )
    if proxy.ends_on - proxy.starts_on > LONGEST:
        raise RuleViolation(
            "proxy.period", _("An authorisation holds for one year at most."), field="ends_on"
        )


@transaction.atomic
def revoke_authorisation(proxy: ProxyAuthorisation, *, actor: Person) -> None:
    """
    End an authorisation now; both people are told. What was done under it stays.

    Raises
    ------
    RuleViolation
        ``proxy.revoked``: it was revoked before.
    """
    check(actor, "workflow.revoke_proxy", proxy)
    changed = ProxyAuthorisation.objects.filter(pk=proxy.pk, state=ProxyState.ACTIVE).update(
        state=ProxyState.REVOKED, revoked_at=now()
    )
    if not changed:
        raise RuleViolation("proxy.revoked", _("This authorisation was revoked before."))
    proxy.refresh_from_db()
    record("workflow.proxy.revoked", actor=actor, subject=proxy)
    notify(
        {proxy.principal, proxy.agent},
        "workflow.proxy_revoked",
        params={"agent": bilingual(proxy.agent), "principal": bilingual(proxy.principal)},
        url=reverse("workflow:proxies"),
        unit=proxy.unit,
    )


@transaction.atomic
def act_for(agent: Person, principal: Person, *, action: str, subject: models.Model) -> ProxyAct:
    """
    Note that ``agent`` does ``action`` on ``subject`` for ``principal``, who is told.

    The caller records its own action with ``on_behalf_of=principal``.

    Raises
    ------
    Refused
        ``proxy.none``: no authorisation holds today.
    """
    proxy = authorisation_of(agent, principal)
    if proxy is None or not agent.is_active:
        raise Refused(
            _("You have no authorisation in force to act for %(name)s.")
            % {"name": principal.display_name},
            code="proxy.none",
        )
    at = now()
    act = ProxyAct.objects.create(
        authorisation=proxy,
        action=action,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        at=at,
        objection_until=at + OBJECTION_WINDOW,
    )
    notify(
        [principal],
        "workflow.acted_for_you",
        params={
            "agent": bilingual(agent),
            "action": action,
            "until": moment(act.objection_until),
        },
        url=reverse("workflow:acts"),
        unit=proxy.unit,
    )
    return act


@transaction.atomic
def object_to_act(act: ProxyAct, *, objection: str, actor: Person) -> None:
    """
    Object to what was done in one's name, within 48 hours.

    The agent and the offices of the unit are told; the room of the action may undo it.

    Raises
    ------
    RuleViolation
        ``proxy.objection_empty``, ``proxy.too_late``, ``proxy.objected``.
    """
    check(actor, "workflow.object_to_act", act.authorisation)
    text = objection.strip()
    if not text:
        raise RuleViolation(
            "proxy.objection_empty", _("Write what you object to."), field="objection"
        )
    at = now()
    if at > act.objection_until:
        raise RuleViolation("proxy.too_late", _("The 48 hours for an objection are over."))
    changed = ProxyAct.objects.filter(pk=act.pk, objected_at__isnull=True).update(
        objected_at=at, objection=text
    )
    if not changed:
        raise RuleViolation("proxy.objected", _("You have objected to this before."))
    act.refresh_from_db()
    proxy = act.authorisation
    record("workflow.proxy.objected", actor=actor, subject=proxy, after={"action": act.action})
    if handler := handler_of(act.action):
        handler(act)
    notify(
        {proxy.agent, *holders(proxy.unit, *OFFICE_ROLES)} - {actor},
        "workflow.objected",
        params={
            "principal": bilingual(proxy.principal),
            "agent": bilingual(proxy.agent),
            "action": act.action,
            "objection": text,
        },
        url=reverse("workflow:acts"),
        unit=proxy.unit,
    )
