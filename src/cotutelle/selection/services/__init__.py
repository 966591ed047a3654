"""Writes of a season, by topic."""

from cotutelle.selection.services.answers import (
    Word,
    close_interview,
    declare_conflict,
    invite,
    reopen_answer,
    save_answer,
    submit_answer,
)
from cotutelle.selection.services.confirmation import confirm_round, vacate_placement
from cotutelle.selection.services.holds import set_places
from cotutelle.selection.services.lists import (
    add_choice,
    move_choice,
    remove_choice,
    reopen_list,
    save_list,
    set_adjustment,
    submit_list,
    withdraw_list,
)
from cotutelle.selection.services.offers import (
    Bulk,
    OfferData,
    close_offer,
    offer_warnings,
    open_offer,
    open_offers,
    save_offer,
    withdraw_offer,
    withdraw_offers,
)
from cotutelle.selection.services.overrides import (
    MINUTES,
    Displaced,
    Preview,
    cap_of_overrides,
    decide_override,
    preview_override,
    request_override,
    withdraw_override,
)
from cotutelle.selection.services.preview import Sample, samples_of, send_samples
from cotutelle.selection.services.publication import (
    EVIDENCE,
    answer_objection,
    publish_round,
    raise_objection,
    recall_notice,
)
from cotutelle.selection.services.rounds import (
    add_cohort,
    add_participants,
    create_round,
    edit_round,
    move_deadline,
    withdraw_participant,
)
from cotutelle.selection.services.runs import (
    JOB as RUN_JOB,
)
from cotutelle.selection.services.runs import (
    RUN_KIND,
    TRIAL_KIND,
    run_round,
    start_run,
    verify_json,
)
from cotutelle.selection.services.second_stage import (
    PAIR_RULES,
    create_second_stage,
    set_pair_rules,
)
from cotutelle.selection.services.sequential import (
    accept_application,
    decline_application,
    expire_applications,
    finish_steps,
    start_step,
)
from cotutelle.selection.services.steps import move_round
from cotutelle.selection.services.supplement import (
    create_supplement,
    fill_vacancy,
    follow_admission,
)

__all__ = [
    "EVIDENCE",
    "MINUTES",
    "PAIR_RULES",
    "RUN_JOB",
    "RUN_KIND",
    "TRIAL_KIND",
    "Bulk",
    "Displaced",
    "OfferData",
    "Preview",
    "Sample",
    "Word",
    "accept_application",
    "add_choice",
    "add_cohort",
    "add_participants",
    "answer_objection",
    "cap_of_overrides",
    "close_interview",
    "close_offer",
    "confirm_round",
    "create_round",
    "create_second_stage",
    "create_supplement",
    "decide_override",
    "declare_conflict",
    "decline_application",
    "edit_round",
    "expire_applications",
    "fill_vacancy",
    "finish_steps",
    "follow_admission",
    "invite",
    "move_choice",
    "move_deadline",
    "move_round",
    "offer_warnings",
    "open_offer",
    "open_offers",
    "preview_override",
    "publish_round",
    "raise_objection",
    "recall_notice",
    "remove_choice",
    "reopen_answer",
    "reopen_list",
    "request_override",
    "run_round",
    "samples_of",
    "save_answer",
    "save_list",
    "save_offer",
    "send_samples",
    "set_adjustment",
    "set_pair_rules",
    "set_places",
    "start_run",
    "start_step",
    "submit_answer",
    "submit_list",
    "vacate_placement",
    "verify_json",
    "withdraw_list",
    "withdraw_offer",
    "withdraw_offers",
    "withdraw_override",
    "withdraw_participant",
]
