"""A consortium on one's own machine: what ``make run`` starts."""

from __future__ import annotations

from cotutelle.config.settings.base import *  # noqa: F403
from cotutelle.config.settings.base import ALLOWED_HOSTS
from cotutelle.database import data_dir, database_url, django_settings, secret_key

DATABASES = {"default": django_settings(database_url())}
SECRET_KEY = secret_key()
COTUTELLE_DATA_DIR = data_dir()
MEDIA_ROOT = COTUTELLE_DATA_DIR / "files"
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "[::1]"]
COTUTELLE_DEMO = True
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = COTUTELLE_DATA_DIR / "mail"
