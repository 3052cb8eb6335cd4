"""The Hub: one actor that knows who is connected and tells them what happened.

Guarantees: it alone touches its maps, so there are no locks; its loop awaits nothing but its inbox,
so no slow query or socket delays anybody; an event is encoded once per dialect; what one turn
produced for a connection goes out in one write. When it stops, its inbox closes, so nobody waits
for a dead Hub. Must not know: SQL, JSON, permissions.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, assert_never

import trio

from hub.client import Client
from hub.letters import (
    Broadcast,
    CloseAll,
    Delivery,
    EndSessions,
    Join,
    Leave,
    Letter,
    Register,
    ToChannel,
    ToEveryone,
    ToUsers,
    Unregister,
)
from hub.wire import Wire
from protocol.errors import SESSION_ENDED, CloseReason
from protocol.model import ChannelId, SessionId, UserId

INBOX_LETTERS = (
    1_024  # senders wait when this many are unread: a commit's worth each, not a frame's
)
ENDED_SESSIONS = 10_000  # remembered, so that a connection that was being opened is caught too
LETTERS_PER_TURN = 64  # then flush, so that a flood of letters does not delay what was decided


class PresenceListener(Protocol):
    """Hears of a user's first connection, and of the end of the last one. Must not wait."""

    def __call__(self, user_id: UserId, *, connected: bool) -> None:
        """Called from the Hub's loop."""


class Hub:
    """The actor and its address.

    Args:
        on_presence: hears who came and who is gone.
    """

    def __init__(self, on_presence: PresenceListener) -> None:
        self._on_presence = on_presence
        self._address, self._inbox = trio.open_memory_channel[Letter](INBOX_LETTERS)
        self._clients: set[Client] = set()
        self._by_user: dict[UserId, set[Client]] = {}
        self._by_channel: dict[ChannelId, set[Client]] = {}
        self._joined: dict[Client, set[ChannelId]] = {}
        self._touched: set[Client] = set()
        self._ended: dict[SessionId, CloseReason] = {}
        self._closing: CloseReason | None = None

    async def post(self, letter: Letter) -> None:
        """Leave a letter. Waits only while the inbox is full.

        Raises:
            trio.BrokenResourceError: the Hub has stopped.
        """
        await self._address.send(letter)

    async def broadcast(self, deliveries: Sequence[Delivery]) -> None:
        """Have these events delivered in order."""
        if deliveries:
            await self._address.send(Broadcast(deliveries))

    async def end_sessions(self, session_ids: Iterable[SessionId]) -> None:
        """Close the live connections of ended sessions with 4001."""
        await self._address.send(EndSessions(frozenset(session_ids), SESSION_ENDED))

    def is_connected(self, user_id: UserId) -> bool:
        """Whether the user has a connection now."""
        return user_id in self._by_user

    async def run(self) -> None:
        """Read letters until cancelled."""
        with self._inbox:
            async for letter in self._inbox:
                self._take(letter)
                for _ in range(LETTERS_PER_TURN):
                    try:
                        self._take(self._inbox.receive_nowait())
                    except trio.WouldBlock:
                        break
                self._flush()

    def _flush(self) -> None:
        for client in self._touched:
            client.flush()
        self._touched.clear()

    def _take(self, letter: Letter) -> None:  # noqa: C901  one branch per letter
        match letter:
            case Broadcast(deliveries=deliveries):
                for delivery in deliveries:
                    self._deliver(delivery)
            case Register():
                self._register(letter)
            case Unregister(client=client):
                self._unregister(client)
            case Join(client=client, channel_id=channel_id):
                if client in self._clients:
                    self._by_channel.setdefault(channel_id, set()).add(client)
                    self._joined.setdefault(client, set()).add(channel_id)
            case Leave(client=client, channel_id=channel_id):
                self._leave(client, channel_id)
            case EndSessions():
                self._end_sessions(letter)
            case CloseAll(reason=reason):
                self._closing = reason
                for client in self._clients:
                    client.close(reason)
            case _:
                assert_never(letter)

    def _register(self, letter: Register) -> None:
        client = letter.client
        refusal = self._closing or self._ended.get(client.session_id)
        if refusal is not None:
            client.close(refusal)
            return
        self._clients.add(client)
        theirs = self._by_user.setdefault(client.user.id, set())
        theirs.add(client)
        client.tell(letter.greeting)
        if len(theirs) == 1:
            self._on_presence(client.user.id, connected=True)

    def _end_sessions(self, letter: EndSessions) -> None:
        for client in self._clients:
            if client.session_id in letter.session_ids:
                client.close(letter.reason)
        for session_id in letter.session_ids:
            self._ended[session_id] = letter.reason
        while len(self._ended) > ENDED_SESSIONS:
            del self._ended[next(iter(self._ended))]

    def _unregister(self, client: Client) -> None:
        if client not in self._clients:
            return
        self._clients.remove(client)
        for channel_id in tuple(self._joined.get(client, ())):
            self._leave(client, channel_id)
        user_id = client.user.id
        theirs = self._by_user[user_id]
        theirs.remove(client)
        if not theirs:
            del self._by_user[user_id]
            self._on_presence(user_id, connected=False)

    def _leave(self, client: Client, channel_id: ChannelId) -> None:
        joined = self._joined.get(client)
        if joined is None or channel_id not in joined:
            return
        joined.remove(channel_id)
        if not joined:
            del self._joined[client]
        members = self._by_channel[channel_id]
        members.remove(client)
        if not members:
            del self._by_channel[channel_id]

    def _deliver(self, delivery: Delivery) -> None:
        event = delivery.event
        ephemeral = event.ephemeral
        encoded: dict[Wire, bytes] = {}
        touched = self._touched
        for client in self._audience(delivery):
            wire = client.wire
            data = encoded.get(wire)
            if data is None:
                data = encoded[wire] = wire.encode(event)
            if data:
                client.offer(data, ephemeral=ephemeral)
                touched.add(client)

    def _audience(self, delivery: Delivery) -> Iterable[Client]:
        match delivery.to:
            case ToUsers(user_ids=user_ids):
                by_user = self._by_user
                return [client for user in user_ids for client in by_user.get(user, ())]
            case ToChannel(channel_id=channel_id, besides=besides):
                members = self._by_channel.get(channel_id, set())
                return [client for client in members if client is not besides]
            case ToEveryone(besides=besides_user):
                return [client for client in self._clients if client.user.id != besides_user]
            case _:
                assert_never(delivery.to)
