"""Files are removed once nothing names them any more, and never before."""

import os
from pathlib import Path

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.files.collector import UNKNOWN_SECONDS, FileCollector
from hub.files.uploads import UploadFiles
from persistence.interface import Store
from persistence.uploads import Upload
from protocol.model import User
from tests.support.files.folders import files_in, path_of
from tests.support.stores.outage import Outage
from tests.support.stores.records import make_users


async def stored(
    store: Store, files: UploadFiles, owner: User, name: str, *, grace: float = 0.0
) -> str:
    url = await files.keep(name, b"text")
    assert (
        await store.uploads.add(Upload(url, owner.id, "text/plain", name, 4), grace=grace) is None
    )
    return url


async def test_a_file_is_removed_once_nothing_names_it_and_its_grace_is_over(
    store: Store, tmp_path: Path
) -> None:
    (ann,) = await make_users(store, "ann")
    files = files_in(tmp_path)
    collector = FileCollector(store.uploads, files, 60.0)
    over = await stored(store, files, ann, "over.txt")
    new = await stored(store, files, ann, "new.txt", grace=60.0)
    assert await collector.collect()
    assert not await collector.collect()
    assert not path_of(tmp_path, over).exists()
    assert path_of(tmp_path, new).exists()


async def test_the_collector_removes_files_at_intervals(
    memory_store: Store, tmp_path: Path, mock_clock: MockClock
) -> None:
    (ann,) = await make_users(memory_store, "ann")
    files = files_in(tmp_path)
    collector = FileCollector(memory_store.uploads, files, 60.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collector.run)
        await wait_all_tasks_blocked()
        url = await stored(memory_store, files, ann, "a.txt")
        mock_clock.jump(59)
        await wait_all_tasks_blocked()
        assert path_of(tmp_path, url).exists()
        mock_clock.jump(2)
        while path_of(tmp_path, url).exists():
            await trio.lowlevel.checkpoint()
        assert not await memory_store.uploads.known([url])
        nursery.cancel_scope.cancel()


async def test_an_outage_only_postpones_the_removal(memory_store: Store, tmp_path: Path) -> None:
    (ann,) = await make_users(memory_store, "ann")
    files = files_in(tmp_path)
    url = await stored(memory_store, files, ann, "a.txt")
    outage = Outage()
    collector = FileCollector(outage.over(memory_store).uploads, files, 60.0)
    outage.begin()
    assert not await collector.collect()
    await collector.remove_unknown()
    assert path_of(tmp_path, url).exists()
    outage.end()
    assert await collector.collect()
    assert not path_of(tmp_path, url).exists()


async def test_an_old_file_that_the_store_does_not_know_is_removed(
    store: Store, tmp_path: Path
) -> None:
    (ann,) = await make_users(store, "ann")
    files = files_in(tmp_path)
    collector = FileCollector(store.uploads, files, 60.0)
    known = await stored(store, files, ann, "known.txt", grace=60.0)
    old, new = await files.keep("old.txt", b"x"), await files.keep("new.txt", b"x")
    long_ago = (UNKNOWN_SECONDS, UNKNOWN_SECONDS)
    for url in (known, old):
        os.utime(path_of(tmp_path, url), long_ago)
    part = path_of(tmp_path, old).with_name(".torn.part")
    part.touch()
    os.utime(part, long_ago)
    await collector.remove_unknown()
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {path_of(tmp_path, url).name for url in (known, new)}


async def test_the_files_of_another_database_stay(memory_store: Store, tmp_path: Path) -> None:
    """If the store knows none of the files in a folder, the folder is not its own."""
    files = files_in(tmp_path)
    urls = [await files.keep("a.txt", b"x") for _ in range(3)]
    for url in urls:
        os.utime(path_of(tmp_path, url), (0, 0))
    await FileCollector(memory_store.uploads, files, 60.0).remove_unknown()
    assert all(path_of(tmp_path, url).exists() for url in urls)
