"""The embedded server: durable, private, and started again when it dies."""

import os
import signal
import tempfile
from pathlib import Path

import asyncpg
import pytest
import trio

from persistence.embedded import run_embedded
from tests.support.programs.hub_process import open_folder
from tests.support.programs.processes import is_root, postmaster, working_in
from tests.support.stores.embedded import ask


async def test_data_survives_a_restart_and_nothing_stays_running(data_dir: Path) -> None:
    async with run_embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        assert working_in(data_dir)
    assert not working_in(data_dir)
    async with run_embedded(data_dir) as dsn:
        assert await ask(dsn, "SELECT n FROM kept") == 7


async def test_the_server_is_durable_and_listens_only_on_a_private_socket(data_dir: Path) -> None:
    async with run_embedded(data_dir) as dsn:
        for setting, value in [
            ("listen_addresses", ""),
            ("synchronous_commit", "on"),
            ("fsync", "on"),
            ("server_encoding", "UTF8"),
            ("TimeZone", "UTC"),
        ]:
            assert await ask(dsn, f"SELECT current_setting('{setting}')") == value
        socket_dir = Path(dsn.partition("host=")[2])
        assert socket_dir.stat().st_mode & 0o777 == 0o700
        if is_root():
            assert Path(f"/proc/{postmaster(data_dir / 'postgres')}").stat().st_uid != 0
    assert not socket_dir.exists()


async def test_without_a_temporary_folder_the_socket_is_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The path of a socket must be short, so this test has a data folder with a short path."""

    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    with open_folder() as folder:
        monkeypatch.setattr(tempfile, "gettempdir", none)
        data_dir = folder / "data"
        async with run_embedded(data_dir) as dsn:
            socket_dir = Path(dsn.partition("host=")[2])
            assert socket_dir.parent == data_dir
            assert await ask(dsn, "SELECT 1") == 1
        assert not socket_dir.exists()


async def test_the_log_has_no_user_data_and_other_accounts_may_not_read_it(
    data_dir: Path,
) -> None:
    data_dir.mkdir(mode=0o755)
    async with run_embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE people (email text PRIMARY KEY)")
        insert = "INSERT INTO people VALUES ('ann@example.org')"
        await ask(dsn, insert)
        with pytest.RaisesGroup(asyncpg.UniqueViolationError, flatten_subgroups=True):
            await ask(dsn, insert)
    log = data_dir / "postgres.log"
    assert "duplicate key" in log.read_text()
    assert "ann@example.org" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert data_dir.stat().st_mode & 0o077 == (0o011 if is_root() else 0)


async def test_a_folder_with_other_files_keeps_its_mode(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o755)
    (data_dir / "somebody's").touch()
    data_dir.chmod(0o755)
    async with run_embedded(data_dir):
        assert data_dir.stat().st_mode & 0o777 == 0o755


async def test_a_server_that_dies_is_started_again(data_dir: Path) -> None:
    async with run_embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        first = postmaster(data_dir / "postgres")
        os.kill(first, signal.SIGKILL)
        while True:
            try:
                assert await ask(dsn, "SELECT n FROM kept") == 7
            except* (OSError, asyncpg.PostgresError):
                await trio.lowlevel.checkpoint()
            else:
                break
        assert postmaster(data_dir / "postgres") != first
