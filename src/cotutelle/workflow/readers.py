"""Who reads this room's files and histories."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from cotutelle.core.access import why_not
from cotutelle.files.access import SCANS
from cotutelle.files.access import register as register_purpose
from cotutelle.files.models import StoredFile
from cotutelle.ledger.access import by_permission
from cotutelle.ledger.access import register as register_history
from cotutelle.workflow.models import Approval, ProxyAuthorisation
from cotutelle.workflow.queries import approvals_visible_to
from cotutelle.workflow.services.proxying import DOCUMENT_PURPOSE


def why_not_proxy_document(actor: Any, file: StoredFile) -> str | None:
    """Let those read a signed paper who may see its authorisation."""
    proxies = ProxyAuthorisation.objects.filter(document=file).select_related("unit")
    reasons = [why_not(actor, "workflow.view_proxy", proxy) for proxy in proxies]
    if not reasons:
        return _("No authorisation belongs to this file.")
    return None if None in reasons else reasons[0]


def may_read_approval(actor: Any, approval: Approval) -> bool:
    """Let those read the history of an approval who may see it."""
    return approvals_visible_to(actor).filter(pk=approval.pk).exists()


register_purpose(DOCUMENT_PURPOSE, why_not_proxy_document, types=SCANS)
register_history("workflow.proxyauthorisation", by_permission("workflow.view_proxy"))
register_history("workflow.approval", may_read_approval)
register_history("workflow.task", by_permission("workflow.remind_task"))
