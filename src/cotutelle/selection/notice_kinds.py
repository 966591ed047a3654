"""What people are told in a season."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.notices.kinds import register

register(
    "selection.round_opened",
    title=_("Mutual selection has opened: %(round)s"),
    body=_("Search the offers, put your choices in order and submit your list by %(until)s."),
)
register(
    "selection.answers_open",
    title=_("Applicants are waiting for your answer: %(round)s"),
    body=_("Answer by %(until)s. If you do not, the announced rule applies: %(silence)s."),
)
register(
    "selection.round_closed",
    title=_("The lists are closed: %(round)s"),
    body=_("The seed of the lottery is now published: %(seed)s."),
)
register(
    "selection.round_reopened",
    title=_("A step has been opened again: %(round)s"),
    body=_("Reason: %(reason)s. It now stands at: %(state)s."),
    urgent=True,
)
register(
    "selection.round_cancelled",
    title=_("The round has been cancelled: %(round)s"),
    body=_("Reason: %(reason)s."),
    urgent=True,
)
register(
    "selection.deadline_moved",
    title=_("A deadline has been moved: %(round)s"),
    body=_("New deadline: %(until)s. Reason: %(reason)s."),
    urgent=True,
)
register(
    "selection.offer_withdrawn",
    title=_("An offer on your list was withdrawn: %(offer)s"),
    body=_("It is no longer considered in %(round)s. You may change your list while it is open."),
    urgent=True,
)
register(
    "selection.list_submitted",
    title=_("Your list has been submitted: %(round)s"),
    body=_("%(count)s choices. You may take it back and change it until %(until)s."),
)
register(
    "selection.list_entered",
    title=_("The office entered your list: %(round)s"),
    body=_("%(office)s entered it from your signed form. Object at once if it is wrong."),
    urgent=True,
)
register(
    "selection.application_arrived",
    title=_("A student applies to you: %(round)s"),
    body=_("Please accept or decline by %(until)s."),
)
register(
    "selection.application_answered",
    title=_("Your choice was answered: %(offer)s"),
    body=_("The answer in %(round)s: %(answer)s."),
)
register(
    "selection.override_requested",
    title=_("An assignment by the school waits for your unit: %(round)s"),
    body=_("It was asked for by %(office)s. Read the ground and the minutes before you decide."),
)
register(
    "selection.override_decided",
    title=_("An assignment by the school was decided: %(round)s"),
    body=_("Decision: %(state)s."),
)
register(
    "selection.result",
    title=_("Your result is published: %(round)s"),
    body=_("Your place: %(offer)s. How it came about: %(source)s. Objections until %(until)s."),
    urgent=True,
)
register(
    "selection.no_result",
    title=_("You hold no place yet: %(round)s"),
    body=_("See why, offer by offer, and what comes next. Objections until %(until)s."),
    urgent=True,
)
register(
    "selection.mentor_result",
    title=_("Your students are published: %(round)s"),
    body=_(
        "%(count)s students, of whom %(assigned)s assigned by the school. Objections until %(until)s."
    ),
)
# The same to the officer alone, before anything is published.
register(
    "selection.sample_result",
    title=_("Sample, nothing is published. To a student: your result is published: %(round)s"),
    body=_("Your place: %(offer)s. How it came about: %(source)s. Objections until %(until)s."),
)
register(
    "selection.sample_no_result",
    title=_("Sample, nothing is published. To a student: you hold no place yet: %(round)s"),
    body=_("See why, offer by offer, and what comes next. Objections until %(until)s."),
)
register(
    "selection.sample_mentor_result",
    title=_("Sample, nothing is published. To a mentor: your students are published: %(round)s"),
    body=_(
        "%(count)s students, of whom %(assigned)s assigned by the school. Objections until %(until)s."
    ),
)
register(
    "selection.recalled",
    title=_("The public notice has been recalled: %(round)s"),
    body=_("The published result does not count any more. Reason: %(reason)s."),
    urgent=True,
)
register(
    "selection.objection_raised",
    title=_("An objection was raised: %(round)s"),
    body=_("The result cannot be confirmed before it is answered."),
    urgent=True,
)
register(
    "selection.objection_answered",
    title=_("Your objection was answered: %(round)s"),
    body=_("Decision: %(state)s. %(answer)s"),
)
register(
    "selection.confirmed",
    title=_("The result is confirmed: %(round)s"),
    body=_("Confirmed pairs do not move any more."),
)
register(
    "selection.vacancy_filled",
    title=_("A vacant place was filled: %(round)s"),
    body=_("Student: %(student)s. Place: %(offer)s. How it came about: %(source)s."),
    urgent=True,
)
register(
    "selection.place_vacated",
    title=_("A place became vacant: %(round)s"),
    body=_("Place: %(offer)s. Reason: %(reason)s."),
)
register(
    "selection.interview",
    title=_("You are invited to an interview: %(round)s"),
    body=_("When: %(at)s. Where: %(place)s."),
    urgent=True,
)
register(
    "selection.satisfaction_asked",
    title=_("How content are you with it? %(round)s"),
    body=_("One minute: one question and room for a word, until %(until)s. Only sums are shown."),
)
