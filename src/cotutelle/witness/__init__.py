"""
The witness: a small process that each partner runs beside the log, and of which the log is no part.

It remembers the last checkpoint of each log it trusts, cosigns only what extends that one, and so
makes it impossible for a log to show different histories to different people unnoticed. It also
keeps signed status lists and issuer keys within reach when their issuer is not, and tells its
operator what was issued in the operator's name.

Nothing here knows Django, PostgreSQL or the rooms: a folder, an SQLite file, and HTTP.
"""

from __future__ import annotations

from cotutelle.witness.folder import Folder, WitnessProblem
from cotutelle.witness.store import Store

__all__ = ["Folder", "Store", "WitnessProblem"]
