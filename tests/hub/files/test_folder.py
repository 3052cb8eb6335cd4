"""Files in a folder, of this machine or of a file server."""

import errno
import os
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.files.folder import PIECE_BYTES, STEP_SECONDS, FolderStore, NoSuchKey
from hub.files.store import FilesMisconfigured, FilesUnavailable, NoRoom
from tests.support.machine.disks import small_disk

KEY = "uploads/2026-11-28/a.txt"


async def put(folder: FolderStore, key: str, content: bytes) -> None:
    async def chunks() -> AsyncGenerator[bytes, None]:
        await trio.lowlevel.checkpoint()
        yield content

    async with aclosing(chunks()) as parts:
        await folder.put(key, parts)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def failing(times: int, number: int, real: Callable[..., object]) -> Callable[..., object]:
    """The real call, but the first `times` calls fail."""
    left = times

    def call(*args: object, **named: object) -> object:
        nonlocal left
        if left:
            left -= 1
            raise OSError(number, os.strerror(number))
        return real(*args, **named)

    return call


@pytest.mark.parametrize(
    "key",
    ["uploads/../x", "uploads/../../etc", "uploads/a/..", "uploads/a", "uploads/a/b/c", "other/a/b",
     "/uploads/a/b", "uploads/a/\x00", ""],
)  # fmt: skip
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(NoSuchKey):
        FolderStore(tmp_path).path_of(key)


async def test_a_file_that_cannot_be_removed_does_not_keep_the_others(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path)
    await put(folder, KEY, b"a")
    (tmp_path / "uploads/2020-01-01/full").mkdir(parents=True)
    failed = await folder.remove(["uploads/2020-01-01/full", KEY])
    assert list(failed) == ["uploads/2020-01-01/full"]
    assert not files_below(tmp_path)


async def test_nothing_is_left_of_a_file_for_which_there_is_no_room(tmp_path: Path) -> None:
    with small_disk(tmp_path, 64 << 10) as disk:
        folder = FolderStore(disk)
        with pytest.raises(NoRoom, match="disk is full"):
            await put(folder, KEY, b"x" * (80 << 10))
        assert not files_below(disk)
        await put(folder, KEY, b"picture")


async def test_a_file_is_synced_before_it_gets_its_name_and_the_folder_after_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a crash of the machine leaves every file that was stored."""
    happened: list[str] = []
    sync, replace = os.fsync, Path.replace

    def note_sync(number: int) -> None:
        path = Path(f"/proc/self/fd/{number}").readlink()
        happened.append(f"sync {path.suffix or path.name}")
        sync(number)

    def note_name(path: Path, target: Path) -> Path:
        happened.append("name")
        return replace(path, target)

    folder = FolderStore(tmp_path)
    await put(folder, "uploads/2026-11-28/first.txt", b"makes the folders")
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "fdatasync", note_sync)
    monkeypatch.setattr(Path, "replace", note_name)
    await put(folder, KEY, b"a" * (PIECE_BYTES + 1))
    assert happened == ["sync .part", "sync .part", "name", "sync 2026-11-28"]
    happened.clear()
    await put(FolderStore(tmp_path / "new"), KEY, b"a")
    assert [each for each in happened if each.endswith(("uploads", "new"))] == [
        "sync uploads", "sync new",
    ]  # fmt: skip


async def test_one_file_is_written_at_a_time(tmp_path: Path) -> None:
    folder = FolderStore(tmp_path)
    async with trio.open_nursery() as nursery, folder.writer:
        nursery.start_soon(put, folder, KEY, b"a")
        await wait_all_tasks_blocked()
        assert folder.writer.statistics().tasks_waiting == 1
        assert not list(tmp_path.iterdir())
    assert [path.read_bytes() for path in files_below(tmp_path)] == [b"a"]


async def test_the_wait_for_a_disk_that_hangs_is_limited(
    tmp_path: Path, mock_clock: MockClock
) -> None:
    """The file is a pipe that is not open for writing."""
    folder = FolderStore(tmp_path)
    await put(folder, "uploads/2026-11-28/b.txt", b"text")
    pipe = folder.path_of(KEY)
    os.mkfifo(pipe)
    async with trio.open_nursery() as nursery:

        async def read() -> None:
            with pytest.raises(FilesUnavailable, match="did not answer within 30 s"):
                await folder.read(KEY, 0, 10)
            nursery.cancel_scope.cancel()

        nursery.start_soon(read)
        await wait_all_tasks_blocked()
        assert await folder.read("uploads/2026-11-28/b.txt", 0, 10) == b"text"
        mock_clock.jump(STEP_SECONDS)
    os.close(os.open(pipe, os.O_WRONLY))  # the thread goes on, and ends


async def test_a_file_with_a_stale_handle_is_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = FolderStore(tmp_path)
    await put(folder, KEY, b"a")
    monkeypatch.setattr(Path, "stat", failing(1, errno.ESTALE, Path.stat))
    found = await folder.stat(KEY)
    assert found is not None
    monkeypatch.setattr(Path, "stat", failing(2, errno.ESTALE, Path.stat))
    with pytest.raises(FilesUnavailable, match="tale"):
        await folder.stat(KEY)


async def test_a_rename_that_was_repeated_counts_as_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file server that gets a rename twice reports that there is no such file."""
    replace = Path.replace

    def twice(path: Path, target: Path) -> Path:
        replace(path, target)
        return replace(path, target)

    folder = FolderStore(tmp_path)
    monkeypatch.setattr(Path, "replace", twice)
    await put(folder, KEY, b"abc")
    assert await folder.read(KEY, 0, 10) == b"abc"


async def test_a_file_system_that_cannot_sync_a_folder_is_used_nevertheless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing(100, errno.EINVAL, os.fsync))
    folder = FolderStore(tmp_path)
    await put(folder, KEY, b"abc")
    assert await folder.read(KEY, 0, 10) == b"abc"
    monkeypatch.setattr(os, "fsync", failing(100, errno.EIO, os.fsync))
    with pytest.raises(FilesUnavailable, match="Input/output error"):
        await put(folder, "uploads/2026-11-29/b.txt", b"abc")


async def test_ages_are_by_the_clock_of_the_file_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose clock is ahead does not take a new file for an old one."""
    folder = FolderStore(tmp_path)
    await put(folder, KEY, b"abc")
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    (listed,) = [each async for page in folder.listed() for each in page]
    assert listed.age < 60.0


async def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(FilesMisconfigured, match="is its file system mounted"):
        await FolderStore(tmp_path / "none").check()
    (tmp_path / "file").touch()
    with pytest.raises(FilesMisconfigured, match="part of its path is no folder"):
        await FolderStore(tmp_path / "file").check()
    assert not (tmp_path / "none").exists()


async def test_the_free_space_of_a_folder_is_reported(tmp_path: Path) -> None:
    space = await FolderStore(tmp_path).space()
    assert space is not None
    assert 0 < space.free <= space.size


async def test_two_hubs_may_remove_the_same_files_at_the_same_time(tmp_path: Path) -> None:
    one, other = FolderStore(tmp_path), FolderStore(tmp_path)
    keys = [f"uploads/2026-11-28/{n}" for n in range(50)]
    for key in keys:
        await put(one, key, b"x")
    together = threading.Barrier(2)
    failed: list[str] = []

    async def remove(folder: FolderStore) -> None:
        await trio.to_thread.run_sync(together.wait)
        failed.extend(await folder.remove(keys))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(remove, one)
        nursery.start_soon(remove, other)
    assert not failed
    assert not files_below(tmp_path)
