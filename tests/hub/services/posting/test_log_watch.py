"""A log that goes back while the hub runs: all clients start over, and no message is lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from hub.services.posting.sequencer import WentBack
from persistence import open_hub_store
from persistence.interface import Store
from persistence.postgres.database.hold import LOCK
from persistence.records import StoreUnavailable
from protocol.model import ChannelId
from tests.support.clients.socketio import enter
from tests.support.clients.websocket import Refused, WebSocket
from tests.support.posting import say, write
from tests.support.stores.databases import (
    Databases,
    execute,
    go_back,
    open_store,
    open_transaction,
)
from tests.support.stores.intercept import Interception
from tests.support.world import GREETINGS, Person, World, open_world

TAKE_OVER = f"""
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
     WHERE application_name LIKE 'parlour serve%' AND datname = current_database();
    SELECT pg_advisory_xact_lock({LOCK})
"""
POST = """
    SELECT verdict FROM post_messages(ARRAY[$1::bigint], ARRAY[$2::bigint], NULL, ARRAY[1],
        ARRAY['of another hub'], NULL, ARRAY['text'], NULL, ARRAY[false], NULL, NULL, NULL, $3)
"""
ANOTHER_HUB = 7
RESTORED = "UPDATE epochs SET value = gen_random_uuid()"


async def missed(person: Person, peer: Person, after: int, epoch: str | None) -> object:
    """Resume a new connection of /ws after a seq: the seqs that it gets, and the marker."""
    socket = await person.open("/ws?resume")
    named = {} if epoch is None else {"epoch": epoch}
    await socket.send({"type": "resume", "after": {str(peer.id): after}, **named})
    seqs = []
    while (frame := await socket.receive())["type"] != "resumed":
        seqs.append(frame["message"]["seq"])
    await socket.close_in_silence()
    return seqs, frame["complete"], frame.get("reset", False)


async def closed_to_start_over(*sockets: WebSocket) -> None:
    for socket in sockets:
        _, end = await socket.until_closed()
        assert end.code == 1012


async def until_ready(world: World) -> None:
    while (await world.call("GET", "/readyz")).status != 200:
        await trio.lowlevel.checkpoint()


async def test_a_message_with_a_seq_that_was_delivered_before_makes_all_clients_start_over(
    databases: Databases,
) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store, open_world(store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "1", "2", "3")
        before = world.services.log_watch.epoch
        sockets = await ann.open(), await ben.open()
        await go_back(dsn, 1)
        answer = await say(ann, ben, "another 2")  # acknowledged
        assert answer["seq"] == 2
        await closed_to_start_over(*sockets)
        assert (epoch := world.services.log_watch.epoch) != before
        assert await missed(ben, ann, 3, before) == ([1, 2], True, True)
        assert await missed(ben, ann, 3, None) == ([1, 2], True, True)
        assert await missed(ben, ann, 2, epoch) == ([], True, False)
        bens = await ben.open()
        await write(world, ann.user, ben.user, "3")
        assert (await bens.receive_type("private_message"))["message"]["seq"] == 3


async def test_a_log_that_went_back_is_noticed_by_the_ids_in_a_channel_not_remembered(
    databases: Databases,
) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store:
        async with open_world(store) as world:
            ann, ben = await world.person("ann"), await world.person("ben")
            await write(world, ann.user, ben.user, "1", "2", "3")
        async with open_world(store) as world:  # another hub, which has delivered nothing
            before = world.services.log_watch.epoch
            await go_back(dsn, 1)
            await execute(dsn, "SELECT setval('messages_id_seq', 1)")
            await write(world, ann.user, ben.user, "another 2")
            assert world.services.log_watch.epoch != before


async def test_after_the_log_went_back_a_message_of_a_channel_in_doubt_is_not_lost(
    databases: Databases,
) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store:
        posts = Interception("messages", "post")
        async with open_world(posts.over(store)) as world:
            ann, ben = await world.person("ann"), await world.person("ben")
            await write(world, ann.user, ben.user, "1", "2", "3")

            async def lose(*_: object) -> None:
                posts.way = None
                raise StoreUnavailable("lost on the way there")

            posts.way = lose
            assert (
                await ann.call("POST", f"/api/messages/{ben.id}", {"content": "x"})
            ).status == 503
            await go_back(dsn, 1)
            await say(ann, ben, "another 2")
            assert await missed(ben, ann, 3, None) == ([1, 2], True, True)


async def test_a_restore_while_the_hub_runs_is_noticed_without_a_message(
    databases: Databases,
) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store, open_world(store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "1", "2", "3")
        before = world.services.log_watch.epoch
        bens = await ben.open()
        await execute(dsn, RESTORED)
        await closed_to_start_over(bens)
        assert await missed(ben, ann, 3, before) == ([1, 2, 3], True, True)
        assert await missed(ben, ann, 2, None) == ([3], True, False)


async def test_a_head_below_the_last_delivered_seq_counts_as_a_log_that_went_back(
    databases: Databases,
) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store, open_world(store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "1", "2", "3")
        before = world.services.log_watch.epoch
        anns, bens = await ann.open(), await ben.open()
        await go_back(dsn, 1)
        await bens.send({"type": "resume", "after": {str(ann.id): 3}, "epoch": before})
        await closed_to_start_over(anns, bens)
        assert world.services.log_watch.epoch != before


async def test_a_client_that_invents_a_position_resets_only_itself(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await write(world, ann.user, ben.user, "1", "2")
    before = world.services.log_watch.epoch
    anns = await ann.open()
    assert await missed(ben, ann, 9, None) == ([1, 2], True, True)
    assert world.services.log_watch.epoch == before
    await write(world, ann.user, ben.user, "3")
    assert (await anns.receive_type("private_message"))["message"]["seq"] == 3


async def test_sends_are_refused_until_all_clients_can_start_over(
    databases: Databases,
) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store:
        last_id = Interception("messages", "last_id")
        async with open_world(last_id.over(store)) as world:
            ann, ben = await world.person("ann"), await world.person("ben")
            await write(world, ann.user, ben.user, "1", "2", "3")
            anns = await ann.open()
            may_look = trio.Event()

            async def away(call: object, *args: object) -> object:
                if may_look.is_set():
                    return await call(*args)  # type: ignore[operator]
                raise StoreUnavailable("away")

            last_id.way = away
            await go_back(dsn, 1)
            path, body = f"/api/messages/{ben.id}", {"content": "another 2"}
            assert (await ann.call("POST", path, body)).status == 503  # stored, but not delivered
            assert (await ann.call("POST", path, body)).status == 503
            assert (await world.call("GET", "/readyz")).status == 503
            await closed_to_start_over(anns)
            may_look.set()
            await until_ready(world)
            assert await missed(ben, ann, 3, None) == ([1, 2], True, True)
            assert (await ann.call("POST", path, body)).status == 201


@pytest.mark.parametrize("path", GREETINGS)
async def test_a_connection_of_every_dialect_is_closed_to_start_over(
    timed_world: World, path: str
) -> None:
    ann = await timed_world.person("ann")
    watch = timed_world.services.log_watch
    socket = await ann.open(path)
    await watch.went_back(WentBack(ChannelId(1), 3, 2), watch.epoch)
    await closed_to_start_over(socket)


async def test_concurrent_reports_that_the_log_went_back_make_one_new_epoch(store: Store) -> None:
    counted: list[str] = []
    new_epoch = Interception("log", "new_epoch")

    async def count(call: object, seen: str) -> object:
        counted.append(seen)
        return await call(seen)  # type: ignore[operator]

    new_epoch.way = count
    async with open_world(new_epoch.over(store)) as world:
        watch = world.services.log_watch
        seen = watch.epoch
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(watch.went_back, WentBack(ChannelId(1), 3, 2), seen)
        assert counted == [seen]
        assert await world.store.log.epoch() == watch.epoch != seen


async def test_the_epoch_does_not_change_while_a_message_is_being_stored(
    memory_store: Store,
) -> None:
    async with open_world(memory_store) as world:
        watch = world.services.log_watch
        before = watch.epoch
        async with trio.open_nursery() as nursery:
            with watch.posting():
                nursery.start_soon(watch.went_back, WentBack(ChannelId(1), 3, 2), before)
                await trio.testing.wait_all_tasks_blocked()
                assert watch.epoch == before
                with pytest.raises(StoreUnavailable), watch.posting():
                    pass
        assert watch.epoch != before


@asynccontextmanager
async def only_hub(dsn: str, folder: Path) -> AsyncIterator[World]:
    async with (
        open_hub_store(dsn, folder, pool_size=4, lanes=1, wait_seconds=0) as (store, _),
        open_world(store, presence_grace=0.0) as world,
    ):
        yield world


async def test_while_another_hub_serves_connections_are_closed_and_new_ones_refused(
    databases: Databases, tmp_path: Path
) -> None:
    """Until this one is the only one again; then a resume has what the other one stored."""
    async with databases.reused() as dsn, only_hub(dsn, tmp_path) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "1")
        before = world.services.log_watch.epoch
        sockets = await ann.open(), await ben.open("/gateway")
        peer = await enter(ann)
        async with open_transaction(dsn, TAKE_OVER):  # it holds the database until the block ends
            await execute(dsn, "SELECT begin_serving($1)", ANOTHER_HUB)
            await closed_to_start_over(*sockets, peer.socket)
            for path in (*GREETINGS, "/socket.io/?EIO=4&transport=websocket"):
                with pytest.raises(Refused, match="503") as refused:
                    await ann.connect(path)
                assert "\r\nretry-after: 2\r\n" in refused.value.head.lower()
            for path in ("/", "/api/users/me", "/socket.io/?EIO=4&transport=polling"):
                reply = await ann.call("GET", path)
                assert (reply.status, reply.headers["retry-after"]) == (503, "2")
            assert (await ann.call("GET", "/healthz")).status == 200
            ready = await ann.call("GET", "/readyz")
            assert (ready.status, ready.json) == (503, {"status": "store_unavailable"})
            assert await execute(dsn, POST, ann.id, ben.id, ANOTHER_HUB) == "posted"
        await until_ready(world)
        assert await missed(ben, ann, 1, before) == ([2], True, False)
        bens = await ben.open()
        await say(ann, ben, "3")
        assert (await bens.receive_type("private_message"))["message"]["seq"] == 3
