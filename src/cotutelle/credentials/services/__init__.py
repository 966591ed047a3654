"""Defining achievements, signing for students, issuing and withdrawing certificates."""

from __future__ import annotations
