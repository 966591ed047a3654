"""Words of this room in the history."""

from __future__ import annotations
