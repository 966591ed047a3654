"""Whom a thing is about, where it is known by its kind and key alone."""

from __future__ import annotations

from django.apps import apps

from cotutelle.people.models import Person


def person_concerned(subject_type: str, subject_id: int) -> Person | None:
    """
    Return the one person whom ``<app>.<model>`` number ``subject_id`` concerns.

    ``None`` where it concerns several, or nobody in particular, or is gone.
    """
    try:
        model = apps.get_model(subject_type)
    except (LookupError, ValueError):
        return None
    found = model._default_manager.filter(pk=subject_id).first()  # noqa: SLF001 - Django's own name
    if isinstance(found, Person):
        return found
    concerned = getattr(found, "concerns", None)
    return concerned if isinstance(concerned, Person) else None
