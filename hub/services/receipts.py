"""Watermarks: how far each user has read and been delivered each channel, and their receipts.

Guarantees: watermarks only move forward, as do their receipts, and only a move sends receipts: to
the authors of the messages, to the reader's other connections, and to those that have joined the
channel, but not to the connection that marked, which gets a confirmation for a private message. A
receipt is sent only to users who had the right to it in the statement that moved the watermark, and
never across a block; code that ends such a right waits for `settled`.
Must not know: sockets, dialects, SQL.
"""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import trio
from attrs import evolve

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, ToRooms, ToUsers
from hub.cluster.elsewhere import Announcer
from hub.services.company.lately import Lately
from hub.services.notes import Notes, noted
from persistence.interface import Messages
from persistence.records import Advance, Reading
from protocol.events import (
    ChannelMessagesRead,
    Event,
    MessagesSeen,
    PrivateMessagesDelivered,
    PrivateMessagesRead,
)
from protocol.model import ChannelId, DeliveryStatus, Message, MessageId, UserId

READ: Final = DeliveryStatus.READ
DELIVERED: Final = DeliveryStatus.DELIVERED
NEWEST_SECONDS: Final = 10.0  # that a receipt may take to arrive


class Receipts:
    """Moves watermarks.

    Args:
        messages: stores them.
        announcer: delivers receipts.
        notes: sends notes again where it is unknown whether reading has changed them.
    """

    def __init__(self, messages: Messages, announcer: Announcer, notes: Notes) -> None:
        self._messages = messages
        self._announcer = announcer
        self._hub: Hub = announcer.hub
        self._notes = notes
        self._running: dict[trio.Event, None] = {}
        # The newest watermark in each dm that was moved lately: statements may end in any order,
        # and the receipts of other nodes may arrive in any order.
        self._newest: Lately[tuple[UserId, UserId, DeliveryStatus], int] = Lately(NEWEST_SECONDS)

    async def settled(self) -> None:
        """Return when the receipts of every watermark that is being moved now were handed to the
        Hub. Waits for the store, as long as their statements do.
        """
        for done in tuple(self._running):
            await done.wait()

    async def read_conversation(self, reader: UserId, peer: UserId, *, up_to: int) -> None:
        """The reader has seen the conversation with the peer up to this seq.

        Raises:
            StoreUnavailable: it cannot be stored now.
        """
        await self._read(reader, self._messages.mark_read(reader, peer, up_to=up_to))

    async def read_up_to(
        self, reader: UserId, message_id: MessageId, besides: Client | None
    ) -> None:
        """The reader has seen a message, and so those before it in its channel. `besides`: the
        connection that marked it.

        Raises:
            StoreUnavailable: it cannot be stored now.
        """
        await self._read(reader, self._messages.mark_read_up_to(reader, message_id), besides)

    async def read_by_client(
        self, client: Client, message_id: MessageId, channel_id: ChannelId | None
    ) -> None:
        """A connection marks a message as read by its user.

        With a channel, the message must be in it and the connection must have joined it; without,
        it must be a private message of the user's. Otherwise nothing happens.

        Raises:
            StoreUnavailable: it cannot be stored now.
        """
        reader = client.user.id
        message = await self._messages.get(message_id, even_deleted=True)
        if message is None or not self._may_mark(client, message, channel_id):
            return
        await self._read(reader, self._messages.mark_read_up_to(reader, message_id), client)
        if channel_id is None:
            peer = message.author_id if message.author_id != reader else message.recipient_id
            if peer is not None:
                now = datetime.now(UTC)
                client.send(PrivateMessagesRead(reader, peer, message.seq, (message_id,), now))

    async def delivered_up_to(self, recipient: UserId, message_id: MessageId) -> None:
        """The recipient was shown a message, and so those before it in its channel.

        Raises:
            StoreUnavailable: it cannot be stored now.
        """
        statement = self._messages.mark_delivered_up_to(recipient, message_id)
        async with self._moved(recipient, DELIVERED, statement) as advance:
            if advance is None:
                return
            deliveries = _seen(advance, recipient, DELIVERED)
            if advance.peer_id in advance.audience:
                event = PrivateMessagesDelivered(recipient, advance.peer_id, advance.seq)
                deliveries.append(Delivery(event, ToUsers((advance.peer_id,))))
            await self._announcer.announce(deliveries)

    @asynccontextmanager
    async def _moved(
        self, user_id: UserId, status: DeliveryStatus, statement: Awaitable[Advance | None]
    ) -> AsyncGenerator[Advance | None]:
        """Run a statement and yield how it moved the watermark. The block hands the receipts to the
        Hub, and waits for nothing else. `seq` is at least that of a receipt that overtook this one.
        """
        done = trio.Event()
        self._running[done] = None
        try:
            advance = await statement
            if advance is not None and advance.peer_id is not None:
                newest = self._newest_of(user_id, advance.peer_id, status, advance.seq)
                advance = evolve(advance, seq=newest)
            yield advance
        finally:
            del self._running[done]
            done.set()

    def _newest_of(self, user_id: UserId, peer_id: UserId, status: DeliveryStatus, seq: int) -> int:
        """The watermark as events show it: it never moves back."""
        mark = (user_id, peer_id, status)
        newest = max(seq, self._newest.get(mark) or 0)
        self._newest.note(mark, newest)
        return newest

    def forward(self, event: Event) -> Event:
        """A receipt of another node as it is delivered here; other events are not changed."""
        match event:
            case PrivateMessagesRead(reader_id=user_id, author_id=peer_id, seq=seq):
                return evolve(event, seq=self._newest_of(user_id, peer_id, READ, seq))
            case PrivateMessagesDelivered(recipient_id=user_id, author_id=peer_id, seq=seq):
                return evolve(event, seq=self._newest_of(user_id, peer_id, DELIVERED, seq))
            case _:
                return event

    async def _read(
        self,
        reader: UserId,
        statement: Awaitable[Reading],
        besides: Client | None = None,
    ) -> None:
        reading = Reading()

        async def advanced() -> Advance | None:
            nonlocal reading
            reading = await self._notes.known(reader, statement)
            return reading.advance

        async with self._moved(reader, READ, advanced()) as advance:
            if reading.note is not None:
                await self._announcer.announce([noted(reader, reading.note)])
            if advance is None:
                return
            rooms = ToRooms(
                (ChannelRoom(advance.channel_id),),
                besides=besides,
                besides_users=advance.hidden_from,
            )
            ids = advance.message_ids
            deliveries = [Delivery(ChannelMessagesRead(advance.channel_id, reader, ids), rooms)]
            if advance.peer_id is not None:
                now = datetime.now(UTC)
                event = PrivateMessagesRead(reader, advance.peer_id, advance.seq, ids, now)
                people = (*(advance.audience & {advance.peer_id}), reader)
                deliveries.append(Delivery(event, ToUsers(people, besides=besides)))
            deliveries += _seen(advance, reader, READ)
            deliveries += _read_elsewhere(advance, reader, besides)
            await self._announcer.announce(deliveries)

    def _may_mark(self, client: Client, message: Message, channel_id: ChannelId | None) -> bool:
        if channel_id is not None:
            is_in = self._hub.joined(client, channel_id) is not None
            return is_in and message.channel_id == channel_id
        participants = (message.author_id, message.recipient_id)
        return message.recipient_id is not None and client.user.id in participants


