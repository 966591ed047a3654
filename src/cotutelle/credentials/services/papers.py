"""Certificates on paper: a numbered PDF with the proof inside, and a picture with it inside."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typst
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from cotutelle.core.access import check
from cotutelle.core.canonical import canonical
from cotutelle.core.errors import RuleViolation
from cotutelle.credentials.enums import AchievementKind, CredentialState, SignerRole
from cotutelle.credentials.facts import in_words
from cotutelle.credentials.models import Award, Credential, Share, SignOff
from cotutelle.credentials.queries.bundles import bundle_of, members_of, shown_in
from cotutelle.credentials.queries.credentials import document_of, leaf_of
from cotutelle.credentials.services.shares import printed_share
from cotutelle.documents.enums import DocumentState
from cotutelle.documents.models import Document
from cotutelle.documents.rendering import chosen_fonts, font_files, template_path
from cotutelle.documents.services import issue_document
from cotutelle.engines.credentials.badges import bake
from cotutelle.institutions.models import Unit
from cotutelle.ledger.actions import label
from cotutelle.ledger.queries.record import Event, events, record_of
from cotutelle.notices.channels import setting
from cotutelle.people.models import Person
from cotutelle.ui.dates import format_date

CERTIFICATE = "credentials.certificate"
TRANSCRIPT = "credentials.transcript"
ATTACHMENT = "credential.cotutelle.json"
PIXELS_PER_INCH = 144.0

Words = dict[str, str]


def _both(make: Callable[[], Any]) -> Words:
    """Return what ``make`` says in each language."""
    said = {}
    for key, language in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(language):
            said[key] = str(make())
    return said


def verify_link(share: Share) -> str:
    """Return the absolute address that opens ``share``."""
    base = setting("COTUTELLE_BASE_URL").rstrip("/") or "http://127.0.0.1:8000"
    return base + reverse("verify:share", args=[share.token])


@transaction.atomic
def issue_paper(credential: Credential, *, actor: Person) -> Document:
    """
    Return the numbered PDF of a certificate or transcript, made when it is first asked for.

    It carries the share bundle, so it waits for the log: ``paper.not_logged``. Refuses with
    ``paper.erased``, ``paper.revoked`` and what `documents` refuses.
    """
    check(actor, "credentials.view_credential", credential)
    locked = Credential.objects.select_for_update(of=("self",)).select_related("document")
    credential.document = locked.get(pk=credential.pk).document
    _refuse_paper(credential)
    if credential.document and credential.document.state != DocumentState.VOID:
        return credential.document
    share = printed_share(credential)
    bundle = bundle_of(credential)
    if bundle is None or "logged" not in bundle:
        raise RuleViolation(
            "paper.not_logged",
            _("The certificate is on its way into the log. The paper can be made in a minute."),
        )
    document = issue_document(
        **_paper(credential, bundle),
        subject=credential,
        unit=credential.unit,
        actor=actor,
        link=verify_link(share),
        attachments={ATTACHMENT: canonical(bundle)},
    )
    Credential.objects.filter(pk=credential.pk).update(document=document)
    credential.document = document
    return document


def badge_of(credential: Credential) -> bytes:
    """
    Return the picture of a certificate with the signed certificate inside it.

    Refuses with ``paper.erased``, ``paper.revoked`` and ``document.no_font``.
    """
    _refuse_paper(credential)
    document = document_of(credential)
    return bake(_picture(credential), document or {})


def _refuse_paper(credential: Credential) -> None:
    if not credential.body:
        raise RuleViolation("paper.erased", _("This certificate was erased."))
    if credential.state == CredentialState.REVOKED:
        raise RuleViolation(
            "paper.revoked", _("This certificate was revoked. No paper is made of it any more.")
        )


def _paper(credential: Credential, bundle: dict[str, Any]) -> dict[str, Any]:
    """Return kind, template, titles and data of the paper."""
    if credential.award is None:
        return {
            "kind": TRANSCRIPT,
            "template": "credentials/transcript.typ",
            "data": _transcript(credential, bundle),
            "title_zh": "培养过程记录单",
            "title_en": "Transcript of the training record",
        }
    return {
        "kind": CERTIFICATE,
        "template": "credentials/certificate.typ",
        "data": _certificate(credential, credential.award, bundle),
        "title_zh": "成就证书",
        "title_en": "Certificate of achievement",
    }


def _certificate(credential: Credential, award: Award, bundle: dict[str, Any]) -> dict[str, Any]:
    return {
        "student": _name(credential.person),
        "achievement": _title(credential),
        "description": _both(lambda: award.achievement.description),
        "criteria": _both(lambda: award.achievement.criteria),
        "facts": _facts(award.facts),
        "signers": [
            _signer(one) for one in award.sign_offs.select_related("signer").order_by("id")
        ],
        "id": bundle["credential"]["id"],
        "digest": credential.digest,
        "valid": _both(lambda: _validity(credential)),
        "log": _both(lambda: _place(credential)),
    }


def _transcript(credential: Credential, bundle: dict[str, Any]) -> dict[str, Any]:
    person = credential.person
    shown = shown_in(credential)
    count = bundle["credential"]["credentialSubject"]["trace"]["count"]
    rows = record_of(person, reader=person).filter(leaf__seq__in=shown).order_by("leaf__seq")
    return {
        "student": _name(person),
        "id": bundle["credential"]["id"],
        "extent": _both(lambda: _extent(len(shown), count)),
        "as_of": _both(lambda: format_date(credential.valid_from)),
        "certificates": [_member(one) for one in members_of(credential)],
        "events": [_event(one) for one in events(rows)],
    }


def _member(one: Credential) -> dict[str, Words]:
    return {
        "name": _title(one),
        "issuer": _unit(one.unit),
        "day": _both(lambda: format_date(one.valid_from)),
    }


def _event(one: Event) -> dict[str, Any]:
    return {
        "seq": one.seq,
        "text": _both(lambda: label(one.entry.action)),
        "unit": _unit(one.institution) if one.institution else {"zh": "", "en": ""},
        "day": _both(lambda: format_date(one.when)),
    }


def _extent(shown: int, count: int) -> str:
    if shown == count:
        return _("the whole record: %(count)s events") % {"count": count}
    return _("%(shown)s of the %(count)s events of the record") % {"shown": shown, "count": count}


def _title(credential: Credential) -> Words:
    return {"zh": credential.name_zh, "en": credential.name_en}


def _unit(unit: Unit) -> Words:
    return {"zh": unit.name_zh, "en": unit.name_en}


def _signer(one: SignOff) -> dict[str, Words]:
    return {
        "role": _both(lambda: SignerRole(one.role).label),
        "name": _name(one.signer),
        "day": _both(lambda: format_date(one.at)),
    }


def _facts(facts: dict[str, Any]) -> list[dict[str, Words]]:
    """Return the facts in both languages, row by row."""
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.append(in_words(facts))
    return [
        {"label": {"zh": zh[0], "en": en[0]}, "value": {"zh": zh[1], "en": en[1]}}
        for zh, en in zip(*said, strict=True)
    ]


def _name(person: Person) -> Words:
    return {"zh": person.name_zh or person.name_en, "en": person.name_en or person.name_zh}


def _validity(credential: Credential) -> str:
    start = format_date(credential.valid_from)
    if credential.valid_until is None:
        return _("From %(day)s, without end") % {"day": start}
    return _("%(from)s to %(until)s") % {
        "from": start,
        "until": format_date(credential.valid_until),
    }


def _place(credential: Credential) -> str:
    leaf = leaf_of(credential)
    if leaf is None:
        return ""
    return _("%(origin)s, entry %(index)s") % {"origin": leaf.shard.origin, "index": leaf.index}


def _picture(credential: Credential) -> bytes:
    kind = credential.award.achievement.kind if credential.award else AchievementKind.GENERIC
    data = {
        "fonts": chosen_fonts(),
        "kind": _both(lambda: AchievementKind(kind).label),
        "name": _title(credential),
        "issuer": _unit(credential.unit),
        "day": timezone.localdate(credential.valid_from).isoformat(),
    }
    with tempfile.TemporaryDirectory(prefix="cotutelle-badge-") as folder:
        root = Path(folder)
        (root / "main.typ").write_bytes(template_path("credentials/badge.typ").read_bytes())
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        compiler = typst.Compiler(root=root, font_paths=font_files())
        picture = compiler.compile(root / "main.typ", format="png", ppi=PIXELS_PER_INCH)
    if not isinstance(picture, bytes):
        raise TypeError("typst returned no picture")
    return picture
