"""A user who loses the right to see something gets an event for it, and nothing more after that."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

from persistence.interface import Store
from persistence.postgres.changes import parse_change
from persistence.records import ProfileChange
from tests.support.clients.socketio import channel_of
from tests.support.clients.socketio import enter as enter_socketio
from tests.support.posting import post, write
from tests.support.quiet import until_quiet
from tests.support.school import School, on_gateway, open_school
from tests.support.stores.databases import (
    CUT,
    Databases,
    execute,
    open_store,
    while_nobody_listens,
)
from tests.support.stores.held import Held
from tests.support.stores.outage import Outage
from tests.support.world import World, open_world


@asynccontextmanager
async def school_at(dsn: str) -> AsyncIterator[School]:
    """A school on a Postgres database."""
    async with open_store(dsn) as store, open_world(store, presence_grace=0.0) as world:
        yield await open_school(world)


@asynccontextmanager
async def on_postgres(databases: Databases) -> AsyncIterator[tuple[School, str]]:
    """A school on Postgres, and the database's address."""
    async with databases.reused() as dsn, school_at(dsn) as school:
        yield school, dsn


BLOCK = "INSERT INTO blocks (blocker_id, blocked_id) VALUES ({ann}, {ben})"


async def block_by_rest(school: School, dsn: str) -> None:
    del dsn
    reply = await school.ann.call("POST", f"/private_messages/api/users/{school.ben.id}/block")
    assert reply.status == 200


async def block_by_sql(school: School, dsn: str) -> None:
    await execute(dsn, BLOCK.format(ann=school.ann.id, ben=school.ben.id))


Block: TypeAlias = Callable[[School, str], Awaitable[None]]
BLOCKS = pytest.mark.parametrize("block", [block_by_rest, block_by_sql])
CLOSED = "You can no longer see this conversation"


@BLOCKS
async def test_a_block_ends_typing_presence_and_the_conversation(
    databases: Databases, block: Block, mock_clock: MockClock
) -> None:
    """At once: on a clock that stands still nothing waits for a timer."""
    async with on_postgres(databases) as (school, dsn):
        ann, ben = school.ann, school.ben
        await write(school.world, ann.user, ben.user, "before")
        anns, bens = await ann.open(), await ben.open()
        await anns.receive_type("user_online_status")
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
        await block(school, dsn)
        assert (await bens.receive_type("typing_indicator"))["is_typing"] is False
        assert await bens.receive() == {
            "type": "user_online_status", "user_id": ann.id, "is_online": False,
        }  # fmt: skip
        assert await bens.receive() == {
            "type": "revoked", "user_id": ann.id, "channel": school.dm.id, "reason": CLOSED,
        }  # fmt: skip
        assert await anns.receive() == {
            "type": "user_online_status", "user_id": ben.id, "is_online": False,
        }  # fmt: skip


async def test_a_block_of_an_unanswered_request_does_not_reveal_the_blockers_presence(
    world: World,
) -> None:
    """An offline event would reveal that the blocker was online, which a stranger never knew."""
    ann, eve = await world.people("ann", "eve")
    await write(world, eve.user, ann.user, "hello")
    anns, eves = await ann.open(), await eve.open()
    assert (await ann.call("POST", f"/private_messages/api/users/{eve.id}/block")).status == 200
    assert (await eves.receive())["type"] == "revoked"
    await anns.close_in_silence()


@BLOCKS
async def test_a_block_removes_connections_from_the_conversation(
    databases: Databases, block: Block, mock_clock: MockClock
) -> None:
    async with on_postgres(databases) as (school, dsn):
        ann, ben = school.ann, school.ben
        pal, chat = await ben.open("/messagepal"), await school.join(ben, school.dm)
        await block(school, dsn)
        left = await pal.receive_type("unsubscribed")
        assert left["payload"]["conversationId"] == f"conv_{ann.id}_{ben.id}"
        left = await chat.receive_type("left_channel")
        assert (left["channelId"], left["reason"]) == (school.dm.id, CLOSED)
        await pal.send({"type": "fetch_history", "conversationId": f"conv_{ann.id}_{ben.id}"})
        assert (await pal.receive_type("error"))["code"] == "history_unavailable"


