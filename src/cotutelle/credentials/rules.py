"""Who defines, signs, issues and revokes."""

from __future__ import annotations
