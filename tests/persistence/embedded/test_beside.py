"""A command that uses the database of a data folder, with and without a running hub."""

import fcntl
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import trio
import trio.testing
from structlog.testing import capture_logs

from persistence.embedded import EmbeddedPostgresError, run_embedded
from persistence.embedded.beside import pid_of_holder, run_beside, run_for_command
from persistence.embedded.cluster import BESIDE, exclusive
from tests.support.programs.processes import is_root, working_in
from tests.support.stores.embedded import ask, holder


async def test_the_server_of_a_hub_is_found_and_left_running(data_dir: Path) -> None:
    with holder(data_dir) as hub:
        assert pid_of_holder(data_dir) == hub.pid
        before = sorted(each.name for each in data_dir.iterdir())
        async with run_beside(data_dir) as dsn:
            assert await ask(dsn, "SELECT 1") == 1
        async with run_beside(data_dir) as dsn:
            assert await ask(dsn, "SELECT current_setting('fsync')") == "on"
        assert sorted(each.name for each in data_dir.iterdir()) == before
        assert hub.poll() is None


async def test_without_a_hub_a_server_runs_while_it_is_needed(data_dir: Path) -> None:
    async with run_embedded(data_dir):
        pass
    assert pid_of_holder(data_dir) is None
    async with run_beside(data_dir) as dsn:
        assert await ask(dsn, "SELECT 1") == 1
    assert not working_in(data_dir)


@pytest.mark.parametrize("run", [run_for_command, run_beside])
async def test_the_server_of_a_command_stays_for_other_commands(
    data_dir: Path, run: Callable[[Path], AbstractAsyncContextManager[str]]
) -> None:
    async with run_embedded(data_dir):
        pass
    runs, ends, has_ended = trio.Event(), trio.Event(), trio.Event()

    async def command() -> None:
        async with run(data_dir):
            runs.set()
            await ends.wait()
        has_ended.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(command)
        await runs.wait()
        with capture_logs() as logs:
            async with run_beside(data_dir) as dsn:
                ends.set()
                while not has_ended.is_set() and not logs:
                    await trio.lowlevel.checkpoint()
                assert not has_ended.is_set()
                assert await ask(dsn, "SELECT 1") == 1
            await has_ended.wait()
        assert [each["event"] for each in logs] == ["waiting_for_commands"]
    assert not working_in(data_dir)


async def test_a_command_that_waits_for_one_that_ends_runs_a_server_itself(data_dir: Path) -> None:
    async with run_embedded(data_dir):
        pass
    has_run: list[object] = []

    async def use() -> None:
        async with run_beside(data_dir) as dsn:
            has_run.append(await ask(dsn, "SELECT 1"))

    async with trio.open_nursery() as nursery:
        with exclusive(data_dir), (data_dir / BESIDE).open() as beside:
            fcntl.flock(beside, fcntl.LOCK_EX)
            nursery.start_soon(use)
            await trio.testing.wait_all_tasks_blocked()
    assert has_run == [1]


async def test_a_missing_folder_is_refused_and_not_made(data_dir: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="There is no database of Parlour in"):
        async with run_beside(data_dir):
            pass
    assert not data_dir.exists()
    assert pid_of_holder(data_dir) is None


@pytest.mark.skipif(not is_root(), reason="only root can be somebody else")
async def test_root_runs_no_server_in_the_folder_of_another_account(data_dir: Path) -> None:
    async with run_embedded(data_dir):
        pass
    os.chown(data_dir, 12_345, 12_345)
    with pytest.raises(EmbeddedPostgresError, match="belongs to account 12345"):
        async with run_beside(data_dir):
            pass


@pytest.mark.skipif(not is_root(), reason="only root may mount")
async def test_a_hub_may_have_a_temporary_folder_of_its_own(data_dir: Path) -> None:
    """As with systemd's PrivateTmp."""
    own = data_dir.parent / "tmp"
    own.mkdir()
    with holder(data_dir, own):
        assert list(own.iterdir()) == []
        async with run_beside(data_dir) as dsn:
            assert await ask(dsn, "SELECT 1") == 1
