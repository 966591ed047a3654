"""Rows of the room: achievements and awards; certificates, their status, keys and links."""

from __future__ import annotations

from cotutelle.credentials.models.achievements import Achievement, Award, SignOff
from cotutelle.credentials.models.certificates import (
    Credential,
    IssuerKey,
    Share,
    StatusList,
    StatusSlot,
)

__all__ = [
    "Achievement",
    "Award",
    "Credential",
    "IssuerKey",
    "Share",
    "SignOff",
    "StatusList",
    "StatusSlot",
]
