"""How much may be uploaded: by a user, by all, in a minute, at a time, and with a full disk."""

from pathlib import Path

import trio
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.clients.uploads import PNG, send
from tests.support.machine.disks import small_disk
from tests.support.school import open_school
from tests.support.world import open_world


async def test_a_user_has_no_more_files_than_the_quota(store: Store, tmp_path: Path) -> None:
    async with open_world(store, data_dir=tmp_path, user_upload_bytes=100) as world:
        ann, ben = await world.people("ann", "ben")
        assert (await send(ann, b"x" * 60, "a.txt")).status == 200
        full = await send(ann, b"x" * 41, "b.txt")
        assert (full.status, full.json["code"]) == (413, "storage_full")
        assert len(list(tmp_path.rglob("*.txt"))) == 1  # what was refused is not left behind
        assert (await send(ann, b"x" * 40, "c.txt")).status == 200
        assert (await send(ben, b"x" * 100, "d.txt")).status == 200


async def test_all_users_together_have_no_more_files_than_the_quota(
    store: Store, tmp_path: Path
) -> None:
    async with open_world(store, data_dir=tmp_path, uploads_total_bytes=100) as world:
        ann, ben = await world.people("ann", "ben")
        assert (await send(ann, b"x" * 60, "a.txt")).status == 200
        full = await send(ben, b"x" * 41, "b.txt")
        assert (full.status, full.json["code"]) == (507, "uploads_full")
        assert len(list(tmp_path.rglob("*.txt"))) == 1  # what was refused is not left behind
        assert (await send(ben, b"x" * 40, "c.txt")).status == 200


async def test_the_uploads_of_a_user_in_a_minute_are_limited(
    memory_store: Store, tmp_path: Path, mock_clock: MockClock
) -> None:
    async with open_world(memory_store, data_dir=tmp_path, user_uploads_per_minute=2) as world:
        ann, ben = await world.people("ann", "ben")
        for _ in range(2):
            assert (await send(ann, b"x", "a.txt")).status == 200
        refused = await send(ann, b"x", "a.txt")
        assert (refused.status, refused.json["code"]) == (429, "rate_limited")
        assert refused.headers["retry-after"] == "60"
        assert (await send(ben, b"x", "a.txt")).status == 200
        mock_clock.jump(61)
        assert (await send(ann, b"x", "a.txt")).status == 200


async def test_a_picture_waits_for_others_of_its_owner_until_its_client_disconnects(
    memory_store: Store, tmp_path: Path
) -> None:
    async with open_world(memory_store, data_dir=tmp_path, image_workers=2) as world:
        school = await open_school(world)
        turns = world.services.pictures.turns
        async with turns.line(school.ann.id).place(), trio.open_nursery() as nursery:
            nursery.start_soon(send, school.ann, PNG)
            while not turns.waiting:
                await trio.lowlevel.checkpoint()
            assert (await send(school.ben, PNG)).status == 200
            assert (turns.begun, turns.waiting) == (2, 1)
            nursery.cancel_scope.cancel()  # ann disconnects
            with trio.CancelScope(shield=True):
                while turns.waiting:
                    await trio.lowlevel.checkpoint()


async def test_on_a_full_disk_a_file_is_refused_and_nothing_of_it_stays(
    memory_store: Store, tmp_path: Path
) -> None:
    with small_disk(tmp_path, 1 << 20) as disk:
        async with open_world(memory_store, data_dir=disk) as world:
            ann = await world.person("ann")
            first = await send(ann, b"x" * (700 << 10), "a.txt")
            assert first.status == 200
            before = sorted(disk.rglob("*"))
            refused = await send(ann, b"y" * (700 << 10), "b.txt")
            assert (refused.status, refused.json["code"]) == (507, "disk_full")
            assert sorted(disk.rglob("*")) == before
            assert (await send(ann, b"small", "c.txt")).status == 200
