"""Giving every witness a copy of status lists and key events, so that nobody depends on us."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from cotutelle.credentials.models import StatusList
from cotutelle.credentials.queries.public import key_evidence, logged_list
from cotutelle.ledger.enums import WitnessState
from cotutelle.ledger.models import Witness

SECONDS = 10.0
log = logging.getLogger(__name__)

Documents = list[tuple[Mapping[str, Any] | None, Mapping[str, Any]]]


def mirror_all() -> int:
    """
    Give every active witness what it lacks of what the log has published; return how many.

    A witness that does not answer, or not as a witness does, is asked again next time.
    """
    witnesses = list(Witness.objects.filter(state=WitnessState.ACTIVE).order_by("pk"))
    if not witnesses:
        return 0
    lists = [found for one in _lists() if (found := logged_list(one)) is not None]
    keys = key_evidence()
    return sum(_mirror(witness, lists, keys) for witness in witnesses)


def _lists() -> list[StatusList]:
    rows = StatusList.objects.exclude(body="").select_related("unit", "entry")
    return list(rows.order_by("pk"))


def _mirror(
    witness: Witness, lists: list[dict[str, Any]], keys: Mapping[str, list[dict[str, Any]]]
) -> int:
    given = 0
    try:
        with httpx.Client(base_url=witness.url, timeout=SECONDS) as client:
            missing = _missing(client, lists, keys)
            for document, logged in missing:
                answer = client.post("/documents", json={"document": document, "logged": logged})
                if answer.is_success:
                    given += 1
                else:
                    log.info("witness %s refused a copy: %s", witness.name, answer.status_code)
    except (
        httpx.HTTPError,
        ValueError,
        TypeError,
        KeyError,
    ) as error:  # what comes is a stranger's
        log.info("witness %s did not answer: %s", witness.name, type(error).__name__)
    return given


def _missing(
    client: httpx.Client,
    lists: list[dict[str, Any]],
    keys: Mapping[str, list[dict[str, Any]]],
) -> Documents:
    """Return what the witness has not, or has in an older version."""
    found: Documents = []
    for one in lists:
        kept = _get(client, "/documents/status", id=one["credential"]["id"])
        if kept.get("credential") != one["credential"]:
            found.append((one["credential"], one["logged"]))
    for controller, events in keys.items():
        kept = _get(client, "/documents/keys", controller=controller)
        known = {_name(one) for one in kept.get("keys", ())}
        found += [(None, one) for one in events if _name(one) not in known]
    return found


def _name(evidence: Mapping[str, Any]) -> str:
    return json.dumps(evidence["entry"], sort_keys=True)


def _get(client: httpx.Client, path: str, **query: str) -> dict[str, Any]:
    answer = client.get(path, params=query)
    return dict(answer.json()) if answer.is_success else {}
