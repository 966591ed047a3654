"""Keys of institutions are made in a folder of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def data_folder(settings: Any, tmp_path: Path) -> Path:
    """Let this test keep its keys and files in a folder of its own."""
    settings.COTUTELLE_DATA_DIR = tmp_path
    return tmp_path
