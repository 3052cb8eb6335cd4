"""The space on the disk."""

import os
from pathlib import Path

import trio
from trio.testing import MockClock

from hub.monitoring.disk import LOOK_SECONDS, Disk


async def test_the_space_on_the_disk_is_measured(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    await disk.look()
    found = os.statvfs(tmp_path)
    assert disk.space is not None
    assert disk.space.size == found.f_blocks * found.f_frsize
    assert 0 < disk.space.free <= disk.space.size


async def test_a_missing_folder_has_the_space_of_the_folder_around_it(
    tmp_path: Path,
) -> None:
    missing, there = Disk(tmp_path / "data" / "uploads"), Disk(tmp_path)
    await missing.look()
    await there.look()
    assert missing.space is not None
    assert there.space is not None
    assert missing.space.size == there.space.size


async def test_the_space_is_measured_repeatedly(tmp_path: Path, mock_clock: MockClock) -> None:
    disk = Disk(tmp_path)
    async with trio.open_nursery() as nursery:
        await nursery.start(disk.watch)
        disk.space = None
        while disk.space is None:
            mock_clock.jump(LOOK_SECONDS)
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
