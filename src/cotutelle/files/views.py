"""Files over HTTP: always a download, never shown inside our pages."""

from __future__ import annotations

import uuid
from typing import cast

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cotutelle.core.access import SIGNED_IN, requires
from cotutelle.files import storage
from cotutelle.files.models import StoredFile
from cotutelle.files.queries import readable_file
from cotutelle.people.models import Person


@requires(SIGNED_IN)
@require_safe
def file_download(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    file = readable_file(cast(Person, request.user), public_id)
    if file is None:
        raise Http404
    return cast(HttpResponse, file_response(file))


def file_response(file: StoredFile, *, name: str = "") -> FileResponse:
    """Return ``file`` as an attachment that no browser runs or guesses about."""
    path = storage.path_of(file.sha256)
    if not path.exists():
        raise Http404
    response = FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=name or file.name,
        content_type=file.content_type,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response
