"""A primary that is lost, and its standby."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
import trio
import trio.lowlevel

from persistence import open_hub_store
from persistence.records import DatabaseUnfit, Draft, StoreUnavailable
from tests.chaos.servers.replicated import Replicated, replicated, require_postgres_15
from tests.support.posting import say, write
from tests.support.stores.databases import quick_folder
from tests.support.telemetry.logs import captured_lines
from tests.support.world import Person, World, open_world

pytestmark = pytest.mark.timeout(180)
SOON = pytest.mark.timeout(60)
"""Readiness queries the server by itself; a new connection would show the reason later."""

WAITING = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'
"""


RELOAD = "SELECT pg_reload_conf()"
END = """
    SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
STORED = "SELECT string_agg(seq || ':' || content, ',' ORDER BY seq) FROM messages"


@pytest.fixture
def both(request: pytest.FixtureRequest) -> Iterator[Replicated]:
    """A primary and its standby."""
    require_postgres_15()
    with quick_folder() as folder:
        folder.chmod(0o755)
        with replicated(folder, is_synchronous=request.param == "synchronous") as both:
            yield both


@asynccontextmanager
async def hub_of(
    both: Replicated, *, dsn: str | None = None, require_sync_standby: bool = False
) -> AsyncIterator[World]:
    async with (
        open_hub_store(
            dsn or both.dsn,
            both.folder,
            pool_size=4,
            lanes=2,
            wait_seconds=0,
            require_sync_standby=require_sync_standby,
        ) as (store, _),
        open_world(store, presence_grace=0.0) as world,
    ):
        yield world


async def heard(person: Person, peer: Person, after: int, epoch: str) -> tuple[list[str], bool]:
    """The messages that a returning client gets, and whether it has to start over."""
    socket = await person.open("/ws?resume")
    await socket.send({"type": "resume", "after": {str(peer.id): after}, "epoch": epoch})
    texts = []
    while (frame := await socket.receive())["type"] != "resumed":
        if frame["type"] == "private_message":
            texts.append(frame["message"]["content"])
    await socket.close_in_silence()
    return texts, frame.get("reset", False)


async def until_ready(world: World) -> None:
    await until_says(world, {"status": "ready"})


async def until_says(world: World, says: object) -> None:
    """Wait until `/readyz` returns this body."""
    while (await world.call("GET", "/readyz")).json != says:
        await trio.lowlevel.checkpoint()


def unfit(reason: str) -> object:
    return {"status": "store_unavailable", "reason": reason}


async def until_confirmed(world: World, ann: Person, ben: Person, text: str) -> None:
    while True:
        with suppress(StoreUnavailable):
            await world.services.messaging.send(ann.user, Draft(ann.id, ben.id, text, text))
            return
        await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("both", ["asynchronous"], indirect=True)
async def test_messages_missing_on_a_promoted_standby_are_lost_and_clients_get_a_reset(
    both: Replicated,
) -> None:
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
async def test_no_message_is_confirmed_or_delivered_before_a_synchronous_standby_has_it(
    both: Replicated,
) -> None:
    """Not even when the Postgres sessions that wait for the standby are terminated."""
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


@pytest.mark.parametrize("both", ["synchronous"], indirect=True)
async def test_the_hub_works_while_the_former_primary_hangs_and_after_its_return_as_standby(
    both: Replicated,
) -> None:
    """It is first in the URL: a server that hangs, or accepts no writes, does not delay the hub."""
    former = both.primary
    named_first = both.dsn.replace(*_hosts(both), 1)
    async with hub_of(both, dsn=named_first) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await until_confirmed(world, ann, ben, "1")
        await trio.to_thread.run_sync(former.signal, signal.SIGSTOP)
        while (await world.call("GET", "/readyz")).status == 200:
            await trio.lowlevel.checkpoint()
        await trio.to_thread.run_sync(both.promote)
        await until_confirmed(world, ann, ben, "2")
        await until_ready(world)
        former.kill()
        await trio.to_thread.run_sync(both.bring_back)
        await trio.to_thread.run_sync(both.primary.ask, END)
        await until_confirmed(world, ann, ben, "3")
        await until_ready(world)
        stored = await trio.to_thread.run_sync(both.primary.ask, STORED)
        assert stored == "1:1,2:2,3:3"


def _hosts(both: Replicated) -> tuple[str, str]:
    """The two hosts in the order of `Replicated.dsn`, and in reverse order."""
    assert both.standby is not None
    ports = both.standby.port, both.primary.port
    one, other = (f"127.0.0.1:{port}" for port in ports)
    return f"{one},{other}", f"{other},{one}"


@SOON
@pytest.mark.parametrize("both", ["asynchronous"], indirect=True)
async def test_readyz_reports_why_a_server_can_store_nothing(both: Replicated) -> None:
    """It is the only server that the hub knows."""
    async with hub_of(both, dsn=both.primary.dsn) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        read_only = "ALTER SYSTEM {} default_transaction_read_only"
        await trio.to_thread.run_sync(both.primary.ask, read_only.format("SET") + " = on")
        await trio.to_thread.run_sync(both.primary.ask, RELOAD)
        await until_says(world, unfit("read_only"))
        await trio.to_thread.run_sync(both.primary.ask, read_only.format("RESET"))
        await trio.to_thread.run_sync(both.primary.ask, RELOAD)
        await until_ready(world)
        await trio.to_thread.run_sync(both.fail_over)
        await until_says(world, unfit("standby"))
        with pytest.raises(StoreUnavailable):
            await world.services.messaging.send(ann.user, Draft(ann.id, ben.id, "1"))
        await trio.to_thread.run_sync(both.fail_over)
        await until_confirmed(world, ann, ben, "1")
        await until_ready(world)


@SOON
@pytest.mark.parametrize("both", ["synchronous"], indirect=True)
async def test_a_hub_that_requires_a_synchronous_standby_is_not_ready_without_it(
    both: Replicated,
) -> None:
    assert both.standby is not None
    with captured_lines() as lines:
        async with hub_of(both, require_sync_standby=True) as world:
            await until_ready(world)
            both.standby.kill()
            await until_says(world, unfit("no_sync_standby"))
            await trio.to_thread.run_sync(both.standby.start)
            await until_ready(world)
    both.standby.kill()
    events = [line["event"] for line in lines if line["event"].startswith("sync_standby")]
    assert events == ["sync_standby_lost", "sync_standby_back"]
    said = pytest.RaisesExc(DatabaseUnfit, match="no synchronous standby is connected")
    with pytest.RaisesGroup(said, flatten_subgroups=True):
        async with hub_of(both, dsn=both.primary.dsn, require_sync_standby=True):
            pass
