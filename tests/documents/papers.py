"""A paper for tests, made with the template that every room builds on."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from cotutelle.documents import kinds
from cotutelle.documents.models import Document
from cotutelle.documents.services import issue_document
from cotutelle.people.models import Person

kinds.register(
    "test.notice",
    code="TS",
    label="Test notice",
    visible=lambda person: Q() if person.username == "concerned" else Q(pk__in=()),
)


def issue(actor: Person, **values: Any) -> Document:
    """Return an issued paper of the actor's unit."""
    assert actor.unit is not None
    given: dict[str, Any] = {
        "subject": actor.unit,
        "unit": actor.unit,
        "template": "documents/letter.typ",
        "data": {
            "paragraphs": [{"zh": "名单公示如下。", "en": "The list is published below."}],
            "rows": [["学号", "姓名"], ["0012", "张三 *#$"]],
        },
        "title_zh": "双选结果公示",
        "title_en": "Notice of results",
        "actor": actor,
    }
    return issue_document("test.notice", **(given | values))
