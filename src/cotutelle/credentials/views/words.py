"""How states of this room look."""

from __future__ import annotations

from collections.abc import Mapping

from cotutelle.credentials.enums import CredentialState

STATE_KINDS: Mapping[str, str] = {
    CredentialState.VALID: "ok",
    CredentialState.SUSPENDED: "due",
    CredentialState.REVOKED: "late",
}
