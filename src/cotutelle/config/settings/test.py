"""What the tests run on: real PostgreSQL, fast password hashing, mail in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cotutelle.config.settings.base import *  # noqa: F403
from cotutelle.config.settings.base import STORAGES
from cotutelle.database import django_settings
from cotutelle.database.testing import shared_server

DATABASES = {
    "default": {
        # The shared server is named here and started by the first test that needs it.
        **django_settings(
            os.environ.get("COTUTELLE_DATABASE_URL") or shared_server().url(), pool=False
        ),
        "TEST": {"NAME": os.environ.get("COTUTELLE_TEST_NAME", "test_cotutelle")},
    }
}
SECRET_KEY = "test-only-not-a-secret"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# One for each process and database: a log's files must not meet those of another test run.
_RUN = f"{os.environ.get('COTUTELLE_TEST_NAME', '')}{os.environ.get('PYTEST_XDIST_WORKER', '')}"
COTUTELLE_DATA_DIR = Path(tempfile.gettempdir()) / f"cotutelle-test-files-{os.getuid()}{_RUN}"
MEDIA_ROOT = COTUTELLE_DATA_DIR / "files"
STORAGES = {**STORAGES}
AXES_ENABLED = True
COTUTELLE_STAFF_MFA = False
