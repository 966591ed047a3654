"""Sign-in with a CAS ticket, by the same mapping of identities as OIDC and SAML."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest  # noqa: TID251  sign-in adapters get requests

from cotutelle.people.models import Person
from cotutelle.people.queries import Identity, person_of_identity


class CampusBackend(ModelBackend):
    """Verifies a ticket at the CAS server; makes nobody, changes nobody."""

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, ticket: str = "", service: str = "", **_other: Any
    ) -> Person | None:
        """Return the person whom the ticket names; ``None`` without a ticket."""
        if not ticket or not settings.CAS_SERVER_URL:
            return None
        from django_cas_ng.utils import get_cas_client  # noqa: PLC0415

        client = get_cas_client(service_url=service, request=request)
        name, attributes, _pgtiou = client.verify_ticket(ticket)
        if not name:
            return None
        return person_of_identity(Identity({**(attributes or {}), "sub": name}))
