"""
Canonical N-Quads of a JSON-LD document (RDFC-1.0), with pinned contexts and nothing dropped.

JSON-LD drops what no context defines, silently: such a member would be outside the signature, and
anybody could add or change it. Signing and checking both refuse it here ("safe mode").

Sources: W3C *RDF Dataset Canonicalization 1.0*; W3C *Data Integrity EdDSA Cryptosuites 1.0*, section
3.2. The algorithms are PyLD's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NoReturn

from pyld import jsonld
from pyld.canon import URDNA2015

from cotutelle.engines.credentials.contexts import PINNED
from cotutelle.engines.credentials.errors import VerifyError
from cotutelle.engines.credentials.names import CREDENTIALS_V2

MAX_WORK = 200
MAX_VALUES = 500  # PyLD's time grows with their square

_NOWHERE = "relative://nowhere/"

_TOLD = ("issuer", "validFrom", "validUntil", "credentialSubject", "credentialStatus")
_VOCABULARY = "https://www.w3.org/2018/credentials#"
_PLAIN_PROOF = {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose"}
_PLAIN_IRI = re.compile(r"[a-z]+://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", re.ASCII)
_PLAIN_TIME = re.compile(r"[0-9TZ:.+-]+", re.ASCII)


def canonize(document: Mapping[str, Any]) -> str:
    """
    Return the canonical N-Quads of ``document``.

    What a reader of the JSON would miss is refused as well: an empty value, and one of the members that
    decide validity under another name (JSON-LD allows aliases and full IRIs for any term).

    Parameters
    ----------
    document : JSON-LD whose contexts are pinned ones or inline objects.

    Raises
    ------
    VerifyError
        ``rdf.context`` for a context that is not pinned, ``rdf.dropped`` for a member, type or
        identifier that would fall out of the signature, ``rdf.hidden`` for validity, issuer, subject
        or status under another name, ``rdf.invalid`` for anything that is not
        JSON-LD, ``rdf.too_much_work`` for more than 500 values, or a graph made to keep
        the algorithm busy.
    """
    dropped: list[str] = []
    _refuse_endless(document)
    _find_empty(document, dropped)
    try:
        dataset = _careful(dropped).to_rdf(document, _options())
    except Exception as error:  # PyLD raises whatever it likes at contexts of the wrong shape
        _refuse(error)
    if dropped:
        raise VerifyError("rdf.dropped", term=dropped[0])
    quads = str(_Bounded().main(dataset, {"format": "application/n-quads"}))
    for term in _TOLD:
        if (f" <{_VOCABULARY}{term}> " in quads) != (term in document):
            raise VerifyError("rdf.hidden", term=term)
    return quads


def canonize_proof(config: Mapping[str, Any]) -> str:
    """
    Return the canonical N-Quads of a proof configuration.

    The five usual members under the credentials context, whose definitions are protected, give five
    fixed lines; those are written down at once. Anything else takes the long way.
    """
    if not _is_plain(config):
        return canonize(config)
    created = config.get("created")
    lines = [
        f'<http://purl.org/dc/terms/created> "{created}"^^'
        "<http://www.w3.org/2001/XMLSchema#dateTime>"
        if created
        else "",
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        "<https://w3id.org/security#DataIntegrityProof>",
        f'<https://w3id.org/security#cryptosuite> "{config["cryptosuite"]}"^^'
        "<https://w3id.org/security#cryptosuiteString>",
        "<https://w3id.org/security#proofPurpose> <https://w3id.org/security#assertionMethod>",
        f"<https://w3id.org/security#verificationMethod> <{config['verificationMethod']}>",
    ]
    return "".join(f"_:c14n0 {line} .\n" for line in lines if line)


def _is_plain(config: Mapping[str, Any]) -> bool:
    found = config.get("@context")
    contexts = found if isinstance(found, list) else [found]
    created, method = config.get("created", "0"), config.get("verificationMethod")
    return (
        contexts[:1] == [CREDENTIALS_V2]
        and config.keys() - {"@context", "created"} == _PLAIN_PROOF - {"created"}
        and config["type"] == "DataIntegrityProof"
        and config["cryptosuite"] == "eddsa-rdfc-2022"
        and config["proofPurpose"] == "assertionMethod"
        and isinstance(created, str)
        and _PLAIN_TIME.fullmatch(created) is not None
        and isinstance(method, str)
        and _PLAIN_IRI.fullmatch(method) is not None
        and all(context in PINNED for context in contexts if isinstance(context, str))
    )


class _Bounded(URDNA2015):  # type: ignore[misc] # PyLD has no types
    """The canonicalization, which gives up on a graph of too many alike blank nodes."""

    work = 0

    def hash_n_degree_quads(self, id_: str, issuer: Any) -> Any:
        self.work += 1
        if self.work > MAX_WORK:
            raise VerifyError("rdf.too_much_work")
        return super().hash_n_degree_quads(id_, issuer)


def _careful(dropped: list[str]) -> jsonld.JsonLdProcessor:
    class Careful(jsonld.JsonLdProcessor):  # type: ignore[misc]
        """Looks at what ``expand`` kept before it becomes RDF."""

        def expand(self, input_: Any, options: Any) -> Any:
            expanded = super().expand(input_, options)
            _find_relative(expanded, dropped)
            return expanded

    return Careful(on_property_dropped=lambda term: dropped.append(term or "null"))


def _refuse_endless(document: Mapping[str, Any]) -> None:
    waiting: list[Any] = [document]
    for value in waiting:
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        if len(waiting) > MAX_VALUES:
            raise VerifyError("rdf.too_much_work")


def _find_empty(document: Mapping[str, Any], dropped: list[str]) -> None:
    waiting = [item for item in document.items() if item[0] != "@context"]
    while waiting:
        key, value = waiting.pop()
        if value is None or value == []:
            dropped.append(key)
        elif isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((key, item) for item in value)


def _find_relative(expanded: Any, dropped: list[str]) -> None:
    waiting = [expanded]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict) and "@value" not in item:
            names = [*item.get("@type", ()), *([item["@id"]] if "@id" in item else ())]
            dropped.extend(name.removeprefix(_NOWHERE) for name in names if _is_relative(name))
            waiting.extend(value for key, value in item.items() if key not in {"@id", "@type"})


def _is_relative(name: str) -> bool:
    return name.startswith(_NOWHERE) or ":" not in name


@cache
def _options() -> dict[str, Any]:
    return {"documentLoader": _load, "processingMode": "json-ld-1.1", "base": _NOWHERE}


def _load(url: str, _options: Any) -> dict[str, Any]:
    if url not in PINNED:
        raise VerifyError("rdf.context", context=url)
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": PINNED[url],
    }


def _refuse(error: BaseException | None) -> NoReturn:
    deepest = error
    while deepest is not None:
        if isinstance(deepest, VerifyError):
            raise deepest from None
        deepest = deepest.__cause__ or deepest.__context__
    raise VerifyError("rdf.invalid", detail=str(error)[:120]) from None
