import os
import stat

from cotutelle.database import database_url, secret_key
from cotutelle.database.keys import keep_secret


def test_asking_for_secrets_first_leaves_the_data_folder_fit_for_the_server(monkeypatch, tmp_path):
    folder = tmp_path / "data"
    monkeypatch.setenv("COTUTELLE_DATA_DIR", str(folder))
    monkeypatch.delenv("COTUTELLE_DATABASE_URL", raising=False)

    database_url()
    secret_key()

    expected = 0o711 if os.geteuid() == 0 else 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == expected
    assert stat.S_IMODE((folder / "keys").stat().st_mode) == 0o700


def test_a_server_elsewhere_than_the_data_folder_can_be_asked_for_its_password_first(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("COTUTELLE_DATA_DIR", str(tmp_path / "data"))
    folder = tmp_path / "server"

    keep_secret(folder / "database.password")

    expected = 0o711 if os.geteuid() == 0 else 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == expected
