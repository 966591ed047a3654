"""A view without a declared permission is a hole: there is none."""

from __future__ import annotations

from collections.abc import Iterator

import rules
from django.urls import URLPattern, URLResolver, get_resolver

from cotutelle.core.access import PUBLIC, SIGNED_IN
from cotutelle.people.allauth_access import ADMIN, THIRD_PARTY, permission_of

# Routes of the API declare theirs on each operation; a test of that room reads them.
ELSEWHERE = ("api/",)


def patterns(
    resolver: URLResolver, prefix: str = "", namespaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...], URLPattern]]:
    inner = (*namespaces, resolver.namespace) if resolver.namespace else namespaces
    for one in resolver.url_patterns:
        where = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, where, inner)
        else:
            yield where, inner, one


def declared(namespaces: tuple[str, ...], pattern: URLPattern) -> str | None:
    view = pattern.callback
    own = getattr(view, "permission", None) or getattr(
        getattr(view, "view_class", None), "permission", None
    )
    return own or permission_of(pattern.name, list(namespaces))


def test_every_view_declares_its_permission() -> None:
    every = [p for p in patterns(get_resolver()) if not p[0].startswith(ELSEWHERE)]
    undeclared = [where for where, spaces, one in every if declared(spaces, one) is None]
    assert undeclared == []
    assert len(every) > 100


def test_every_declared_permission_has_a_rule() -> None:
    named = {declared(spaces, one) for _where, spaces, one in patterns(get_resolver())}
    open_ones = {PUBLIC, SIGNED_IN, ADMIN, None}
    assert sorted(p for p in named - open_ones if p and not rules.perm_exists(p)) == []


def test_the_list_of_third_party_views_names_no_view_that_is_gone() -> None:
    names = {one.name for _where, _spaces, one in patterns(get_resolver())}
    assert sorted(set(THIRD_PARTY) - names) == []
