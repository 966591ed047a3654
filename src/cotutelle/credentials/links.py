"""What this room adds to the rooms below: after an objection, in a new tree of the log, of a code."""

from __future__ import annotations

from cotutelle.credentials.models import Award, IssuerKey
from cotutelle.credentials.services.awards import SIGNED_ACTION, withdraw_after_objection
from cotutelle.credentials.services.issuer_keys import announce_again
from cotutelle.institutions.models import Unit
from cotutelle.institutions.services import keep_code_where
from cotutelle.ledger.services import on_shard_opened
from cotutelle.workflow import proxies
from cotutelle.workflow.models import ProxyAct


def end_unwanted(act: ProxyAct) -> None:
    """End a proposal that was signed against somebody's will, unless it was issued already."""
    award = Award.objects.filter(pk=act.subject_id).first()
    if award is not None:
        withdraw_after_objection(award, act.objection, actor=act.authorisation.principal)


def has_keys(unit: Unit) -> bool:
    """Return whether certificates, lists and keys of ``unit`` are signed in the name of its code."""
    return IssuerKey.objects.filter(unit=unit).exists()


proxies.register(SIGNED_ACTION, end_unwanted)
on_shard_opened(announce_again)
keep_code_where(has_keys)
