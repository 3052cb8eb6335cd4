"""A cluster on disk: made whole, of one version, used by one hub at a time."""

import os
import signal
from pathlib import Path

import asyncpg
import pytest
import trio

from persistence.embedded import DataDirInUse, EmbeddedPostgresError, run_embedded
from tests.support.programs.processes import postmaster, until_none_works_in, working_in
from tests.support.stores.embedded import ask, holder


async def test_a_second_hub_is_refused_with_the_pid_of_the_first(data_dir: Path) -> None:
    with holder(data_dir) as other:
        with pytest.raises(DataDirInUse, match=f"pid {other.pid}"):
            async with run_embedded(data_dir):
                pass
        assert other.poll() is None


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


async def test_stopped_processes_of_a_dead_server_are_killed(data_dir: Path) -> None:
    """A stopped process would keep a new server from starting."""
    async with run_embedded(data_dir) as dsn:
        main = postmaster(data_dir / "postgres")
        others = set(working_in(data_dir / "postgres")) - {main}
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        os.kill(main, signal.SIGKILL)
        while True:
            try:
                assert await ask(dsn, "SELECT 1") == 1
            except* (OSError, asyncpg.PostgresError):
                await trio.lowlevel.checkpoint()
            else:
                break
        assert not others & set(working_in(data_dir))
    until_none_works_in(data_dir)


async def test_an_unfinished_initdb_is_started_over(data_dir: Path) -> None:
    torn = data_dir / "postgres.unfinished"
    torn.mkdir(parents=True)
    (torn / "PG_VERSION").write_text("half")
    async with run_embedded(data_dir) as dsn:
        assert await ask(dsn, "SELECT 1") == 1
    assert not torn.exists()


@pytest.mark.parametrize(
    ("version", "way"), [("9", "parlour upgrade-database"), ("99", "the newer Parlour")]
)
async def test_a_cluster_of_another_version_is_refused(
    data_dir: Path, version: str, way: str
) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(EmbeddedPostgresError, match=rf"made by Postgres {version}, .*{way}"):
        async with run_embedded(data_dir):
            pass
