"""Files go when nothing names them any more, and never before."""

import os
from pathlib import Path

import trio
from trio.testing import MockClock

from hub.files.collector import UNKNOWN_SECONDS, FileCollector
from hub.files.folder import UploadFolder
from persistence.interface import Store
from persistence.uploads import Upload
from protocol.model import User
from tests.support.stores.outage import Outage
from tests.support.stores.records import make_users


async def stored(
    store: Store, folder: UploadFolder, owner: User, name: str, *, grace: float = 0.0
) -> str:
    url = folder.write(name, b"text")
    assert (
        await store.uploads.add(Upload(url, owner.id, "text/plain", name, 4), grace=grace) is None
    )
    return url


async def test_a_file_goes_when_nothing_names_it_and_its_grace_is_over(
    store: Store, tmp_path: Path
) -> None:
    (ann,) = await make_users(store, "ann")
    folder = UploadFolder(tmp_path)
    collector = FileCollector(store.uploads, folder, 60.0)
    over = await stored(store, folder, ann, "over.txt")
    new = await stored(store, folder, ann, "new.txt", grace=60.0)
    assert await collector.collect()
    assert not await collector.collect()
    assert not folder.path_of(over).exists()
    assert folder.path_of(new).exists()


async def test_it_looks_now_and_then(
    memory_store: Store, tmp_path: Path, autojump_clock: MockClock
) -> None:
    (ann,) = await make_users(memory_store, "ann")
    folder = UploadFolder(tmp_path)
    collector = FileCollector(memory_store.uploads, folder, 60.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(collector.run)
        await trio.sleep(1)
        url = await stored(memory_store, folder, ann, "a.txt")
        await trio.sleep(58)
        assert folder.path_of(url).exists()
        await trio.sleep(2)
        assert not await memory_store.uploads.known([url])
        nursery.cancel_scope.cancel()


async def test_an_outage_only_postpones_it(memory_store: Store, tmp_path: Path) -> None:
    (ann,) = await make_users(memory_store, "ann")
    folder = UploadFolder(tmp_path)
    url = await stored(memory_store, folder, ann, "a.txt")
    outage = Outage()
    collector = FileCollector(outage.over(memory_store).uploads, folder, 60.0)
    outage.begin()
    assert not await collector.collect()
    await collector.remove_unknown()
    assert folder.path_of(url).exists()
    outage.end()
    assert await collector.collect()
    assert not folder.path_of(url).exists()


async def test_an_old_file_that_the_store_does_not_know_goes(store: Store, tmp_path: Path) -> None:
    (ann,) = await make_users(store, "ann")
    folder = UploadFolder(tmp_path)
    collector = FileCollector(store.uploads, folder, 60.0)
    known = await stored(store, folder, ann, "known.txt", grace=60.0)
    old, new = folder.write("old.txt", b"x"), folder.write("new.txt", b"x")
    long_ago = (UNKNOWN_SECONDS, UNKNOWN_SECONDS)
    for url in (known, old):
        os.utime(folder.path_of(url), long_ago)
    part = folder.path_of(old).with_name(".torn.part")
    part.touch()
    os.utime(part, long_ago)
    await collector.remove_unknown()
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {folder.path_of(url).name for url in (known, new)}


async def test_the_files_of_another_database_stay(memory_store: Store, tmp_path: Path) -> None:
    """A folder in which the store knows nothing at all is not its own."""
    folder = UploadFolder(tmp_path)
    urls = [folder.write("a.txt", b"x") for _ in range(3)]
    for url in urls:
        os.utime(folder.path_of(url), (0, 0))
    await FileCollector(memory_store.uploads, folder, 60.0).remove_unknown()
    assert all(folder.path_of(url).exists() for url in urls)
