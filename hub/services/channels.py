"""Channels as connections see them: joining and leaving.

Guarantees: a connection joins only channels that its user may see, by the policy in Postgres; the
confirmation is the first event it receives of a channel, and no event after it is missed.
Must not know: dialects, SQL, whose presence is shown in a channel.
"""

from collections.abc import Collection, Sequence
from typing import Final

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Join, Leave
from hub.services.asker import Asker, ChannelScope
from hub.services.presence.arrivals import Arrivals
from persistence.interface import Channels as ChannelStore
from persistence.records import Access
from protocol.errors import CHANNEL_DELETED, CONVERSATION_CLOSED, NO_LONGER_MEMBER, ErrorCode
from protocol.events import Event, JoinedChannel, LeftChannel
from protocol.model import Channel, ChannelId, UserId

MAX_PLACES: Final = 200  # looked up in one statement


class Channels:
    """Lets connections join and leave channels; the Hub keeps which connection is where.

    Args:
        store: knows whether a user may join.
        hub: keeps the rooms.
        arrivals: sends the presence of others to a connection that joins.
    """

    def __init__(self, store: ChannelStore, hub: Hub, arrivals: Arrivals) -> None:
        self._store = store
        self._hub = hub
        self._arrivals = arrivals
        self._checks = 0

    async def join(self, client: Client, channel_id: ChannelId) -> ErrorCode | None:
        """Let a connection join a channel; returns the reason why not, or None.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        channel = await self.look_up(client.user.id, channel_id)
        if isinstance(channel, ErrorCode):
            return channel
        await self.enter(client, channel, JoinedChannel(channel_id))
        return None

    def joined(self, asker: Asker, channel_id: ChannelId) -> Channel | None:
        """The channel if the asker's connection has joined it. The right is checked again in the
        statement that stores a message.
        """
        return None if asker.client is None else self._hub.joined(asker.client, channel_id)

    async def find(self, asker: Asker, channel_id: ChannelId) -> Channel | ErrorCode:
        """The channel if the asker may act in it, or the reason why not.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        channel = self.joined(asker, channel_id)
        if channel is not None:
            return channel
        if asker.scope is ChannelScope.JOINED:
            return ErrorCode.NOT_JOINED
        return await self.look_up(asker.user.id, channel_id)

    async def look_up(self, user_id: UserId, channel_id: ChannelId) -> Channel | ErrorCode:
        """The channel if there is one that the user may see, or else an error; as fresh as
        `access`.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        access = await self.access(user_id, channel_id)
        if access is None or not access.allowed:
            return ErrorCode.CHANNEL_NOT_FOUND
        return access.channel

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """The user's access, never older than the last revocation that was acted on. Call `enter`
        without awaiting in between: then a later revocation removes the connection again.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        while True:
            checks = self._checks
            access = await self._store.access(user_id, channel_id)
            if checks == self._checks:
                return access

    async def enter(self, client: Client, channel: Channel, greeting: Event | None = None) -> None:
        """Let a connection into a channel that its user may see; `greeting` comes first. When this
        returns, it has joined: messages posted before are in the log, later ones are delivered.
        """
        await self._hub.post(Join(client, (ChannelRoom(channel.id),), greeting, channel))
        await self._hub.barrier()
        await self._arrivals.joined(client, channel)

    async def leave(self, client: Client, channel_id: ChannelId) -> None:
        """Let a connection leave a channel; it gets a confirmation even if it had not joined."""
        confirmation = LeftChannel(channel_id)
        if self._hub.joined(client, channel_id) is None:
            client.send(confirmation)
        else:
            await self._hub.post(Leave(client, ChannelRoom(channel_id), confirmation))
            await self._hub.barrier()

    async def recheck(self, user_ids: Collection[UserId] | None) -> None:
        """Remove these users' connections (None: every user's) from channels that they may no
        longer see, with an event that gives the reason.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        self._checks += 1
        await self._hub.barrier()  # connections that were let in before have joined now
        await self._recheck(
            [
                (user_id, channel_id)
                for user_id in (self._hub.users() if user_ids is None else user_ids)
                for channel_id in self._hub.channels_of(user_id)
            ]
        )

    async def recheck_places(self, places: Collection[tuple[UserId, ChannelId]]) -> None:
        """The same for these users in these channels only.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        self._checks += 1
        await self._hub.barrier()
        joined = {user_id: self._hub.channels_of(user_id) for user_id, _ in places}
        await self._recheck(
            [
                (user_id, channel_id)
                for user_id, channel_id in places
                if channel_id in joined[user_id]
            ]
        )

    async def _recheck(self, places: Sequence[tuple[UserId, ChannelId]]) -> None:
        for at in range(0, len(places), MAX_PLACES):
            part = places[at : at + MAX_PLACES]
            verdicts = await self._store.may_join(part)
            for (user_id, channel_id), allowed in zip(part, verdicts, strict=True):
                if not allowed:
                    for client in self._hub.channels_of(user_id).get(channel_id, ()):
                        await self.expel(client, channel_id)

    async def deleted(self, channel_id: ChannelId) -> None:
        """Remove every connection from a deleted channel, with an event that gives this reason."""
        self._checks += 1
        await self._hub.barrier()
        farewell = LeftChannel(channel_id, CHANNEL_DELETED)
        for client in self._hub.clients_in(ChannelRoom(channel_id)):
            await self._hub.post(Leave(client, ChannelRoom(channel_id), farewell))

    async def expel(self, client: Client, channel_id: ChannelId) -> None:
        """Remove a connection from a channel that its user may no longer see."""
        channel = self._hub.joined(client, channel_id)
        if channel is not None:
            reason = NO_LONGER_MEMBER if channel.pair is None else CONVERSATION_CLOSED
            farewell = LeftChannel(channel_id, reason)
            await self._hub.post(Leave(client, ChannelRoom(channel_id), farewell))
