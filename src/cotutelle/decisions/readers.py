"""Who reads the histories of this room."""

from __future__ import annotations

from cotutelle.ledger.access import by_permission, register

register("decisions.run", by_permission("decisions.view_run"))
register("decisions.policy", by_permission("decisions.change_policy"))
