"""How the history of a season is read."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from cotutelle.ledger import access
from cotutelle.ledger.actions import register, register_fields, register_names
from cotutelle.mentorship.enums import Track
from cotutelle.mentorship.queries import names_of_mentors
from cotutelle.programmes.enums import DegreeType, Route
from cotutelle.selection.enums import (
    AdjustmentRefusal,
    AnswerState,
    ListState,
    MentorAnswer,
    NoticeState,
    ObjectionState,
    OfferKind,
    OfferState,
    OverrideState,
    PlacementSource,
    PlacementState,
    Regime,
    RoundState,
    ScenarioState,
    SilentMentor,
)
from cotutelle.selection.queries.visibility import names_of_rounds

register(
    {
        "selection.round.created": _("Round created"),
        "selection.round.edited": _("Round changed"),
        "selection.round.moved": _("Round moved on"),
        "selection.round.reopened": _("A step opened again"),
        "selection.round.cancelled": _("Round cancelled"),
        "selection.round.seed_committed": _("Lottery seed fixed, its digest published"),
        "selection.round.seed_revealed": _("Lottery seed published"),
        "selection.round.deadline_moved": _("Deadline moved"),
        "selection.round.participants_added": _("Students added"),
        "selection.participant.added": _("Student added to the round"),
        "selection.participant.withdrawn": _("Student left the round"),
        "selection.round.run": _("Matching run"),
        "selection.round.tried": _("Trial run"),
        "selection.round.previewed": _("Sample notices sent to oneself"),
        "selection.round.discarded": _("Result of the run discarded"),
        "selection.round.published": _("Result published"),
        "selection.round.confirmed": _("Result confirmed"),
        "selection.round.supplemented": _("Supplementary round created"),
        "selection.round.second_stage": _("Round for second mentors created"),
        "selection.round.steps_started": _("First choices sent to mentors"),
        "selection.round.steps_finished": _("All choices answered"),
        "selection.round.cap_set": _("Places of a unit or agreement set"),
        "selection.offer.minimum_set": _("Fewest places set"),
        "selection.offer.saved": _("Offer written"),
        "selection.offer.opened": _("Offer opened"),
        "selection.offer.closed": _("Offer taken back"),
        "selection.offer.withdrawn": _("Offer withdrawn"),
        "selection.answer.places_set": _("Places in this round set"),
        "selection.list.saved": _("List saved"),
        "selection.list.submitted": _("List submitted"),
        "selection.list.reopened": _("List taken back for changes"),
        "selection.list.withdrawn": _("List withdrawn"),
        "selection.list.adjustment": _("Word on being placed by the school"),
        "selection.answer.saved": _("Answer saved"),
        "selection.answer.submitted": _("Answer submitted"),
        "selection.answer.reopened": _("Answer taken back for changes"),
        "selection.conflict.declared": _("Conflict of interest declared"),
        "selection.interview.invited": _("Invited to an interview"),
        "selection.interview.held": _("Interview recorded"),
        "selection.interview.cancelled": _("Interview cancelled"),
        "selection.application.sent": _("Choice sent to the mentor"),
        "selection.application.accepted": _("Choice accepted"),
        "selection.application.declined": _("Choice declined"),
        "selection.application.expired": _("Choice not answered in time"),
        "selection.override.requested": _("Assignment by the school asked for"),
        "selection.override.approved": _("Assignment by the school approved"),
        "selection.override.refused": _("Assignment by the school refused"),
        "selection.override.withdrawn": _("Assignment by the school taken back"),
        "selection.notice.recalled": _("Public notice recalled"),
        "selection.objection.raised": _("Objection raised"),
        "selection.objection.answered": _("Objection answered"),
        "selection.placement.confirmed": _("Place with a mentor confirmed"),
        "selection.placement.filled": _("Vacant place filled"),
        "selection.placement.vacated": _("Place became vacant"),
        "selection.scenario.created": _("What-if begun"),
        "selection.scenario.changed": _("What-if changed"),
        "selection.scenario.computed": _("What-if computed"),
        "selection.scenario.removed": _("What-if removed"),
        "selection.satisfaction.answered": _("Said how content they are"),
    }
)
_STATES = {
    "selection.round": RoundState,
    "selection.offer": OfferState,
    "selection.participant": ListState,
    "selection.answer": AnswerState,
    "selection.override": OverrideState,
    "selection.publicnotice": NoticeState,
    "selection.objection": ObjectionState,
    "selection.placement": PlacementState,
    "selection.scenario": ScenarioState,
}
_WORDS: dict[str, type[TextChoices]] = {
    "kind": OfferKind,
    "track": Track,
    "routes": Route,
    "route": Route,
    "degree_types": DegreeType,
    "regime": Regime,
    "silent_mentor": SilentMentor,
    "adjustment_refusal": AdjustmentRefusal,
    "mentor_answer": MentorAnswer,
    "source": PlacementSource,
}
for _subject, _enum in _STATES.items():
    register_fields(
        _subject,
        {
            "state": _("State"),
            "reason": _("Reason"),
            "places": _("Places"),
            "places_min": _("Fewest places"),
            "mentor_least": _("Fewest places of the mentor"),
            "weight": _("Places that one student takes"),
            "cap_of": _("Unit or agreement"),
            "choices": _("Choices"),
            "count": _("How many"),
            "run": _("Run"),
            "digest": _("Digest"),
            "deadline": _("Deadline"),
            "route": _("Admission route"),
            "round": _("Round"),
            "offer": _("Offer"),
            "mentors": _("Mentors"),
            "unit": _("Unit"),
            "source": _("Source"),
            "ground": _("Ground"),
            "version": _("Version"),
            "name_zh": _("Chinese name"),
            "name_en": _("English name"),
            "title_zh": _("Title in Chinese"),
            "title_en": _("Title in English"),
            "description_zh": _("Description in Chinese"),
            "description_en": _("Description in English"),
            "requirements_zh": _("Requirements in Chinese"),
            "requirements_en": _("Requirements in English"),
            "kind": _("Kind"),
            "track": _("Track"),
            "routes": _("Admission routes"),
            "degree_types": _("Degree types"),
            "discipline": _("Discipline"),
            "student": _("Student"),
            "starts_at": _("Begins"),
            "answer": _("Answer"),
            "accepts_adjustment": _("Accepts being placed by the school"),
            "quota_year": _("Year of the quota"),
            "seed": _("Seed"),
            "windows": _("Time to choose"),
            "answers_close_at": _("Mentors answer until"),
            "rules": _("Rules"),
            "regime": _("Procedure"),
            "silent_mentor": _("A mentor who does not answer"),
            "adjustment_refusal": _("A student who refuses to be placed by the school"),
            "mentor_answer": _("How mentors answer"),
            "min_choices": _("Fewest choices"),
            "max_choices": _("Most choices"),
            "interviews": _("Interviews"),
            "same_discipline_only": _("Same discipline only"),
            "uses_scores": _("Scores are used"),
            "ties_by_score": _("Ties are broken by score"),
            "notice_days": _("Working days of the notice"),
            "answer_days": _("Working days to answer"),
            "override_share_percent": _("Most assignments by the school, per cent"),
            **{str(value): label for value, label in Route.choices},
        },
        values={
            "state": {str(value): label for value, label in _enum.choices},
            **{name: {str(v): label for v, label in enum.choices} for name, enum in _WORDS.items()},
        },
    )
register_names("selection.placement", {"mentors": names_of_mentors, "round": names_of_rounds})
access.register("selection.round", access.by_permission("selection.view_review"))
access.register("selection.offer", access.by_permission("selection.write_offer"))
access.register("selection.participant", access.by_permission("selection.view_list"))
access.register("selection.answer", access.by_permission("selection.view_applicants"))
access.register("selection.override", access.by_permission("selection.view_overrides"))
access.register("selection.publicnotice", access.by_permission("selection.view_review"))
access.register("selection.objection", access.by_permission("selection.answer_objection"))
access.register("selection.scenario", access.by_permission("selection.view_review"))
access.register("selection.placement", access.by_permission("selection.view_result"))
