"""How long tests wait for what is to come: a slow or busy machine is no fault."""

from __future__ import annotations

from playwright.sync_api import expect

PATIENCE_MS = 60_000
"""For every single step in Chromium."""

expect.set_options(timeout=PATIENCE_MS)
