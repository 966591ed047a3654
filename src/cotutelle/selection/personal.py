"""What this room knows about a person, and how it forgets it."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.db.models import Q, QuerySet

from cotutelle.core.clock import now
from cotutelle.documents.models import Document
from cotutelle.documents.services import forget_contents
from cotutelle.files.services import delete_file
from cotutelle.ledger.services import destroy_payloads
from cotutelle.people.erasure import register_eraser, register_exporter
from cotutelle.people.models import Person
from cotutelle.selection.enums import ApplicationState, ParticipantState, RoundState
from cotutelle.selection.models import (
    AffinityScore,
    Answer,
    AnswerLine,
    Application,
    Interview,
    Objection,
    Offer,
    Override,
    Participant,
    Placement,
    Preference,
    Satisfaction,
)
from cotutelle.selection.services.affinity import forget_vectors
from cotutelle.selection.services.search_index import index_offers

_DECIDED = (RoundState.CONFIRMED, RoundState.CANCELLED)
_OFFER_TEXTS = ("description_zh", "description_en", "requirements_zh", "requirements_en")


def export_selection(person: Person) -> dict[str, Any]:
    """Return lists and results of a student, offers and answers of a mentor, and their own words."""
    lists = Participant.objects.filter(student__person=person).select_related("round")
    lines = AnswerLine.objects.filter(answer__in=_answers_of(person)).order_by("id")
    return {
        "lists": [
            {
                "round": one.round.name_zh,
                "state": one.list_state,
                "choices": list(one.preferences.values_list("offer__number", flat=True)),
                "results": list(one.placements.values("offer__number", "state", "source")),
            }
            for one in lists.order_by("id")
        ],
        "offers": list(_offers_of(person).values("number", "title_zh", "title_en", *_OFFER_TEXTS)),
        "answers": list(lines.values("answer__round__name_zh", "verdict", "tier", "note")),
        "objections": list(
            Objection.objects.filter(raised_by=person).values("raised_at", "text", "answer")
        ),
        "satisfaction": list(
            Satisfaction.objects.filter(person=person)
            .order_by("id")
            .values("round__name_zh", "side", "score", "comment", "at")
        ),
    }


def erase_selection(person: Person) -> None:
    """
    Destroy lists, notes, grounds, objections and how content they were; placements stay.

    Of a round that is not decided the student is taken out. Certificates name nobody and stay.
    """
    parts = Participant.objects.filter(student__person=person)
    _erase_student(parts)
    _erase_mentor(person)
    Override.objects.filter(participant__in=parts).update(ground="", note="")
    Override.objects.filter(decided_by=person).update(note="")
    forget_vectors()
    said = Satisfaction.objects.filter(person=person)
    _destroy(said)
    said.delete()
    for objection in Objection.objects.filter(raised_by=person).select_related("evidence"):
        destroy_payloads(objection)
        evidence, objection.evidence = objection.evidence, None
        objection.text = objection.answer = ""
        objection.save()
        if evidence is not None:
            delete_file(evidence, actor=None)


def _erase_student(parts: QuerySet[Participant]) -> None:
    for rows in (
        Preference.objects.filter(participant__in=parts),
        AffinityScore.objects.filter(participant__in=parts),
        Interview.objects.filter(participant__in=parts),
    ):
        rows.delete()
    AnswerLine.objects.filter(participant__in=parts).update(note="")
    Placement.objects.filter(participant__in=parts).update(vacated_reason="")
    Application.objects.filter(participant__in=parts, state=ApplicationState.WAITING).update(
        state=ApplicationState.WITHDRAWN, answered_at=now()
    )
    for kind in (parts, Placement.objects.filter(participant__in=parts)):
        _destroy(kind)
    _destroy(Override.objects.filter(participant__in=parts))
    forms = Document.objects.filter(
        subject_type=Participant._meta.label_lower, subject_id__in=parts.values("pk")
    )
    forget_contents(forms.select_related("file_zh", "file_en", "scan"))
    parts.exclude(round__state__in=_DECIDED).update(state=ParticipantState.WITHDRAWN)


def _erase_mentor(person: Person) -> None:
    answers, offers = _answers_of(person), _offers_of(person)
    AnswerLine.objects.filter(answer__in=answers).update(note="")
    Interview.objects.filter(answer__in=answers).update(note="", place="")
    AffinityScore.objects.filter(offer__in=offers).delete()
    offers.update(search_text="", search=None, **dict.fromkeys(_OFFER_TEXTS, ""))
    _destroy(answers)
    _destroy(offers)
    keys = list(offers.values_list("pk", flat=True))
    # The names go after the rooms were asked: the index is written when all is done.
    transaction.on_commit(lambda: index_offers(Offer.objects.filter(pk__in=keys)))


def _destroy(rows: QuerySet[Any]) -> None:
    row: models.Model
    for row in rows:
        destroy_payloads(row)


def _supervised(person: Person) -> Q:
    return Q(mentor__person=person) | Q(team__first__person=person) | Q(team__second__person=person)


def _offers_of(person: Person) -> QuerySet[Offer]:
    return Offer.objects.filter(_supervised(person))


def _answers_of(person: Person) -> QuerySet[Answer]:
    return Answer.objects.filter(_supervised(person))


register_exporter("selection", export_selection)
register_eraser("selection", erase_selection)
