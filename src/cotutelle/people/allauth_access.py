"""
Which permission the views of others have: they cannot carry our declaration themselves.

The test of the tree's laws reads this beside ``view.permission``; a URL in neither place fails.
"""

from __future__ import annotations

from cotutelle.core.access import PUBLIC, SIGNED_IN

ADMIN = "admin"
"""Django's admin: superusers, for repairs; it asks by itself."""

THIRD_PARTY: dict[str, str] = {
    "account_login": PUBLIC,
    "account_logout": PUBLIC,
    "account_inactive": PUBLIC,
    "account_reset_password": PUBLIC,
    "account_reset_password_done": PUBLIC,
    "account_reset_password_from_key": PUBLIC,
    "account_reset_password_from_key_done": PUBLIC,
    "account_reauthenticate": SIGNED_IN,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    # Between password and second factor somebody is not signed in yet.
    "mfa_authenticate": PUBLIC,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
    "socialaccount_login_cancelled": PUBLIC,
    "socialaccount_login_error": PUBLIC,
    "openid_connect_login": PUBLIC,
    "openid_connect_callback": PUBLIC,
    "saml_login": PUBLIC,
    "saml_acs": PUBLIC,
    "saml_finish_acs": PUBLIC,
    "saml_sls": PUBLIC,
    "saml_metadata": PUBLIC,
    "cas_ng_login": PUBLIC,
    "cas_ng_logout": PUBLIC,
}


def permission_of(name: str | None, namespaces: list[str]) -> str | None:
    """Return the declared permission of a third-party URL; ``None`` for one nobody declared."""
    if namespaces and namespaces[0] == "admin":
        return ADMIN
    return THIRD_PARTY.get(name or "")