@BLOCKS
async def test_after_a_block_the_blocked_user_gets_and_reads_nothing_of_the_blocker(
    databases: Databases, block: Block, mock_clock: MockClock
) -> None:
    async with on_postgres(databases) as (school, dsn):
        ann, ben = school.ann, school.ben
        await write(school.world, ann.user, ben.user, "before")
        anns, bens = await ann.open(), await ben.open()
        await anns.receive_type("user_online_status")
        await block(school, dsn)
        await bens.expect("revoked")
        await anns.receive_type("user_online_status")
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        await anns.send({"type": "private_message", "recipient_id": ben.id, "content": "x"})
        assert (await anns.receive_type("error"))["code"] == "not_allowed"
        assert (await ben.call("GET", f"/private_messages/api/messages/{ann.id}")).status == 404
        await bens.send({"type": "resume"})
        await bens.receive_type("user_online_status")
        assert await bens.receive() == {
            "type": "resumed",
            "complete": True,
            "after": {},
            "epoch": school.world.services.log_watch.epoch,
        }


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM follows WHERE follower_id = {ben} AND followee_id = {ann}",
        "UPDATE follows SET status = 'pending' WHERE follower_id = {ben}",
    ],
)
async def test_private_profiles_lose_their_conversation_when_the_follow_ends(
    databases: Databases, statement: str, mock_clock: MockClock
) -> None:
    async with on_postgres(databases) as (school, dsn):
        ann, ben = school.ann, school.ben
        relations, accounts = school.world.store.relations, school.world.store.accounts
        await relations.request_follow(ben.id, ann.id)
        for person in (ann, ben):
            await accounts.change_profile(person.id, ProfileChange(is_public=False))
        await write(school.world, ann.user, ben.user, "before")
        bens, anns = await ben.open(), await ann.open()
        await bens.receive_type("user_online_status")
        await execute(dsn, statement.format(ann=ann.id, ben=ben.id))
        assert (await bens.receive_type("revoked"))["user_id"] == ann.id
        assert (await anns.receive_type("revoked"))["user_id"] == ben.id
        for one, other in ((ann, ben), (ben, ann)):
            path = f"/private_messages/api/messages/{other.id}"
            assert (await one.call("GET", path)).status == 403


async def test_a_profile_made_private_closes_conversations_with_strangers(world: World) -> None:
    ann, ben, eve, dan = [await world.person(name) for name in ("ann", "ben", "eve", "dan")]
    await write(world, ann.user, ben.user, "before")
    await write(world, dan.user, eve.user, "before")
    bens, eves = await ben.open(), await eve.open()
    await world.store.accounts.change_profile(ben.id, ProfileChange(is_public=False))
    await world.store.relations.block(dan.id, eve.id)
    await eves.receive_type("revoked")  # so the change before it was acted on, too
    await bens.is_silent()  # ann is still public
    await world.store.accounts.change_profile(ann.id, ProfileChange(is_public=False))
    assert (await bens.receive_type("revoked"))["user_id"] == ann.id


