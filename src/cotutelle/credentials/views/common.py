"""What the pages of offices and mentors share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cotutelle.credentials.enums import AchievementState, AwardState, IssuerKeyState

ACHIEVEMENT_KINDS: Mapping[str, str] = {
    AchievementState.DRAFT: "wait",
    AchievementState.OPEN: "ok",
    AchievementState.RETIRED: "wait",
}
AWARD_KINDS: Mapping[str, str] = {
    AwardState.PROPOSED: "run",
    AwardState.SIGNED: "due",
    AwardState.ISSUED: "ok",
    AwardState.DECLINED: "late",
    AwardState.WITHDRAWN: "wait",
}
KEY_KINDS: Mapping[str, str] = {
    IssuerKeyState.ACTIVE: "ok",
    IssuerKeyState.RETIRED: "wait",
    IssuerKeyState.COMPROMISED: "late",
}
FORBIDDEN = 403


def show_form(
    request: HttpRequest,
    form: forms.BaseForm,
    *,
    title: str,
    submit_label: str,
    cancel_url: str,
    lead: str = "",
    template: str = "credentials/form.html",
    **context: Any,
) -> HttpResponse:
    """Show a form page."""
    context |= {
        "form": form,
        "title": title,
        "submit_label": submit_label,
        "cancel_url": cancel_url,
        "lead": lead,
    }
    return render(request, template, context)


def tab_items(current: str, *items: tuple[str, str]) -> list[dict[str, Any]]:
    """Return tabs that are chosen by ``?tab=``."""
    return [
        {"label": label, "url": f"?tab={key}", "current": key == current} for key, label in items
    ]
