"""Who is in a channel, and who hears of it."""

from datetime import UTC, datetime

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Register
from hub.actor.wire import Wire
from hub.limits.quotas import Quotas
from hub.services.channels import ChannelPresences, Channels
from hub.sockets.outbox import Outbox
from hub.sockets.transport import StreamTransport
from hub.sockets.websocket_link import WebSocketLink
from persistence.interface import Store
from protocol.dialects.private_messages import DIALECT
from protocol.events import Connected
from protocol.model import Channel, ChannelId, ChannelKind, SessionId, User, UserId
from tests.support.school import open_school
from tests.support.world import World

NOW = datetime(2024, 1, 1, tzinfo=UTC)
USER = User(UserId(1), "ann", "Ann", NOW, NOW)


async def test_a_user_who_comes_back_within_the_grace_period_was_never_gone(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    assert (await anns.receive_type("user_presence"))["status"] == "online"
    await bens.close_in_silence()
    await trio.sleep(4.9)
    back = await school.join(school.ben)
    await trio.sleep(20)
    await anns.is_silent()
    await back.close_in_silence()
    started = trio.current_time()
    gone = await anns.receive_type("user_presence")
    assert (gone["userId"], gone["status"]) == (school.ben.id, "offline")
    assert trio.current_time() - started == pytest.approx(5.0)


async def test_leaving_on_purpose_is_told_at_once(
    timed_world: World, autojump_clock: MockClock
) -> None:
    school = await open_school(timed_world)
    anns, bens = await school.join(school.ann), await school.join(school.ben)
    await anns.receive_type("user_presence")
    started = trio.current_time()
    await bens.send({"type": "leave_channel", "channelId": school.general.id})
    await bens.receive_type("left_channel")
    assert (await anns.receive_type("user_presence"))["status"] == "offline"
    assert trio.current_time() == started


def ignore(user_id: UserId, *, connected: bool) -> None:
    del user_id, connected


async def open_client(hub: Hub, user: User) -> Client:
    """A connection that is about to be registered."""
    _, theirs = trio.testing.memory_stream_pair()
    link = WebSocketLink(StreamTransport(theirs), Outbox(65_536), lambda _: b"")
    client = Client(user, SessionId(1), Wire(DIALECT), link, Quotas(1_000, 1_000).of(user.id))
    await hub.post(Register(client, Connected(user, NOW)))
    return client


async def test_who_has_entered_or_left_is_known_when_the_call_returns(memory_store: Store) -> None:
    hub = Hub(ignore, ChannelPresences(grace=0.0))
    channels = Channels(memory_store.channels, hub)
    channel = Channel(ChannelId(1), ChannelKind.TEXT, "general", NOW)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        client = await open_client(hub, USER)
        for _ in range(20):  # whichever task runs first
            await channels.enter(client, channel)
            assert hub.joined(client, channel.id) == channel
            await channels.leave(client, channel.id)
            assert hub.joined(client, channel.id) is None
        nursery.cancel_scope.cancel()


async def test_a_recheck_removes_connections_that_are_just_entering(memory_store: Store) -> None:
    hub = Hub(ignore, ChannelPresences(grace=0.0))
    channels = Channels(memory_store.channels, hub)
    channel = Channel(ChannelId(1), ChannelKind.TEXT, "general", NOW)  # not in the store
    async with trio.open_nursery() as nursery:
        client = await open_client(hub, USER)
        nursery.start_soon(channels.enter, client, channel)
        await trio.testing.wait_all_tasks_blocked()  # its letter is unread
        nursery.start_soon(channels.recheck, None)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(hub.run)
        await trio.testing.wait_all_tasks_blocked()
        assert hub.joined(client, channel.id) is None
        nursery.cancel_scope.cancel()
