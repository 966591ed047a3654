"""Names from the specifications, as identifiers: none of these addresses is ever fetched."""

from __future__ import annotations

from typing import Any

CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
CONTROLLED_IDENTIFIERS = "https://www.w3.org/ns/cid/v1"
TERMS = "https://docs.cotutelle.example/terms/v1#"

OWN_TERMS: dict[str, Any] = {
    "zh": {"@id": f"{TERMS}zh", "@type": "@json"},
    "facts": {"@id": f"{TERMS}facts", "@type": "@json"},
    "trace": {"@id": f"{TERMS}trace", "@type": "@json"},
}
"""The inline context of our credentials: three members whose value is plain JSON."""

ISSUER_TERMS: dict[str, Any] = {
    "name": {"@id": f"{TERMS}name", "@type": "@json"},
    "keys": {"@id": f"{TERMS}keys", "@type": "@json"},
}
"""The inline context of an issuer's document: members that Controlled Identifiers 1.0 does not have."""
