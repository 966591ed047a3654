"""The product without its demonstration, on a folder of its own."""

from __future__ import annotations

from cotutelle.config.settings.demo import *  # noqa: F403

COTUTELLE_DEMO = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A dead worker's jobs are taken up at once instead of after half a minute.
COTUTELLE_JOB_STALE_SECONDS = 3
