"""How the log stands, for those who keep it, and the few things they do to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from cotutelle.core.access import requires, why_not
from cotutelle.core.errors import RuleViolation
from cotutelle.ledger import services
from cotutelle.ledger.forms import FreezeForm, UnblockForm
from cotutelle.ledger.models import Pending, Shard
from cotutelle.ledger.problems import Words, words_of
from cotutelle.ledger.queries.log import open_shard
from cotutelle.ledger.queries.standing import Standing, standing
from cotutelle.people.views.common import actor_of
from cotutelle.ui.violations import show_violation

MANAGE = "ledger.manage_log"


def log_tabs(current: str) -> list[dict[str, Any]]:
    """Return the tabs of the pages on which the log is kept."""
    tabs = [
        ("status", _("State of the log"), "log:status"),
        ("witnesses", _("Witnesses"), "log:witnesses"),
        ("policies", pgettext("witness", "Policy"), "log:policies"),
    ]
    return [
        {"label": text, "url": reverse(name), "current": key == current} for key, text, name in tabs
    ]


def _shard() -> Shard:
    shard = open_shard()
    if shard is None:
        raise Http404
    return shard


@requires("ledger.view_log")
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    stands = standing()
    context: dict[str, Any] = {
        "standing": stands,
        "tab_items": log_tabs("status"),
        "may_manage": why_not(request.user, MANAGE) is None,
    }
    if stands is not None:
        context |= {
            "problems": _problems(stands),
            "facts": _facts(stands.shard),
            "keys": stands.shard.keys.order_by("-created_at", "-id"),
            "frozen": Shard.objects.exclude(pk=stands.shard.pk).order_by("-number"),
        }
    return render(request, "ledger/log_status.html", context)


def _problems(stands: Standing) -> list[dict[str, Any]]:
    """Return what is wrong: the block first, then witnesses, then anchors."""
    found: list[tuple[str, str, Words]] = []
    if stands.shard.blocked:
        found.append((_("The log is blocked"), "", words_of(stands.shard.blocked)))
    if stands.policy is None:
        found.append((_("There is no policy"), "", words_of("policy.none")))
    found += [
        (_("Witness"), one.witness.name, words_of(one.witness.problem))
        for one in stands.watchers
        if one.witness.problem
    ]
    found += [
        (_("Anchor"), str(line.kind.label), words_of(line.last.problem))
        for line in stands.anchors
        if line.last.problem
    ]
    return [{"what": what, "which": which, "words": words} for what, which, words in found]


def _facts(shard: Shard) -> list[dict[str, Any]]:
    """Return what the block rests on: who says what, beside our own size and root."""
    labels = {
        "who": _("Who differs"),
        "size": _("Their size"),
        "root": _("Their root hash"),
        "own_size": _("Our size"),
        "own_root": _("Our root hash"),
    }
    if not shard.blocked:
        return []
    return [
        {"label": labels[name], "value": value, "is_code": name != "who"}
        for name in labels
        if (value := shard.blocked_facts.get(name)) not in (None, "")
    ]


@requires(MANAGE)
def seal(request: HttpRequest) -> HttpResponse:
    shard = _shard()
    if request.method == "POST":
        services.ask_to_seal(actor=actor_of(request))
        messages.success(request, _("Sealing has been asked for; it takes a few seconds."))
        return redirect("log:status")
    return _confirm(
        request,
        title=_("Seal the log now"),
        says=_(
            "Decisions that wait get their place, the log is signed, and the witnesses are asked to "
            "sign it too. This happens by itself every minute."
        ),
        undo=_("What is in the log stays there."),
        button=_("Seal the log now"),
        changes=[{"text": _("Decisions that wait"), "count": Pending.objects.count()}],
        shard=shard,
    )


@requires(MANAGE)
def check(request: HttpRequest) -> HttpResponse:
    shard = _shard()
    if request.method == "POST":
        services.ask_to_check(actor=actor_of(request))
        messages.success(
            request, _("The comparison has been asked for. This page shows what it finds.")
        )
        return redirect("log:status")
    return _confirm(
        request,
        title=_("Compare the log with witnesses and anchors"),
        says=_(
            "Every witness is asked what it signed last, and the newest anchor is read. If one of them "
            "knows a larger or another log, nothing more is signed."
        ),
        undo=_("Nothing in the log changes."),
        button=_("Compare now"),
        shard=shard,
    )


@requires(MANAGE)
def freeze(request: HttpRequest) -> HttpResponse:
    shard = _shard()
    form = FreezeForm(request.POST or None, origin=shard.origin)
    if request.method == "POST" and form.is_valid():
        try:
            opened = services.freeze_shard(shard, actor=actor_of(request))
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(
                request, _("The log goes on under %(origin)s.") % {"origin": opened.origin}
            )
            return redirect("log:status")
    return _confirm(
        request,
        title=_("Freeze this origin and open the next"),
        says=_(
            "The last checkpoint of %(origin)s becomes final and the log goes on under a new origin "
            "with a new key. Everything proven so far stays provable."
        )
        % {"origin": shard.origin},
        undo=_(
            "This cannot be undone. Every witness and everybody who checks needs the new policy file."
        ),
        button=_("Freeze the origin"),
        form=form,
        shard=shard,
    )


@requires(MANAGE)
def rotate(request: HttpRequest) -> HttpResponse:
    shard = _shard()
    if request.method == "POST":
        try:
            services.rotate_log_key(shard, actor=actor_of(request))
        except RuleViolation as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, _("The log has a new key. Send the policy file to the witnesses.")
            )
        return redirect("log:status")
    return _confirm(
        request,
        title=_("Give the log a new key"),
        says=_(
            "From the next checkpoint on the log signs with a new key as well. What was signed before "
            "stays valid."
        ),
        undo=_("Every witness and everybody who checks needs the new policy file."),
        button=_("Give the log a new key"),
        shard=shard,
    )


@requires(MANAGE)
def unblock(request: HttpRequest) -> HttpResponse:
    shard = _shard()
    form = UnblockForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.unblock_log(shard, reason=form.cleaned_data["reason"], actor=actor_of(request))
        except RuleViolation as error:
            show_violation(form, error)
        else:
            messages.success(request, _("The block is lifted; the log signs again."))
            return redirect("log:status")
    return _confirm(
        request,
        title=_("Lift the block of the log"),
        says=_(
            "The log is compared with every witness and the newest anchor first. The block is lifted "
            "only if nothing contradicts it."
        ),
        undo=_("The reason is recorded in the history."),
        button=_("Compare and lift the block"),
        form=form,
        shard=shard,
    )


def _confirm(request: HttpRequest, *, shard: Shard, **context: Any) -> HttpResponse:
    return render(
        request, "ui/confirm.html", context | {"cancel_url": reverse("log:status"), "shard": shard}
    )
