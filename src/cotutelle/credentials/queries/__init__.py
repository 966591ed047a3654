"""Reading achievements, awards, certificates and keys."""

from __future__ import annotations
