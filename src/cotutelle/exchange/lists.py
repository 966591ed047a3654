"""Answers the downloads of lists in rooms below this one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, cast

from django.http import HttpRequest, HttpResponse  # noqa: TID251  a seam between views

from cotutelle.exchange import exporting
from cotutelle.ui import exports


def write_list(
    request: HttpRequest, title: str, columns: list[exports.Out], rows: Iterable[Any], fmt: str
) -> HttpResponse:
    """Write a list with the exporter of this room."""
    from cotutelle.exchange.views import download  # noqa: PLC0415  views load after the apps

    table = exporting.Table(
        title, [exporting.Out(c.header, c.getter, c.kind) for c in columns], rows
    )
    return download(request, table, cast("Literal['xlsx', 'csv']", fmt))


exports.register(write_list)