async def test_a_profile_made_private_closes_an_empty_dm_that_was_joined(world: World) -> None:
    school = await open_school(world)
    bens = await school.join(school.ben, school.dm)
    for user_id in (school.ben.id, school.ann.id):
        await world.store.accounts.change_profile(user_id, ProfileChange(is_public=False))
    assert (await bens.receive_type("left_channel"))["channelId"] == school.dm.id


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["author_first", "recipient_first"])
async def test_profiles_made_private_end_typing_between_users_without_messages(
    timed_world: World, mock_clock: MockClock, order: tuple[int, int]
) -> None:
    """At once: on a clock that stands still typing does not end by itself. The author gets no
    event, not even the presence of the recipient.
    """
    people = ann, ben = await timed_world.people("ann", "ben")
    anns, bens = await ann.open(), (await ben.open()).ignoring("user_online_status")
    await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
    assert (await bens.receive_type("typing_indicator"))["is_typing"] is True
    first, last = (people[number].id for number in order)
    accounts = timed_world.store.accounts
    await accounts.change_profile(first, ProfileChange(is_public=False))
    await bens.is_silent()  # the other one is still public
    await accounts.change_profile(last, ProfileChange(is_public=False))
    frames = [json.loads(each) for each in await bens.everything()]
    assert [each["is_typing"] for each in frames] == [False]
    await anns.is_silent()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM workspace_members WHERE workspace_id = {school} AND user_id = {ben}",
        "DELETE FROM workspaces WHERE id = {school}",
    ],
)
async def test_a_user_removed_from_a_workspace_is_removed_from_its_channels(
    databases: Databases, statement: str, mock_clock: MockClock
) -> None:
    async with on_postgres(databases) as (school, dsn):
        chat, peer = await school.join(school.ben), await enter_socketio(school.ben)
        assert (await peer.ask("room:join", channel_of(school)))["success"] is True
        gateway = await on_gateway(school.ben)
        await execute(dsn, statement.format(school=school.workspace.id, ben=school.ben.id))
        left = await chat.receive_type("left_channel")
        name, revoked = await peer.event()
        assert left["channelId"] == school.general.id
        reasons = ["You are no longer a member"]
        if "workspace_members" not in statement:  # whichever is acted on first
            reasons.append("This channel was deleted")
        assert left["reason"] in reasons
        assert (name, revoked["channelId"]) == ("channel:revoked", channel_of(school))
        if "workspace_members" in statement:
            removed = await gateway.receive_type("GUILD_MEMBER_REMOVE")
            assert removed["d"]["userId"] == school.ben.id
            await post(school.world, school.ann.user, school.general, "secret")
        await chat.send({"type": "resume", "after": {str(school.general.id): 0}})
        assert (await chat.receive_type("error"))["code"] == "channel_not_found"
        await chat.receive_type("resumed")
        await gateway.is_silent(besides=("CHANNEL_DELETE", "GUILD_DELETE"))
        gateway.ignoring("CHANNEL_DELETE", "GUILD_DELETE")


