"""Who loses the right to see something is told so and then nothing more, whoever took it away."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.relations import parse_change
from tests.support.clients.socketio import channel_of
from tests.support.clients.socketio import enter as enter_socketio
from tests.support.clients.websocket import WebSocket, next_of
from tests.support.posting import post, write
from tests.support.school import School, open_school
from tests.support.stores.databases import Databases, execute
from tests.support.stores.outage import Outage
from tests.support.world import World, open_world


@asynccontextmanager
async def on_postgres(databases: Databases) -> AsyncIterator[tuple[School, str]]:
    """A school on Postgres, and the database's address."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=4, lanes=1) as store,
        open_world(store, presence_grace=0.0) as world,
    ):
        yield await open_school(world), dsn


async def joined(school: School, channel_id: int) -> WebSocket:
    """Ben in a channel."""
    chat = await school.ben.connect("/ws/chat")
    await chat.send({"type": "join_channel", "channelId": channel_id})
    await next_of(chat, "joined_channel")
    return chat


CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE query ILIKE 'listen%' AND datname = current_database()"
)
BLOCK = "INSERT INTO blocks (blocker_id, blocked_id) VALUES ({ann}, {ben})"


async def block_by_rest(school: School, dsn: str) -> None:
    del dsn
    reply = await school.ann.call("POST", f"/private_messages/api/users/{school.ben.id}/block")
    assert reply.status == 200


async def block_by_sql(school: School, dsn: str) -> None:
    await execute(dsn, BLOCK.format(ann=school.ann.id, ben=school.ben.id))


@pytest.mark.parametrize("block", [block_by_rest, block_by_sql])
async def test_a_block_ends_a_conversation_within_a_second(
    databases: Databases, block: Callable[[School, str], Awaitable[None]]
) -> None:
    async with on_postgres(databases) as (school, dsn):
        ann, ben = school.ann, school.ben
        await write(school.world, ann.user, ben.user, "before")
        anns, bens = await ann.open(), await ben.open()
        pal, chat = await ben.connect("/messagepal"), await joined(school, school.dm.id)
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        assert (await next_of(bens, "typing_indicator"))["is_typing"] is True
        started = time.monotonic()
        await block(school, dsn)
        assert (await next_of(bens, "typing_indicator"))["is_typing"] is False
        assert await next_of(bens, "user_online_status", "revoked") == {
            "type": "user_online_status", "user_id": ann.id, "is_online": False,
        }  # fmt: skip
        assert await next_of(bens, "user_online_status", "revoked") == {
            "type": "revoked", "user_id": ann.id, "channel": school.dm.id,
            "reason": "You can no longer see this conversation",
        }  # fmt: skip
        left = await next_of(pal, "unsubscribed")
        assert left["payload"]["conversationId"] == f"conv_{ann.id}_{ben.id}"
        left = await next_of(chat, "left_channel")
        assert left["reason"] == "You can no longer see this conversation"
        assert time.monotonic() - started < 1.0
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "x"})
        assert (await next_of(anns, "error", "private_message"))["code"] == "not_allowed"
        assert (await ben.call("GET", f"/private_messages/api/messages/{ann.id}")).status == 403
        await pal.send({"type": "fetch_history", "conversationId": f"conv_{ann.id}_{ben.id}"})
        assert (await next_of(pal, "error", "history_response"))["code"] == "history_unavailable"
        await bens.send({"type": "resume"})
        assert await bens.receive() == {"type": "resumed", "complete": True, "after": {}}
        for socket in (bens, pal, chat):
            await socket.close_in_silence()  # it heard nothing else


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM follows WHERE follower_id = {ben} AND followee_id = {ann}",
        "UPDATE follows SET status = 'pending' WHERE follower_id = {ben}",
    ],
)
async def test_without_a_follow_private_profiles_lose_their_conversation(
    databases: Databases, statement: str
) -> None:
    async with on_postgres(databases) as (school, dsn):
        ann, ben = school.ann, school.ben
        relations, accounts = school.world.store.relations, school.world.store.accounts
        await relations.request_follow(ben.id, ann.id)
        for person in (ann, ben):
            await accounts.set_public(person.id, is_public=False)
        await write(school.world, ann.user, ben.user, "before")
        bens, anns = await ben.open(), await ann.open()
        await execute(dsn, statement.format(ann=ann.id, ben=ben.id))
        with trio.fail_after(1):
            assert (await next_of(bens, "revoked"))["user_id"] == ann.id
            assert (await next_of(anns, "revoked"))["user_id"] == ben.id
        for one, other in ((ann, ben), (ben, ann)):
            path = f"/private_messages/api/messages/{other.id}"
            assert (await one.call("GET", path)).status == 403


