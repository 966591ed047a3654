"""Tasks, authorisations and approvals over HTTP."""
