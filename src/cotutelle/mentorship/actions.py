"""How the history of mentors, accounts and requests is read, and who reads it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cotutelle.core.access import why_not
from cotutelle.files import access as files
from cotutelle.files.models import StoredFile
from cotutelle.ledger import access
from cotutelle.ledger.actions import register, register_fields, register_names
from cotutelle.mentorship.enums import (
    ChangeState,
    EligibilityState,
    MentorCategory,
    MentorTitle,
    PairRecordKind,
    PairRole,
    PairState,
    Signer,
    Track,
)
from cotutelle.mentorship.models import MentorChange, PairRecord
from cotutelle.mentorship.queries import names_of_mentors
from cotutelle.people.models import Person

EVIDENCE = "mentorship.change_evidence"
PAIR_FILE = "mentorship.pair_file"

register(
    {
        "mentorship.mentor.appointed": _("Mentor appointed"),
        "mentorship.mentor.changed": _("Mentor changed"),
        "mentorship.mentor.units_changed": _("Further units of the mentor changed"),
        "mentorship.publications.added": _("Publications added"),
        "mentorship.publications.removed": _("Publications removed"),
        "mentorship.team.formed": _("Team formed"),
        "mentorship.team.changed": _("Team changed"),
        "mentorship.eligibility.decided": _("Yearly review decided"),
        "mentorship.cap.set": _("Most places of a title set"),
        "mentorship.cap.removed": _("Most places of a title removed"),
        "mentorship.quota.granted": _("Places granted"),
        "mentorship.quota.reduced": _("Places reduced"),
        "mentorship.quota.held": _("Places held for a round"),
        "mentorship.quota.released": _("Held places released"),
        "mentorship.quota.seated": _("Student seated"),
        "mentorship.quota.unseated": _("Seat returned"),
        "mentorship.window.opened": _("Days for changes of mentor opened"),
        "mentorship.window.closed": _("Days for changes of mentor removed"),
        "mentorship.change.asked": _("Another mentor asked for"),
        "mentorship.change.accepted": _("Receiving mentor accepted"),
        "mentorship.change.declined": _("Receiving mentor declined"),
        "mentorship.change.agreed": _("Present mentor agreed"),
        "mentorship.change.disagreed": _("Present mentor did not agree"),
        "mentorship.change.approved": _("Change of mentor approved"),
        "mentorship.change.refused": _("Change of mentor refused"),
        "mentorship.change.withdrawn": _("Request withdrawn"),
        "mentorship.pair.started": _("Pair started"),
        "mentorship.pair.ended": _("Pair ended"),
        "mentorship.conflict.declared": _("Conflict of interest declared"),
        "mentorship.conflict.lifted": _("Conflict of interest lifted"),
        "mentorship.pair.formed": _("Pair of mentors formed"),
        "mentorship.pair.dissolved": _("Pair of mentors ended"),
        "mentorship.pair.duties_changed": _("Responsibilities changed"),
        "mentorship.pair.record_added": _("Added to the page of the pair"),
        "mentorship.pair.record_withdrawn": _("Taken back from the page of the pair"),
        "mentorship.pair.item_done": _("Item of the plan done"),
        "mentorship.pair.item_reopened": _("Item of the plan open again"),
        "mentorship.pair.agreed": _("Agreed to an arrangement"),
        "mentorship.pair.arrangement_holds": _("Arrangement agreed by everybody"),
    }
)
register_fields(
    "mentorship.mentor",
    {
        "category": _("Category"),
        "title": _("Professional title"),
        "track": _("Track"),
        "retires_on": _("Retires on"),
        "unit": _("Unit"),
        "is_archived": _("Archived"),
        "interests_zh": _("Interests in Chinese"),
        "interests_en": _("Interests in English"),
        "bio_zh": _("About me in Chinese"),
        "bio_en": _("About me in English"),
        "homepage": _("Home page"),
        "discipline": _("Discipline"),
        "publications": _("Publications"),
        "source": _("Source"),
        "year": _("Year"),
        "state": _("Yearly review"),
        "reason": _("Reason"),
    },
    values={
        "category": {str(v): label for v, label in MentorCategory.choices},
        "title": {str(v): label for v, label in MentorTitle.choices},
        "track": {str(v): label for v, label in Track.choices},
        "state": {str(v): label for v, label in EligibilityState.choices},
    },
)
register_fields(
    "mentorship.quotaaccount",
    {
        "granted": _("Granted"),
        "held": _("On hold"),
        "seated": _("Seated"),
        "places": _("Places"),
        "reason": _("Reason"),
    },
)
register_fields(
    "mentorship.mentorchange",
    {
        "state": _("State"),
        "to_mentor": _("Receiving mentor"),
        "is_confidential": _("Confidential"),
    },
    values={"state": {str(v): label for v, label in ChangeState.choices}},
)
register_fields(
    "mentorship.team",
    {
        "first": _("First mentor"),
        "second": _("Second mentor"),
        "name_zh": _("Name in Chinese"),
        "name_en": _("Name in English"),
        "is_archived": _("Archived"),
    },
)
register_fields("mentorship.mentorship", {"mentor": _("Mentor")})
register_fields(
    "mentorship.pair",
    {
        "first": _("First mentor"),
        "second": _("Second mentor"),
        "agreement": _("Agreement"),
        "first_responsible": _("First responsible"),
        "signs_leave": _("Signs leave"),
        "signs_claims": _("Signs claims"),
        "signs_thesis": _("Signs the thesis"),
        "reason": _("Reason"),
        "state": _("State"),
        "kind": _("Kind"),
    },
    values={
        "first_responsible": {str(v): label for v, label in PairRole.choices},
        "signs_leave": {str(v): label for v, label in Signer.choices},
        "signs_claims": {str(v): label for v, label in Signer.choices},
        "signs_thesis": {str(v): label for v, label in Signer.choices},
        "state": {str(v): label for v, label in PairState.choices},
        "kind": {str(v): label for v, label in PairRecordKind.choices},
    },
)
register_fields("mentorship.mentor", {"student": _("Student")})
register_fields("mentorship.changewindow", {"opens_on": _("Opens on"), "closes_on": _("Closes on")})
register_fields(
    "institutions.unit",
    {
        "year": _("Year"),
        "category": _("Category"),
        "title": _("Professional title"),
        "places": _("Places"),
    },
    values={
        "category": {str(v): label for v, label in MentorCategory.choices},
        "title": {str(v): label for v, label in MentorTitle.choices},
    },
)
register_names("mentorship.mentorchange", {"to_mentor": names_of_mentors})
register_names("mentorship.mentorship", {"mentor": names_of_mentors})
register_names("mentorship.pair", {"first": names_of_mentors, "second": names_of_mentors})
access.register("mentorship.mentor", access.by_permission("mentorship.change_mentor"))
access.register("mentorship.quotaaccount", access.by_permission("mentorship.view_account"))
access.register("mentorship.team", access.by_permission("mentorship.manage_teams"))
access.register("mentorship.pair", access.by_permission("mentorship.view_pair"))


def _may_read_change(actor: Person, change: MentorChange) -> bool:
    from cotutelle.mentorship.queries import changes_visible_to  # noqa: PLC0415

    return changes_visible_to(actor).filter(pk=change.pk).exists()


def _why_not_read(actor: Person, file: StoredFile) -> str | None:
    change = MentorChange.objects.filter(evidence=file).first()
    if change is not None and _may_read_change(actor, change):
        return why_not(actor, "mentorship.decide_change", change)
    return str(_("Only the student and the college read this file."))


access.register("mentorship.mentorchange", _may_read_change)
files.register(EVIDENCE, _why_not_read)


def _why_not_pair_file(actor: Person, file: StoredFile) -> str | None:
    """Notes are the two mentors' and the student's; the rest of the page is read with the page."""
    row = PairRecord.objects.filter(attachment=file, withdrawn_at=None).first()
    if row is None:
        return str(_("This file has been taken back."))
    if row.kind == PairRecordKind.NOTE:
        return why_not(actor, "mentorship.write_pair", row.pair)
    return why_not(actor, "mentorship.view_pair", row.pair)


files.register(PAIR_FILE, _why_not_pair_file)
