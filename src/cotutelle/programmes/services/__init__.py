"""Writes about cohorts, students, programmes, certificates and leave."""

from cotutelle.programmes.services.admission import (
    StudentData,
    admit_late,
    admit_student,
    change_admission,
    change_student,
    set_score,
)
from cotutelle.programmes.services.attainments import (
    ask_for_expired_results,
    set_attainment,
)
from cotutelle.programmes.services.cohorts import (
    create_cohort,
    edit_cohort,
)
from cotutelle.programmes.services.enrolments import (
    Assigned,
    assign_template,
    enrol,
    grant_pre_entry,
    move_enrolment,
    reach_milestone,
)
from cotutelle.programmes.services.examples import (
    install_examples,
)
from cotutelle.programmes.services.extensions import (
    recount_extension,
)
from cotutelle.programmes.services.leave import (
    ask_leave,
    confirm_return,
    remind_overdue,
    report_return,
    withdraw_leave,
)
from cotutelle.programmes.services.leave_rules import (
    drop_extension_rule,
    install_example_extension_rule,
    keep_extension_rule,
    keep_leave_rules,
)
from cotutelle.programmes.services.profile import (
    attach_file,
    detach_file,
    save_profile,
)
from cotutelle.programmes.services.templates import (
    PhaseData,
    RouteData,
    TemplateData,
    create_template,
    data_of,
    draft_new_edition,
    edit_template,
    put_template_in_force,
    retire_template,
)
from cotutelle.programmes.services.tracks import (
    ask_track_choice,
    ask_where_licence_is_missing,
    choose_track,
    note_track_followed,
)

__all__ = [
    "Assigned",
    "PhaseData",
    "RouteData",
    "StudentData",
    "TemplateData",
    "admit_late",
    "admit_student",
    "ask_for_expired_results",
    "ask_leave",
    "ask_track_choice",
    "ask_where_licence_is_missing",
    "assign_template",
    "attach_file",
    "change_admission",
    "change_student",
    "choose_track",
    "confirm_return",
    "create_cohort",
    "create_template",
    "data_of",
    "detach_file",
    "draft_new_edition",
    "drop_extension_rule",
    "edit_cohort",
    "edit_template",
    "enrol",
    "grant_pre_entry",
    "install_example_extension_rule",
    "install_examples",
    "keep_extension_rule",
    "keep_leave_rules",
    "move_enrolment",
    "note_track_followed",
    "put_template_in_force",
    "reach_milestone",
    "recount_extension",
    "remind_overdue",
    "report_return",
    "retire_template",
    "save_profile",
    "set_attainment",
    "set_score",
    "withdraw_leave",
]
