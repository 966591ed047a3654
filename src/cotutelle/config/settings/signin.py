"""
How people sign in: password, second factor, lockout, and the seam to campus systems.

``docs/how-to/sign-in.md`` explains every variable read here.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import Any

# ---------------------------------------------------------------- password (allauth)

ACCOUNT_ADAPTER = "cotutelle.people.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/account/login/"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
# Wrong passwords are counted by axes, below; this keeps floods from one address out.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "60/m/ip"}
ACCOUNT_FORMS = {
    "login": "cotutelle.people.account_forms.SignInForm",
    "reset_password": "cotutelle.people.account_forms.ResetForm",
    "reset_password_from_key": "cotutelle.people.account_forms.NewPasswordForm",
    "change_password": "cotutelle.people.account_forms.ChangeForm",
    "reauthenticate": "cotutelle.people.account_forms.ConfirmForm",
}

# Proxies of ours in front of the web process: so many ends of X-Forwarded-For are believed.
COTUTELLE_TRUSTED_PROXIES = int(os.environ.get("COTUTELLE_TRUSTED_PROXIES", "0"))
AXES_CLIENT_IP_CALLABLE = "cotutelle.people.addresses.client_address"

# ---------------------------------------------------------------- second factor

MFA_ADAPTER = "cotutelle.people.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Cotutelle"
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "cotutelle.people.account_forms.SecondFactorForm",
    "reauthenticate": "cotutelle.people.account_forms.ConfirmSecondFactorForm",
    "activate_totp": "cotutelle.people.account_forms.ActivateForm",
}
# The campus asks for a second factor itself: staff who come from there need none of ours.
COTUTELLE_EXTERNAL_MFA = os.environ.get("COTUTELLE_EXTERNAL_MFA", "") == "1"

# ---------------------------------------------------------------- lockout (axes)

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "people/locked_out.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_USERNAME_CALLABLE = "cotutelle.people.adapters.typed_name"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# ---------------------------------------------------------------- campus systems

SOCIALACCOUNT_ADAPTER = "cotutelle.people.adapters.CampusAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False

# Which claim says who somebody is, and what of a person it is compared with.
COTUTELLE_IDENTITY_CLAIM = os.environ.get("COTUTELLE_IDENTITY_CLAIM", "sub")
COTUTELLE_IDENTITY_FIELD = os.environ.get("COTUTELLE_IDENTITY_FIELD", "number")
COTUTELLE_IDENTITY_UNIT = os.environ.get("COTUTELLE_IDENTITY_UNIT", "")


def social_providers(environment: dict[str, str]) -> dict[str, Any]:
    """Return allauth's providers from ``COTUTELLE_OIDC`` and ``COTUTELLE_SAML`` (JSON)."""
    found: dict[str, Any] = {}
    if text := environment.get("COTUTELLE_OIDC"):
        given = json.loads(text)
        found["openid_connect"] = {
            "APPS": [
                {
                    "provider_id": given.get("id", "campus"),
                    "name": given.get("name", "Campus"),
                    "client_id": given["client_id"],
                    "secret": given["secret"],
                    "settings": {"server_url": given["issuer"]},
                }
            ]
        }
    if text := environment.get("COTUTELLE_SAML"):
        given = json.loads(text)
        found["saml"] = {
            "APPS": [
                {
                    "provider_id": given["idp"]["entity_id"],
                    "name": given.get("name", "Campus"),
                    "client_id": given.get("id", "campus"),
                    "settings": {
                        "idp": given["idp"],
                        "attribute_mapping": given.get("attribute_mapping", {}),
                        "advanced": {
                            "allow_single_label_domains": True,
                            "want_assertion_signed": True,
                        },
                    },
                }
            ]
        }
    return found


SOCIALACCOUNT_PROVIDERS = social_providers(dict(os.environ))

# CAS: on when its address is given.
COTUTELLE_CAS_NAME = os.environ.get("COTUTELLE_CAS_NAME", "")
CAS_SERVER_URL = os.environ.get("COTUTELLE_CAS_URL", "")
CAS_VERSION = os.environ.get("COTUTELLE_CAS_VERSION", "3")
CAS_CREATE_USER = False
CAS_CHECK_NEXT = True
CAS_REDIRECT_URL = "/"
CAS_IGNORE_REFERER = True
CAS_LOGIN_MSG = None
CAS_LOGGED_MSG = None
CAS_LOGOUT_COMPLETELY = False
CAS_USERNAME_ATTRIBUTE = "cas:user"
