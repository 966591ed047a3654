"""The address somebody comes from, as the lockout and the rate limits count it."""

from __future__ import annotations

from allauth.core.internal.httpkit import clean_client_ip
from django.conf import settings
from django.http import HttpRequest  # noqa: TID251  sign-in gets requests


def client_address(request: HttpRequest) -> str:
    """
    Return the address of the client; trust no header beyond our own proxies.

    Each of the ``COTUTELLE_TRUSTED_PROXIES`` proxies appended whom it heard from to
    ``X-Forwarded-For``, so the client is that many places from the right. What stands further left
    was written by the client and may be anything. A shorter header did not pass our proxies: then
    the address of the connection counts.
    """
    count: int = settings.COTUTELLE_TRUSTED_PROXIES
    heard = request.headers.get("X-Forwarded-For", "").split(",")
    if count and len(heard) >= count and (found := clean_client_ip(heard[-count])):
        return str(found)
    return str(request.META.get("REMOTE_ADDR", ""))