def _seen(advance: Advance, user_id: UserId, status: DeliveryStatus) -> list[Delivery]:
    """The receipts to each author, for the author's own messages."""
    by_author: dict[UserId, list[MessageId]] = {}
    for message_id, author_id in zip(advance.message_ids, advance.author_ids, strict=True):
        if author_id in advance.audience:
            by_author.setdefault(author_id, []).append(message_id)
    return [
        Delivery(
            MessagesSeen(advance.channel_id, author_id, user_id, tuple(ids), status),
            ToUsers((author_id,)),
        )
        for author_id, ids in by_author.items()
    ]


def _read_elsewhere(advance: Advance, reader: UserId, besides: Client | None) -> list[Delivery]:
    """The deliveries that bring the new watermark to the reader's other connections where no other
    event does: `MessagesSeen`, and `ChannelMessagesRead` to those that have not joined the channel.
    """
    if not advance.message_ids:
        return []
    newest, room = advance.message_ids[-1:], ChannelRoom(advance.channel_id)
    seen = MessagesSeen(advance.channel_id, advance.author_ids[-1], reader, newest, READ)
    read = ChannelMessagesRead(advance.channel_id, reader, newest)
    return [
        Delivery(seen, ToUsers((reader,), besides)),
        Delivery(read, ToUsers((reader,), besides, outside=room)),
    ]
