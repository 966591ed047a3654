"""Settings of the one-page project."""

from __future__ import annotations

import os

from cotutelle.database import database_url, django_settings

DATABASES = {"default": django_settings(database_url())}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "procrastinate.contrib.django",
    "tests.database.project",
]
SECRET_KEY = "test-only-not-a-secret"  # noqa: S105 - signs nothing that anybody keeps
MIDDLEWARE = ["absent.Middleware"] if os.environ.get("COTUTELLE_TEST_BROKEN_PAGES") else []
ROOT_URLCONF = "tests.database.project.urls"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
COTUTELLE_DEMO = True
