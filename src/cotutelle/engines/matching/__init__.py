"""
Mutual selection of students and mentors: stable matching with quotas, ties, pins and bans.

Make a `MatchingProblem`, call `match_students`, check with `verify_matching`, keep the
`build_certificate`. Only the standard library is used, except by the exact model.
"""

from cotutelle.engines.matching.canonical import canonical_json
from cotutelle.engines.matching.certificate import (
    build_certificate,
    input_sha256,
    problem_to_json,
    verify_certificate,
)
from cotutelle.engines.matching.deferred_acceptance import match_students
from cotutelle.engines.matching.entities import (
    Ban,
    BanKind,
    Group,
    GroupId,
    InputFault,
    InvalidProblem,
    Mentor,
    MentorId,
    Offer,
    OfferId,
    Pin,
    StudentId,
)
from cotutelle.engines.matching.explanation import (
    Explainer,
    Reason,
    ReasonCode,
    explain,
    explain_for_mentor,
)
from cotutelle.engines.matching.figures import rank_profile, student_rank
from cotutelle.engines.matching.infeasibility import (
    Change,
    Diagnosis,
    Infeasible,
    Repair,
    Rule,
    RuleKey,
    RuleKind,
    RuleValue,
)
from cotutelle.engines.matching.lottery import lottery_order
from cotutelle.engines.matching.preferences import (
    Preferences,
    format_preferences,
    listed_ids,
    parse_preferences,
    strict,
    tie_groups,
)
from cotutelle.engines.matching.problem import MatchingProblem
from cotutelle.engines.matching.promotion import promote_students
from cotutelle.engines.matching.result import (
    Algorithm,
    Level,
    LowerQuotaMissed,
    Matching,
    Objective,
    Priority,
    Shortfall,
    Status,
    Unsupported,
)
from cotutelle.engines.matching.solving import diagnose, match, rematch, solve_exact
from cotutelle.engines.matching.sufficiency import Sufficient
from cotutelle.engines.matching.verification import (
    BlockingPair,
    Tolerated,
    Verdict,
    Violation,
    verify_matching,
)

__all__ = [
    "Algorithm",
    "Ban",
    "BanKind",
    "BlockingPair",
    "Change",
    "Diagnosis",
    "Explainer",
    "Group",
    "GroupId",
    "Infeasible",
    "InputFault",
    "InvalidProblem",
    "Level",
    "LowerQuotaMissed",
    "Matching",
    "MatchingProblem",
    "Mentor",
    "MentorId",
    "Objective",
    "Offer",
    "OfferId",
    "Pin",
    "Preferences",
    "Priority",
    "Reason",
    "ReasonCode",
    "Repair",
    "Rule",
    "RuleKey",
    "RuleKind",
    "RuleValue",
    "Shortfall",
    "Status",
    "StudentId",
    "Sufficient",
    "Tolerated",
    "Unsupported",
    "Verdict",
    "Violation",
    "build_certificate",
    "canonical_json",
    "diagnose",
    "explain",
    "explain_for_mentor",
    "format_preferences",
    "input_sha256",
    "listed_ids",
    "lottery_order",
    "match",
    "match_students",
    "parse_preferences",
    "problem_to_json",
    "promote_students",
    "rank_profile",
    "rematch",
    "solve_exact",
    "strict",
    "student_rank",
    "tie_groups",
    "verify_certificate",
    "verify_matching",
]
