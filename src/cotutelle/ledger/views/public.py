"""What anybody reads of the log without signing in: files for programs, and one page in words."""

from __future__ import annotations

import base64

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from cotutelle.core.access import PUBLIC, requires
from cotutelle.ledger.models import Shard
from cotutelle.ledger.queries.log import policy_text, published_text, store_of
from cotutelle.ledger.queries.overview import latest, months_of_the_log
from cotutelle.ledger.queries.standing import standing
from cotutelle.people.views.measure import at_a_measure

PER_MINUTE = 1200
TEXT = "text/plain; charset=utf-8"
# A checkpoint changes within seconds; a tile that exists never does.
FRESH = "public, max-age=5"
FOR_EVER = "public, max-age=31536000, immutable"
measured = at_a_measure("log", PER_MINUTE)


def _file(content: bytes | str, content_type: str, keep: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=content_type)
    answer["Cache-Control"] = keep
    # Verifiers in a browser, on any page, may read what is public anyway.
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


@requires(PUBLIC)
@require_safe
@measured
def checkpoint(request: HttpRequest, number: int) -> HttpResponse:
    text = published_text(get_object_or_404(Shard, number=number))
    if not text:
        raise Http404
    return _file(text, TEXT, FRESH)


@requires(PUBLIC)
@require_safe
@measured
def tile(request: HttpRequest, number: int, rest: str) -> HttpResponse:
    """Send a tile or a bundle of entries as it lies on the disk, if it is there."""
    store = store_of(get_object_or_404(Shard, number=number))
    try:
        content = store.read(f"tile/{rest}")
    except (OSError, ValueError):
        raise Http404 from None
    return _file(content, "application/octet-stream", FOR_EVER)


@requires(PUBLIC)
@require_safe
@measured
def policy(request: HttpRequest) -> HttpResponse:
    text = policy_text()
    if not text:
        raise Http404
    return _file(text, TEXT, FRESH)


@requires(PUBLIC)
@require_safe
@measured
def home(request: HttpRequest) -> HttpResponse:
    """Explain what the log proves, and show how it stands."""
    stands = standing()
    if stands is None:
        return render(request, "ledger/log_home.html", {"standing": None})
    size = stands.published.size if stands.published else 0
    context = {
        "standing": stands,
        "size": size,
        "signed": sum(w.counts and (w.size or 0) >= size for w in stands.watchers) if size else 0,
        "root": base64.b64encode(stands.published.root).decode() if stands.published else "",
        "prefix": request.build_absolute_uri(f"/log/{stands.shard.number}/"),
        "chart": months_of_the_log(stands.shard),
        "latest": latest(stands.shard, below=size),
        "frozen": Shard.objects.exclude(pk=stands.shard.pk).order_by("-number"),
    }
    return render(request, "ledger/log_home.html", context)
