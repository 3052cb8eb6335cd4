"""A primary that is lost, and its standby."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.lowlevel

from persistence import open_hub_store
from persistence.records import Draft, StoreUnavailable
from tests.chaos.servers.replicated import Replicated, replicated, require_postgres_15
from tests.support.posting import say, write
from tests.support.stores.databases import quick_folder
from tests.support.world import Person, World, open_world

pytestmark = pytest.mark.timeout(180)

WAITING = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'
"""


@pytest.fixture
def both(request: pytest.FixtureRequest) -> Iterator[Replicated]:
    """A primary and its standby."""
    require_postgres_15()
    with quick_folder() as folder:
        folder.chmod(0o755)
        with replicated(folder, is_synchronous=request.param == "synchronous") as both:
            yield both


@asynccontextmanager
async def hub_of(both: Replicated) -> AsyncIterator[World]:
    async with (
        open_hub_store(both.dsn, both.folder, pool_size=4, lanes=2, wait_seconds=0) as (store, _),
        open_world(store, presence_grace=0.0) as world,
    ):
        yield world


async def heard(person: Person, peer: Person, after: int, epoch: str) -> tuple[list[str], bool]:
    """What a client is told that comes back, and whether it has to start over."""
    socket = await person.open("/ws?resume")
    await socket.send({"type": "resume", "after": {str(peer.id): after}, "epoch": epoch})
    texts = []
    while (frame := await socket.receive())["type"] != "resumed":
        if frame["type"] == "private_message":
            texts.append(frame["message"]["content"])
    await socket.close_in_silence()
    return texts, frame.get("reset", False)


async def until_ready(world: World) -> None:
    while (await world.call("GET", "/readyz")).status != 200:
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("both", ["asynchronous"], indirect=True)
async def test_what_a_standby_did_not_have_is_lost_and_everybody_is_told(both: Replicated) -> None:
    async with hub_of(both) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "1")
        await trio.to_thread.run_sync(both.until_replayed)
        before = world.services.log_watch.epoch
        both.hold_back()
        await write(world, ann.user, ben.user, "lost", "lost")
        sockets = await ann.open(), await ben.open()
        await trio.to_thread.run_sync(both.fail_over)
        for socket in sockets:
            _, end = await socket.until_closed()
            assert end.code == 1012
        await until_ready(world)
        assert (await say(ann, ben, "2"))["seq"] == 2
        assert world.services.log_watch.epoch != before
        assert await heard(ben, ann, 3, before) == (["1", "2"], True)
        bens = await ben.open()
        await write(world, ann.user, ben.user, "3")
        assert (await bens.receive_type("private_message"))["message"]["content"] == "3"


@pytest.mark.parametrize("both", ["synchronous"], indirect=True)
async def test_nothing_is_acknowledged_or_told_that_a_synchronous_standby_does_not_have(
    both: Replicated,
) -> None:
    """Not even when somebody ends the sessions that wait for it."""
    async with hub_of(both) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "1")
        before = world.services.log_watch.epoch
        bens = await ben.open()
        both.hold_back()
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await world.services.messaging.send(ann.user, Draft(ann.id, ben.id, "2", "key"))
            await trio.to_thread.run_sync(both.primary.ask, WAITING)
        await trio.to_thread.run_sync(both.fail_over)
        frames, end = await bens.until_closed()
        assert (frames, end.code) == ([], 1012)
        await until_ready(world)
        assert await heard(ben, ann, 1, before) == (["1"], True)
        answer = await say(ann, ben, "2", **{"Idempotency-Key": "key"})
        assert answer["seq"] == 2
        assert await heard(ben, ann, 1, world.services.log_watch.epoch) == (["2"], False)
