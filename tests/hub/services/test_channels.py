"""Which connections are in a channel: entering, leaving, and checking again."""

from datetime import UTC, datetime

import trio
import trio.testing

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Register
from hub.actor.listeners import RoomListeners
from hub.actor.wire import Wire
from hub.limits.quotas import Quotas
from hub.services.channels import Channels
from hub.services.presence.arrivals import Arrivals
from hub.services.presence.channels import ChannelPresences
from hub.services.presence.users import Presence
from hub.settings.choices import AudienceRule
from hub.sockets.outbox import Outbox
from hub.sockets.transport import StreamTransport
from hub.sockets.websocket_link import WebSocketLink
from persistence.interface import Store
from protocol.dialects.private_messages import DIALECT
from protocol.events import Connected
from protocol.model import Channel, ChannelId, ChannelKind, SessionId, User, UserId

NOW = datetime(2024, 1, 1, tzinfo=UTC)
USER = User(UserId(1), "ann", "Ann", NOW, NOW)


def ignore(user_id: UserId, *, connected: bool) -> None:
    del user_id, connected


def open_channels(store: Store, hub: Hub) -> Channels:
    presence = Presence(store.relations, store.workspaces, rule=AudienceRule.RELATED, grace=0.0)
    in_channels = ChannelPresences(store.relations, presence.knows, hub.channel_of, grace=0.0)
    return Channels(store.channels, hub, Arrivals(store.relations, presence, in_channels, hub))


async def open_client(hub: Hub, user: User) -> Client:
    """A connection that is about to be registered."""
    _, theirs = trio.testing.memory_stream_pair()
    link = WebSocketLink(StreamTransport(theirs), Outbox(65_536), lambda _: b"")
    client = Client(user, SessionId(1), Wire(DIALECT), link, Quotas().of(user.id))
    await hub.post(Register(client, Connected(user, NOW, "epoch")))
    return client


async def test_entering_and_leaving_have_taken_effect_when_the_call_returns(
    memory_store: Store,
) -> None:
    hub = Hub(ignore, RoomListeners())
    channels = open_channels(memory_store, hub)
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
    hub = Hub(ignore, RoomListeners())
    channels = open_channels(memory_store, hub)
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
