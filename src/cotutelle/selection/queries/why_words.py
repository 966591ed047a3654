"""Reasons as sentences, to the student and to the mentor. Counts are given, never names."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cotutelle.selection.queries.second_stage import in_words as second_stage_words

OF_UNITS = frozenset({"group_cap", "lower_quota"})


def for_student(code: str, count: int, detail: str) -> str:
    """Return the sentence for the student."""
    if code == "policy":
        return _rule(detail)
    if code == "not_accepted" and detail == "silent":
        return _("The mentor did not answer, and by the announced rule the places returned.")
    if code in OF_UNITS:
        return _of_unit(code, count, detail)
    return _counted(count).get(code) or _to_student().get(code) or _("There is no result yet.")


def for_mentor(code: str, count: int, detail: str) -> str:
    """Return the sentence for the mentor; it tells nothing of the student's list."""
    if code == "policy":
        return second_stage_words(detail) or _("The rules of the round do not allow this pair.")
    if code == "not_accepted" and detail == "silent":
        return _("You did not answer, and by the announced rule the places returned.")
    if code in OF_UNITS:
        return _of_unit(code, count, detail)
    return _to_mentor(count).get(code, _("There is no result yet."))


def _rule(rule: str) -> str:
    words = {
        "route": _("The offer is not for your admission route."),
        "degree_type": _("The offer is not for your type of degree."),
        "discipline": _("The round allows only mentors of the same discipline."),
    }
    return (
        words.get(rule)
        or second_stage_words(rule)
        or _("The rules of the round do not allow this pair.")
    )


def _of_unit(code: str, count: int, name: str) -> str:
    """Say that a unit or agreement was full, or needed a minimum; the same to both sides."""
    if code == "group_cap":
        text = ngettext(
            "The limit of %(unit)s was reached: %(count)d place in all, which went to applications that came first in its order.",
            "The limit of %(unit)s was reached: %(count)d places in all, which went to applications that came first in its order.",
            count,
        )
    elif not name:
        return _("A minimum number of students at another place had to be kept.")
    else:
        text = ngettext(
            "%(unit)s had to receive at least %(count)d student; that came before single wishes.",
            "%(unit)s had to receive at least %(count)d students; that came before single wishes.",
            count,
        )
    return text % {"unit": name or _("the unit"), "count": count}


def _counted(count: int) -> Mapping[str, str]:
    numbers = {"count": count}
    return {
        "pinned_places": ngettext(
            "%(count)d place was assigned by the school before the run.",
            "%(count)d places were assigned by the school before the run.",
            count,
        )
        % numbers,
        "preferred_others": ngettext(
            "The place went to %(count)d student whom the mentor preferred.",
            "The places went to %(count)d students whom the mentor preferred.",
            count,
        )
        % numbers,
        "lottery": ngettext(
            "You were equal with %(count)d student who got a place, and the lottery decided.",
            "You were equal with %(count)d students who got a place, and the lottery decided.",
            count,
        )
        % numbers,
        "tie": ngettext(
            "You were equal with %(count)d student who got a place; it was decided so that as many students as possible get one.",
            "You were equal with %(count)d students who got a place; it was decided so that as many students as possible get one.",
            count,
        )
        % numbers,
    }


def _to_student() -> Mapping[str, str]:
    return {
        "assigned": _("You hold this offer."),
        "conflict": _("A conflict of interest is declared between you and the mentor."),
        "holds_better": _("You hold a choice that you placed higher."),
        "pinned_elsewhere": _("The school assigned you to another place before the run."),
        "not_accepted": _("The mentor did not accept you."),
        "no_places": _("The offer had no places in this round."),
        "waiting": _("Your choice is waiting for the mentor's answer."),
        "not_sent": _("This choice has not been sent to the mentor yet."),
        "not_submitted": _("You did not submit a list."),
        "not_listed": _("This offer is not on your list."),
        "offer_withdrawn": _("The offer was withdrawn before the run."),
    }


def _to_mentor(count: int) -> Mapping[str, str]:
    numbers = {"count": count}
    return {
        "preferred_others": _("Your places went to %(count)d students whom you preferred.")
        % numbers,
        "lottery": _("Equal with %(count)d students who got a place; the lottery decided.")
        % numbers,
        "tie": _("Equal with %(count)d students who got a place; as many as possible got one.")
        % numbers,
        "pinned_places": _("%(count)d places were assigned by the school before the run.")
        % numbers,
        "assigned": _("The student is placed with you."),
        "conflict": _("A conflict of interest is declared between you and the student."),
        "holds_better": _("The student holds a choice they prefer."),
        "pinned_elsewhere": _("The school assigned the student to another place."),
        "not_accepted": _("You did not accept the student."),
        "no_places": _("You had no places in this round."),
        "waiting": _("The student is waiting for your answer."),
        "not_sent": _("The student has not applied to you yet."),
        "did_not_apply": _("The student did not choose you."),
        "offer_withdrawn": _("The offer was withdrawn before the run."),
    }
