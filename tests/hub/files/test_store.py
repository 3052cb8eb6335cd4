"""What every file store guarantees."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import trio

from hub.files.folder import FolderStore
from hub.files.store import FileStore, FilesUnavailable, NoSuchFile
from tests.support.files.s3_server import S3Server

DAY = "uploads/2026-11-28"
LARGE = 12_000_001  # three parts of an S3 server


@pytest.fixture(params=["folder", "s3"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FileStore]:
    if request.param == "folder":
        yield FolderStore(tmp_path)
        return
    server: S3Server = request.getfixturevalue("s3")
    async with server.store() as store:
        yield store


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        await trio.lowlevel.checkpoint()
        yield part


async def broken(*parts: bytes) -> AsyncIterator[bytes]:
    async for part in chunks(*parts):
        yield part
    raise ZeroDivisionError


async def keys(place: FileStore) -> list[str]:
    return [each.key async for page in place.listed() for each in page]


async def whole(place: FileStore, key: str) -> bytes:
    stat = await place.stat(key)
    assert stat is not None
    return await place.read(key, 0, stat.size)


@pytest.mark.parametrize("size", [0, 1, 70_000, LARGE])
async def test_a_file_is_read_as_it_was_put(place: FileStore, size: int) -> None:
    content, key = os.urandom(size), f"{DAY}/a.bin"
    assert await place.stat(key) is None
    parts = [content[first : first + 100_000] for first in range(0, size, 100_000)]
    await place.put(key, chunks(*parts))
    stat = await place.stat(key)
    assert stat is not None
    assert stat.size == size
    assert await place.read(key, 0, size + 1) == content
    assert await place.read(key, size // 2, 1_000) == content[size // 2 : size // 2 + 1_000]
    assert await place.read(key, size, 10) == b""
    assert await keys(place) == [key]


async def test_a_missing_file_cannot_be_read(place: FileStore) -> None:
    with pytest.raises(NoSuchFile):
        await place.read(f"{DAY}/none", 0, 10)
    assert await keys(place) == []


@pytest.mark.parametrize("size", [100, LARGE])
async def test_a_file_is_not_visible_until_it_is_complete(place: FileStore, size: int) -> None:
    key = f"{DAY}/a.bin"
    seen = []

    async def slowly() -> AsyncIterator[bytes]:
        for first in range(0, size, 100_000):
            seen.append((await place.stat(key), await keys(place)))
            yield bytes(min(100_000, size - first))

    await place.put(key, slowly())
    assert set(map(repr, seen)) == {"(None, [])"}
    assert await keys(place) == [key]


@pytest.mark.parametrize("size", [100, LARGE])
async def test_a_put_that_fails_leaves_no_new_file_and_keeps_the_old_one(
    place: FileStore, size: int
) -> None:
    new, old = f"{DAY}/new.bin", f"{DAY}/old.bin"
    await place.put(old, chunks(b"old"))
    for key in (new, old):
        with pytest.raises(ZeroDivisionError):
            await place.put(key, broken(bytes(size // 2), bytes(size // 2)))
    assert await keys(place) == [old]
    assert await whole(place, old) == b"old"
    assert await place.remove_torn(-60.0) == 0


async def test_a_put_that_fails_does_not_affect_another_put_of_the_same_key(
    place: FileStore,
) -> None:
    key, begun, failed = f"{DAY}/a.bin", trio.Event(), trio.Event()

    async def patiently() -> AsyncIterator[bytes]:
        yield b"wh"
        begun.set()
        await failed.wait()
        yield b"ole"

    async def fail() -> None:
        await begun.wait()
        with pytest.raises(ZeroDivisionError):
            await place_again.put(key, broken(b"half"))
        failed.set()

    place_again = FolderStore(place.root) if isinstance(place, FolderStore) else place
    async with trio.open_nursery() as nursery:
        nursery.start_soon(place.put, key, patiently())
        nursery.start_soon(fail)
    assert await whole(place, key) == b"whole"


async def test_a_put_that_is_cancelled_leaves_nothing(place: FileStore) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield bytes(LARGE)
        nursery.cancel_scope.cancel()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(place.put, f"{DAY}/a.bin", endless())
    assert await keys(place) == []
    assert await place.remove_torn(-60.0) == 0


async def test_removing_files_skips_those_that_do_not_exist(place: FileStore) -> None:
    names = [f"{folder}/2026-11-28/{n}" for folder in ("uploads", "thumbnails") for n in "abc"]
    for key in names:
        await place.put(key, chunks(b"x"))
    assert sorted(await keys(place)) == sorted(names)
    assert await place.remove([*names[:4], f"{DAY}/none", names[0]]) == {}
    assert sorted(await keys(place)) == sorted(names[4:])
    assert await place.remove([]) == {}


async def test_a_list_contains_the_age_of_each_file(place: FileStore) -> None:
    await place.put(f"{DAY}/a", chunks(b"x"))
    (listed,) = [each async for page in place.listed() for each in page]
    assert -2.0 < listed.age < 50.0


async def test_a_torn_put_is_removed_once_it_is_old(place: FileStore) -> None:
    async def half() -> AsyncGenerator[bytes, None]:
        yield bytes(LARGE // 2)
        yield bytes(LARGE // 2)
        assert await place.remove_torn(3_600.0) == 0
        assert await place.remove_torn(-60.0) == 1
        yield bytes(LARGE // 2)

    async with aclosing(half()) as parts:
        with pytest.raises((FilesUnavailable, NoSuchFile)):
            await place.put(f"{DAY}/a", parts)
    assert await keys(place) == []


async def test_the_check_of_a_working_file_store_leaves_nothing_behind(place: FileStore) -> None:
    await place.check()
    assert await keys(place) == []
    if isinstance(place, FolderStore):
        assert list(place.root.iterdir()) == []