async def test_a_profile_made_private_closes_conversations_with_strangers(world: World) -> None:
    ann, ben = await world.person("ann"), await world.person("ben")
    await write(world, ann.user, ben.user, "before")
    bens = await ben.open()
    await world.store.accounts.set_public(ben.id, is_public=False)
    await write(world, ben.user, ann.user, "ann is public still")
    assert (await next_of(bens, "revoked", "private_message"))["type"] == "private_message"
    await world.store.accounts.set_public(ann.id, is_public=False)
    assert (await next_of(bens, "revoked"))["user_id"] == ann.id


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM workspace_members WHERE workspace_id = {school} AND user_id = {ben}",
        "DELETE FROM workspaces WHERE id = {school}",
    ],
)
async def test_who_leaves_a_workspace_leaves_its_channels(
    databases: Databases, statement: str
) -> None:
    async with on_postgres(databases) as (school, dsn):
        chat, peer = await joined(school, school.general.id), await enter_socketio(school.ben)
        assert (await peer.ask("room:join", channel_of(school)))["success"] is True
        gateway = await school.ben.connect("/gateway")
        await gateway.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
        while (await gateway.receive())["t"] != "READY":
            pass
        await execute(dsn, statement.format(school=school.workspace.id, ben=school.ben.id))
        with trio.fail_after(1):
            left = await next_of(chat, "left_channel")
            name, revoked = await peer.event()
        assert (left["channelId"], left["reason"]) == (
            school.general.id, "You are no longer a member",
        )  # fmt: skip
        assert (name, revoked["channelId"]) == ("channel:revoked", channel_of(school))
        if "workspace_members" in statement:
            while (frame := await gateway.receive())["t"] != "GUILD_MEMBER_REMOVE":
                pass
            assert frame["d"]["userId"] == school.ben.id
            await post(school.world, school.ann.user, school.general, "secret")
        await chat.send({"type": "resume", "after": {str(school.general.id): 0}})
        assert (await next_of(chat, "error", "new_message"))["code"] == "not_a_member"
        await gateway.close_in_silence()  # it heard nothing else


async def test_an_account_that_is_deleted_ends_every_connection(databases: Databases) -> None:
    async with on_postgres(databases) as (school, dsn):
        sockets = [await school.eve.connect(path) for path in ("/ws", "/ws/chat")]
        peer = await enter_socketio(school.eve)
        await execute(dsn, f"DELETE FROM users WHERE id = {school.eve.id}")
        with trio.fail_after(1):
            for socket in (*sockets, peer.socket):
                assert (await socket.closed()).code == 4001


async def test_what_happened_while_nobody_listened_is_found_afterwards(
    databases: Databases,
) -> None:
    async with on_postgres(databases) as (school, dsn):
        chat, dm = await joined(school, school.general.id), await joined(school, school.dm.id)
        gateway = await school.ben.connect("/gateway")
        await gateway.send({"op": "IDENTIFY", "d": {"userId": school.ben.id}})
        while (await gateway.receive())["t"] != "READY":
            pass
        for statement in (
            "ALTER TABLE workspace_members DISABLE TRIGGER USER",
            "ALTER TABLE blocks DISABLE TRIGGER USER",  # as if the notices were lost
            f"DELETE FROM workspace_members WHERE user_id = {school.ben.id}",
            BLOCK.format(ann=school.ann.id, ben=school.ben.id),
            CUT,
        ):
            await execute(dsn, statement)
        with trio.fail_after(5):
            await next_of(chat, "left_channel")
            await next_of(dm, "left_channel")
        await post(school.world, school.ann.user, school.general, "secret")
        await gateway.close_in_silence()  # it heard nothing of it


async def test_an_outage_only_delays_it(memory_store: Store) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "before")
        bens = await ben.open()
        outage.begin()
        await memory_store.relations.block(ann.id, ben.id)
        with trio.move_on_after(0.5) as waiting:
            await next_of(bens, "revoked")
        assert waiting.cancelled_caught
        outage.end()
        with trio.fail_after(5):
            await next_of(bens, "revoked")


async def test_who_was_away_during_a_block_hears_no_end_of_typing_either(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "before")
        anns, bens = await ann.open(), await ben.open()
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        await next_of(bens, "typing_indicator")
        await bens.close_in_silence()
        await world.until_gone(ben.id)
        await memory_store.relations.block(ann.id, ben.id)
        await trio.sleep(0.5)
        bens = await ben.open()
        await trio.sleep(10)
        await bens.close_in_silence()  # it heard nothing


async def join_by_chat(school: School) -> str:
    chat = await school.ben.connect("/ws/chat")
    await chat.send({"type": "join_channel", "channelId": school.general.id})
    return str((await next_of(chat, "error", "joined_channel"))["code"])


async def join_by_socketio(school: School) -> str:
    peer = await enter_socketio(school.ben)
    return str((await peer.ask("room:join", channel_of(school)))["code"])


@pytest.mark.parametrize("join", [join_by_chat, join_by_socketio])
async def test_who_joins_while_being_put_out_is_not_in(
    memory_store: Store, join: Callable[[School], Awaitable[str]]
) -> None:
    """The right is taken away between the store's answer and the joining."""
    async with open_world(memory_store) as world:
        school = await open_school(world)
        channels, asked, go_on = world.services.channels, trio.Event(), trio.Event()
        access = channels._store.access

        async def slow_access(*args: Any) -> Any:
            found = await access(*args)
            asked.set()
            await go_on.wait()
            return found

        channels._store = type("Slow", (), {"access": staticmethod(slow_access)})()
        codes: list[str] = []

        async def try_to_join() -> None:
            codes.append(await join(school))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(try_to_join)
            await asked.wait()
            await memory_store.workspaces.remove_member(school.workspace.id, school.ben.id)
            while not channels._checks:
                await trio.lowlevel.checkpoint()
            go_on.set()
        assert codes == ["not_a_member"]


@pytest.mark.parametrize("payload", ["", "pair", "pair 1", "pair 1 x", "pair 1 2 3", "drop table"])
def test_notices_of_others_are_ignored(payload: str) -> None:
    with pytest.raises(ValueError, match=r"x|^$|pair|drop"):
        parse_change(payload)
