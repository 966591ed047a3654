"""What this room adds to the rooms below: what follows an objection, and a new tree of the log."""

from __future__ import annotations

from cotutelle.credentials.models import Award
from cotutelle.credentials.services.awards import SIGNED_ACTION, withdraw_after_objection
from cotutelle.credentials.services.issuer_keys import announce_again
from cotutelle.ledger.services import on_shard_opened
from cotutelle.workflow import proxies
from cotutelle.workflow.models import ProxyAct


def end_unwanted(act: ProxyAct) -> None:
    """End a proposal that was signed against somebody's will, unless it was issued already."""
    award = Award.objects.filter(pk=act.subject_id).first()
    if award is not None:
        withdraw_after_objection(award, act.objection, actor=act.authorisation.principal)


proxies.register(SIGNED_ACTION, end_unwanted)
on_shard_opened(announce_again)
