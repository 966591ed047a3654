"""Every view and every operation of the interface names the permission it asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from ninja.openapi.schema import OpenAPISchema

from cotutelle.api.v1.description import description
from cotutelle.api.v1.interface import api, operations
from cotutelle.core.access import PUBLIC, SIGNED_IN, _reasons
from cotutelle.people.allauth_access import ADMIN, permission_of

OPEN = {PUBLIC, SIGNED_IN, ADMIN}


def _permissions(patterns, prefix="", namespaces=()) -> Iterator[tuple[str, str]]:
    """Yield each address with what its view declares, or what is declared for a foreign one."""
    for one in patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            inside = [*namespaces, one.namespace] if one.namespace else [*namespaces]
            yield from _permissions(one.url_patterns, path, inside)
        elif isinstance(one, URLPattern):
            own = getattr(one.callback, "permission", "")
            yield path, own or permission_of(one.name, [*namespaces]) or ""


def test_every_view_names_a_permission_that_a_rule_grants():
    found = dict(_permissions(get_resolver().url_patterns))
    known = OPEN | set(_reasons)

    assert len(found) > 100
    assert {path: name for path, name in found.items() if name not in known} == {}


def test_every_operation_names_a_permission_that_a_rule_grants_and_asks_it():
    found = {(operation.methods[0], path): operation for path, operation in operations()}

    assert len(found) >= 70
    for where, operation in found.items():
        permission = getattr(operation.view_func, "permission", "")
        asked = {caller.permission for caller in operation.auth_callbacks}
        assert permission in {SIGNED_IN} | set(_reasons), where
        assert asked == {permission}, where


def test_the_description_lists_every_operation_with_its_permission():
    described = {
        operation["operationId"]: operation["x-permission"]
        for methods in description()["paths"].values()
        for operation in methods.values()
    }

    assert described == {
        operation.operation_id: operation.view_func.permission for _path, operation in operations()
    }


@pytest.mark.parametrize("method", ["put", "patch"])
def test_every_change_asks_for_the_version(method):
    without = [
        path
        for path, methods in description()["paths"].items()
        if method in methods
        and not any(p["name"] == "If-Match" for p in methods[method]["parameters"])
    ]

    assert without == []


def test_no_two_schemas_of_the_description_share_a_name(monkeypatch):
    shared = set()

    def add(self, definitions):
        shared.update(
            n for n, schema in definitions.items() if self.schemas.get(n, schema) != schema
        )
        self.schemas.update(definitions)

    monkeypatch.setattr(OpenAPISchema, "add_schema_definitions", add)
    api.get_openapi_schema(path_prefix="")

    assert shared == set()