async def test_an_account_that_is_deleted_ends_every_connection(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with on_postgres(databases) as (school, dsn):
        sockets = [await school.eve.open(path) for path in ("/ws", "/ws/chat")]
        peer = await enter_socketio(school.eve)
        await execute(dsn, f"DELETE FROM users WHERE id = {school.eve.id}")
        assert (await peer.event())[1]["code"] == "login_ended"
        assert await peer.packet() == "1"  # the end of a session
        for socket in (*sockets, peer.socket):
            assert (await socket.closed()).code == 4001


async def test_the_deletion_of_a_channel_is_sent_in_every_dialect_with_channels(
    databases: Databases, mock_clock: MockClock
) -> None:
    async with on_postgres(databases) as (school, dsn):
        chat, gateway = await school.join(school.ben), await on_gateway(school.ben)
        peer = await enter_socketio(school.ben)
        await peer.ask("room:join", channel_of(school))
        await execute(dsn, f"DELETE FROM channels WHERE id = {school.general.id}")
        reason = "This channel was deleted"
        assert await chat.receive() == {
            "type": "left_channel", "channelId": school.general.id, "reason": reason,
        }  # fmt: skip
        name, payload = await peer.event()
        assert (name, payload["reason"]) == ("channel:revoked", reason)
        data = {"id": school.general.id, "workspaceId": school.workspace.id}
        assert await gateway.receive() == {"t": "CHANNEL_DELETE", "d": data}


@pytest.mark.parametrize("is_missed", [False, True])
async def test_the_deletion_of_a_workspace_is_sent_even_if_its_notice_was_missed(
    databases: Databases, *, is_missed: bool
) -> None:
    async with databases.migrated() as dsn, school_at(dsn) as school:
        chat, gateway = await school.join(school.ben), await on_gateway(school.ben)
        sql = f"DELETE FROM workspaces WHERE id = {school.workspace.id}"
        await (while_nobody_listens if is_missed else execute)(dsn, sql)
        assert (await chat.receive_type("left_channel"))["channelId"] == school.general.id
        assert (await gateway.expect("GUILD_DELETE"))["d"] == {"id": school.workspace.id}
        frames = [json.loads(each) for each in await gateway.everything()]
        assert all(frame["t"] == "CHANNEL_DELETE" for frame in frames)  # which may come later
        chat.ignoring("user_presence")


async def test_changes_whose_notices_were_lost_are_found_after_reconnecting(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, school_at(dsn) as school:
        chat, dm = await school.join(school.ben), await school.join(school.ben, school.dm)
        gateway = await on_gateway(school.ben)
        for statement in (
            "ALTER TABLE workspace_members DISABLE TRIGGER USER",
            "ALTER TABLE blocks DISABLE TRIGGER USER",  # as if the notices were lost
            f"DELETE FROM workspace_members WHERE user_id = {school.ben.id}",
            BLOCK.format(ann=school.ann.id, ben=school.ben.id),
            CUT,
        ):
            await execute(dsn, statement)
        for socket in (chat, dm):
            await socket.receive_type("left_channel")
        while (frame := await gateway.receive())["t"] != "GUILD_MEMBER_REMOVE":
            pass
        assert frame["d"]["userId"] == school.ben.id
        await post(school.world, school.ann.user, school.general, "secret")
        await gateway.is_silent()


async def test_a_member_whose_notice_was_lost_follows_the_workspace_after_reconnecting(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, school_at(dsn) as school:
        eves = (await on_gateway(school.eve)).ignoring("PRESENCE_UPDATE")
        ids = f"{school.workspace.id}, {school.eve.id}"
        for statement in (
            "ALTER TABLE workspace_members DISABLE TRIGGER USER",  # as if the notice were lost
            f"INSERT INTO workspace_members (workspace_id, user_id) VALUES ({ids})",
            CUT,
        ):
            await execute(dsn, statement)
        heard: list[str | bytes] = []
        while not heard:
            await post(school.world, school.ann.user, school.general, "welcome")
            heard = await eves.everything()
        assert json.loads(heard[0])["d"]["content"] == "welcome"


async def test_a_block_whose_notice_was_lost_hides_presence_after_reconnecting(
    databases: Databases,
) -> None:
    """In shared channels and workspaces, and from a user whose follow ended."""
    async with databases.migrated() as dsn, school_at(dsn) as school:
        ann, ben, eve = school.ann, school.ben, school.eve
        await school.world.store.relations.request_follow(eve.id, ann.id)
        await write(school.world, ann.user, ben.user, "before")
        bens, eves = await ben.open(), await eve.open()
        gateway, chat = await on_gateway(school.ben), await school.join(ben)
        anns = (await school.join(ann)).ignoring("user_presence")
        for socket in (bens, eves):
            assert (await socket.receive_type("user_online_status"))["is_online"] is True
        assert (await gateway.receive())["d"]["status"] == "online"
        assert (await chat.receive_type("user_presence"))["status"] == "online"
        await while_nobody_listens(
            dsn,
            f"DELETE FROM follows WHERE follower_id = {eve.id}",
            BLOCK.format(ann=ann.id, ben=ben.id),
        )
        for socket in (bens, eves):
            assert (await socket.receive_type("user_online_status"))["is_online"] is False
        assert (await bens.receive_type("revoked"))["user_id"] == ann.id
        assert (await gateway.receive())["d"]["status"] == "offline"
        assert (await chat.receive_type("user_presence"))["status"] == "offline"
        await anns.close_in_silence()


async def test_an_outage_only_delays_a_revocation(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "before")
        bens = await ben.open()
        outage.begin()
        await memory_store.relations.block(ann.id, ben.id)
        await trio.sleep(20)
        await bens.is_silent()
        outage.end()
        await bens.receive_type("revoked")


async def test_a_user_who_was_away_during_a_block_gets_no_end_of_typing(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    async with open_world(memory_store) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        await write(world, ann.user, ben.user, "before")
        await write(world, ben.user, ann.user, "before")
        anns, bens = await ann.open(), await ben.open()
        await anns.receive_type("user_online_status")
        await anns.send({"type": "typing_indicator", "recipient_id": ben.id, "is_typing": True})
        await bens.receive_type("typing_indicator")
        await bens.close_in_silence()
        await memory_store.relations.block(ann.id, ben.id)
        bens = await ben.open()
        await anns.receive_type("user_online_status")
        await trio.sleep(10)
        await bens.is_silent()


async def test_a_blocked_author_gets_no_receipt_of_the_blocker(world: World) -> None:
    """The blocker can still read, but the author is not to know of it."""
    school = await open_school(world)
    ann, ben = school.ann, school.ben
    await write(world, ben.user, ann.user, "1")
    bens = (await ben.open()).ignoring("user_online_status")
    await enter_socketio(ben)  # the world asserts that it is sent nothing
    await world.store.relations.block(ann.id, ben.id)
    await bens.expect("revoked")
    anns = await ann.open()
    path = f"/private_messages/api/messages/{ben.id}/read"
    assert (await ann.call("PUT", path)).status == 200
    assert (await anns.receive_type("messages_read"))["reader_id"] == ann.id  # her own devices do


async def test_the_end_of_a_conversation_comes_after_a_receipt_that_is_on_its_way(
    memory_store: Store,
) -> None:
    """Ann is blocked between the store's result for the read mark and the receipt."""
    messages = Held(memory_store.messages, ("mark_read",), answered=True)
    async with open_world(evolve(memory_store, messages=messages)) as world:
        ann, ben = await world.people("ann", "ben")
        await world.store.relations.request_follow(ben.id, ann.id)
        await write(world, ann.user, ben.user, "1")
        anns = (await ann.open()).ignoring("user_online_status")
        async with trio.open_nursery() as nursery:
            path = f"/private_messages/api/messages/{ann.id}/read"
            nursery.start_soon(ben.call, "PUT", path)
            await messages.asked.wait()
            await memory_store.relations.block(ben.id, ann.id)
            await until_quiet()
            messages.go_on.set()
        assert [(await anns.receive())["type"] for _ in range(2)] == ["messages_read", "revoked"]


async def test_a_removed_member_gets_no_receipt(world: World) -> None:
    school = await open_school(world)
    await post(world, school.ben.user, school.general, "1")
    await enter_socketio(school.ben)  # the world asserts that it is sent nothing
    ids = school.workspace.id, school.ben.id
    await world.store.workspaces.remove_member(*ids, by=school.tea.id)
    path = f"/learning_platform/api/channels/{school.general.id}/messages"
    (message,) = (await school.ann.ask("GET", path)).json
    read = await school.ann.ask("POST", f"/learning_platform/api/messages/{message['id']}/read")
    assert read.json["readBy"] == [school.ann.id]


async def join_by_chat(school: School) -> str:
    chat = await school.ben.open("/ws/chat")
    await chat.send({"type": "join_channel", "channelId": school.general.id})
    return str((await chat.receive_type("error"))["code"])


async def join_by_socketio(school: School) -> str:
    peer = await enter_socketio(school.ben)
    await peer.emit("room:join", channel_of(school))
    name, error = await peer.event()
    assert name == "message:error"
    return str(error["code"])


@pytest.mark.parametrize(
    ("join", "code"), [(join_by_chat, "channel_not_found"), (join_by_socketio, "not_a_member")]
)
async def test_a_join_is_refused_while_the_user_is_being_removed(
    memory_store: Store, join: Callable[[School], Awaitable[str]], code: str
) -> None:
    """The right is taken away between the store's result and the join."""
    channels = Held(memory_store.channels, ("access",), answered=True)
    async with open_world(evolve(memory_store, channels=channels)) as world:
        school = await open_school(world)
        codes: list[str] = []

        async def try_to_join() -> None:
            codes.append(await join(school))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(try_to_join)
            await channels.asked.wait()
            ids = school.workspace.id, school.ben.id
            await memory_store.workspaces.remove_member(*ids, by=school.tea.id)
            await until_quiet()
            channels.go_on.set()
        assert codes == [code]


@pytest.mark.parametrize(
    "payload", ["", "blocked", "blocked 1", "blocked 1 x", "blocked 1 2 3", "drop table"]
)
def test_malformed_notices_raise_value_error(payload: str) -> None:
    with pytest.raises(ValueError, match=r"x|^$|blocked|drop"):
        parse_change(payload)
