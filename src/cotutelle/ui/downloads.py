"""Tables and files as downloads."""

from __future__ import annotations

from urllib.parse import quote

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cotutelle.core import clock
from cotutelle.ui.dates import format_datetime
from cotutelle.ui.exporting import Table, to_csv, to_xlsx

FORMATS = ("xlsx", "csv")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(
    request: HttpRequest, table: Table, fmt: str, *, watermark: bool = False
) -> HttpResponse:
    """Return ``table`` as a file; ``watermark`` puts the reader's name and the time into it."""
    line = None
    if watermark:
        line = _("Exported by %(name)s on %(time)s. Do not pass on.") % {
            "name": getattr(request.user, "display_name", ""),
            "time": format_datetime(clock.now()),
        }
    if fmt == "xlsx":
        return attachment(to_xlsx(table, watermark=line), f"{table.title}.xlsx", XLSX)
    if fmt == "csv":
        content = to_csv(table, watermark=line)
        return attachment(content, f"{table.title}.csv", "text/csv; charset=utf-8")
    raise BadRequest("format is xlsx or csv")


def attachment(content: bytes, name: str, content_type: str) -> HttpResponse:
    """Return ``content`` as a download called ``name``."""
    response = HttpResponse(content, content_type=content_type)
    safe = "".join("_" if c in '/\\:*?"<>|\r\n' else c for c in name)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(safe, safe='')}"
    response["Cache-Control"] = "no-store"
    return response
