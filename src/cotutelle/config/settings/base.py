"""What every installation shares. Secrets and addresses come from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from cotutelle.config.settings.anchor import *  # noqa: F403
from cotutelle.config.settings.signin import *  # noqa: F403

PACKAGE = Path(__file__).resolve().parents[2]
DEBUG = False
ALLOWED_HOSTS = os.environ.get("COTUTELLE_HOSTS", "127.0.0.1,localhost").split(",")

ROOMS = [
    "core",
    "ui",
    "people",
    "institutions",
    "ledger",
    "workflow",
    "notices",
    "files",
    "documents",
    "jobs",
    "exchange",
    "decisions",
    "availability",
    "programmes",
    "agreements",
    "mentorship",
    "selection",
    "rotations",
    "credentials",
    "api",
    "web",
]
INSTALLED_APPS = [
    *(f"cotutelle.{room}" for room in ROOMS),
    "cotutelle.people.admin_config.RepairAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rules.apps.AutodiscoverRulesConfig",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "django_cas_ng",
    "axes",
    "csp",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cotutelle.core.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cotutelle.people.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cotutelle.people.middleware.StaffSecondFactorMiddleware",
    "cotutelle.core.middleware.RuleViolationMiddleware",
    "cotutelle.core.middleware.NulMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "cotutelle.config.urls"
WSGI_APPLICATION = "cotutelle.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cotutelle.web.context.frame",
            ],
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "cotutelle.people.backends.CampusBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_COOKIE_NAME = "language"

STATIC_URL = "/static/"
STATICFILES_DIRS: list[str] = []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CSRF_USE_SESSIONS = False
SESSION_COOKIE_AGE = 12 * 3600

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
COTUTELLE_UPLOAD_MAX_BYTES = 20 * 1024 * 1024

# A second factor: required of staff when set (see docs/how-to/sign-in.md).
COTUTELLE_STAFF_MFA = os.environ.get("COTUTELLE_STAFF_MFA", "") == "1"
COTUTELLE_DEMO = False
SILENCED_SYSTEM_CHECKS: list[str] = []

# A running job beats every second; after this silence its worker counts as dead.
COTUTELLE_JOB_STALE_SECONDS = 30

# A long import must not hold up e-mails; what is done leaves the queue.
PROCRASTINATE_WORKER_DEFAULTS = {"concurrency": 4, "delete_jobs": "successful"}

# The log: under which name institutions issue before it is set up, and who keeps private keys.
COTUTELLE_AUTHORITY = os.environ.get("COTUTELLE_AUTHORITY", "cotutelle.example")
COTUTELLE_KEY_PROVIDER = os.environ.get(
    "COTUTELLE_KEY_PROVIDER", "cotutelle.ledger.services.keys.FileKeys"
)
