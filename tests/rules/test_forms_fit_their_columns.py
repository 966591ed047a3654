"""Addresses that forms take are no longer than the columns that keep them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from django import forms

import cotutelle

LONGEST_EMAIL = 254
LONGEST_URL = {"cotutelle.ledger.forms": 300}  # of a witness
USUAL_URL = 200
NOT_KEPT = "cotutelle.people.account_forms"  # looks an address up


def fields() -> Iterator[tuple[str, str, forms.Field]]:
    """Yield module, name and field of every form of the product."""
    for module in pkgutil.walk_packages(cotutelle.__path__, "cotutelle."):
        if ".forms" not in module.name and not module.name.endswith("_forms"):
            continue
        for form in vars(importlib.import_module(module.name)).values():
            if isinstance(form, type) and form.__module__ == module.name:
                for name, field in getattr(form, "base_fields", {}).items():
                    yield module.name, f"{form.__name__}.{name}", field


def test_no_address_is_longer_than_what_is_kept() -> None:
    too_long = []
    for module, name, field in fields():
        if isinstance(field, forms.EmailField) and module != NOT_KEPT:
            most = LONGEST_EMAIL
        elif isinstance(field, forms.URLField):
            most = LONGEST_URL.get(module, USUAL_URL)
        else:
            continue
        if field.max_length is None or field.max_length > most:
            too_long.append((module, name))
    assert too_long == []
