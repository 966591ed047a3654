"""How this room forgets a person: answers it keeps for a day."""

from __future__ import annotations

from django.db.models import Q

from cotutelle.api.models import IdempotentReply
from cotutelle.people.erasure import register_eraser
from cotutelle.people.forgetting import words_of
from cotutelle.people.models import Person


def erase_replies(person: Person) -> None:
    """Delete answers given to the person, and those that name them."""
    named = Q(person=person)
    for word in words_of(person):
        named |= Q(body__contains=word)
    IdempotentReply.objects.filter(named).delete()


register_eraser("api", erase_replies)
