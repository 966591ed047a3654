"""A real consortium behind HTTPS."""

from __future__ import annotations

import os

from cotutelle.config.settings.base import *  # noqa: F403
from cotutelle.database import data_dir, database_url, django_settings, secret_key

DATABASES = {"default": django_settings(database_url())}
SECRET_KEY = os.environ.get("COTUTELLE_SECRET_KEY") or secret_key()
COTUTELLE_DATA_DIR = data_dir()
MEDIA_ROOT = COTUTELLE_DATA_DIR / "files"
COTUTELLE_STAFF_MFA = os.environ.get("COTUTELLE_STAFF_MFA", "1") == "1"

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
# Other names below ours belong to the institution: whether they speak HTTPS is its own word.
SECURE_HSTS_INCLUDE_SUBDOMAINS = os.environ.get("COTUTELLE_HSTS_SUBDOMAINS", "") == "1"
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("COTUTELLE_ORIGINS", "").split(",") if o]

EMAIL_HOST = os.environ.get("COTUTELLE_EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("COTUTELLE_EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("COTUTELLE_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("COTUTELLE_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("COTUTELLE_EMAIL_TLS", "1") == "1"
DEFAULT_FROM_EMAIL = os.environ.get("COTUTELLE_EMAIL_FROM", "cotutelle@localhost")
