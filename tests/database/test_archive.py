"""Backup and restore: everything, or nothing and one sentence."""

from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cotutelle.database import Address, DatabaseProblem, Server, archive, dumps, temporary_server


def fill(address: Address) -> None:
    with psycopg.connect(**address.parameters()) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute(
            "CREATE TABLE mentors (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
            " name text NOT NULL, busy tstzrange, EXCLUDE USING gist (name WITH =, busy WITH &&))"
        )
        connection.execute("INSERT INTO mentors (name) VALUES ('王医生'), (E'O''Hara\\n')")


def names(address: Address) -> list[str]:
    with psycopg.connect(**address.parameters()) as connection:
        rows = connection.execute("SELECT name FROM mentors ORDER BY id").fetchall()
    return [row[0] for row in rows]


def fill_folder(folder: Path) -> None:
    (folder / "files" / "2026").mkdir(parents=True)
    (folder / "files" / "2026" / "表.xlsx").write_bytes(b"\x00scores")
    (folder / "keys").mkdir(exist_ok=True)
    (folder / "keys" / "seal.pem").write_text("private")


@pytest.fixture
def saved(server: Server, tmp_path: Path) -> Path:
    fill(server.address())
    fill_folder(tmp_path / "data")
    target = tmp_path / "saved.tar"
    archive.back_up(server.address(), tmp_path / "data", target)
    return target


def rewrite(source: Path, change: Callable[[tarfile.TarInfo, bytes], tuple[str, bytes]]) -> None:
    with tarfile.open(source) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
    with tarfile.open(source, "w") as tar:
        for info, data in members:
            name, changed = change(info, data)
            other = tarfile.TarInfo(name)
            other.size = len(changed)
            tar.addfile(other, io.BytesIO(changed))


def test_database_files_and_keys_come_back_on_another_server(saved: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    other = tmp_path / "other"
    with temporary_server() as second:
        archive.restore(second.address(), other, saved, replace=False)
        assert names(second.address()) == ["王医生", "O'Hara\n"]
        with psycopg.connect(second.url()) as connection:
            row = connection.execute("INSERT INTO mentors (name) VALUES ('new') RETURNING id")
            assert row.fetchone() == (3,)
    assert (other / "files/2026/表.xlsx").read_bytes() == b"\x00scores"
    assert (other / "keys/seal.pem").read_text() == "private"
    assert stat.S_IMODE((other / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((other / "keys/seal.pem").stat().st_mode) == 0o600
    assert not list(other.glob("restoring-*"))


def test_a_database_in_use_is_replaced_only_when_asked(
    server: Server, saved: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    with psycopg.connect(server.url(), autocommit=True) as in_use:
        in_use.execute("INSERT INTO mentors (name) VALUES ('later')")
        (data / "files" / "later.txt").write_text("later")
        with pytest.raises(DatabaseProblem, match="add --replace"):
            archive.restore(server.address(), data, saved, replace=False)
        assert len(names(server.address())) == 3
        archive.restore(server.address(), data, saved, replace=True)
        with pytest.raises(psycopg.OperationalError):
            in_use.execute("SELECT 1")
    assert names(server.address()) == ["王医生", "O'Hara\n"]
    assert not (data / "files" / "later.txt").exists()
    with psycopg.connect(server.url()) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'cotut%'")
        assert left.fetchall() == [("cotutelle",)]


def alter_one_byte(info: tarfile.TarInfo, data: bytes) -> tuple[str, bytes]:
    if info.name.startswith("keys/"):
        data = b"X" + data[1:]
    return info.name, data


def climb_out(info: tarfile.TarInfo, data: bytes) -> tuple[str, bytes]:
    return info.name.replace("keys/seal.pem", "keys/../../seal.pem"), data


def forget_the_manifest(info: tarfile.TarInfo, data: bytes) -> tuple[str, bytes]:
    return info.name.replace("manifest.json", "files/manifest.json"), data


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (alter_one_byte, "damaged or altered: keys/seal.pem"),
        (climb_out, "it holds keys/../../seal.pem"),
        (forget_the_manifest, "no Cotutelle backup, or was cut short"),
    ],
)
def test_an_altered_backup_changes_nothing(
    server: Server,
    saved: Path,
    tmp_path: Path,
    change: Callable[[tarfile.TarInfo, bytes], tuple[str, bytes]],
    said: str,
) -> None:
    rewrite(saved, change)
    (tmp_path / "data/files/later.txt").write_text("later")
    with pytest.raises(DatabaseProblem, match=said):
        archive.restore(server.address(), tmp_path / "data", saved, replace=True)
    assert (tmp_path / "data/files/later.txt").exists()
    assert names(server.address()) == ["王医生", "O'Hara\n"]
    assert not (tmp_path / "seal.pem").exists()


def test_a_backup_cut_short_is_refused(server: Server, saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatabaseProblem, match="cut short"):
        archive.restore(server.address(), tmp_path / "data", saved, replace=True)


def test_a_restore_that_fails_halfway_leaves_database_and_folders_alone(
    server: Server, saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "data/files/later.txt").write_text("later")
    administrator = {**server.address().parameters(), "user": "postgres"}
    with psycopg.connect(**administrator, autocommit=True) as connection:
        connection.execute("ALTER ROLE cotutelle NOCREATEDB")
    with pytest.raises(DatabaseProblem, match="CREATEDB"):
        archive.restore(server.address(), tmp_path / "data", saved, replace=True)
    assert (tmp_path / "data/files/later.txt").read_text() == "later"
    assert (tmp_path / "data/keys/seal.pem").read_text() == "private"
    assert names(server.address()) == ["王医生", "O'Hara\n"]


def test_a_failed_dump_leaves_no_file(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DatabaseProblem, match="absent does not answer"):
        dumps.dump(server.address().with_name("absent"), tmp_path / "absent.dump")
    assert list(tmp_path.iterdir()) == []
