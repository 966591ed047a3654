"""What people owe in a season."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.workflow.kinds import register

SUBMIT_LIST = "selection.submit_list"
ANSWER_APPLICANTS = "selection.answer_applicants"
ANSWER_APPLICATION = "selection.answer_application"
DECIDE_OVERRIDE = "selection.decide_override"
ANSWER_OBJECTION = "selection.answer_objection"

register(
    SUBMIT_LIST,
    title=_("Submit your preference list: %(round)s"),
    label=_("Submit a preference list"),
)
register(
    ANSWER_APPLICANTS,
    title=_("Answer your applicants: %(round)s"),
    label=_("Answer applicants"),
)
register(
    ANSWER_APPLICATION,
    title=_("Accept or decline an applicant: %(round)s"),
    label=_("Accept or decline an applicant"),
)
register(
    DECIDE_OVERRIDE,
    title=_("Decide on an assignment by the school: %(round)s"),
    label=_("Decide on an assignment by the school"),
)
register(
    ANSWER_OBJECTION,
    title=_("Answer an objection: %(round)s"),
    label=_("Answer an objection"),
)
