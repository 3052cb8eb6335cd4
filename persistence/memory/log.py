"""The log as a whole, in memory: it never goes back by itself."""

import secrets
from collections.abc import Awaitable
from datetime import timedelta

import trio
from attrs import define, field

from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.tables import Tables
from persistence.records import Expired, Written
from protocol.model import ChannelId, Message, MessageFate, MessageId, UserId


@define
class MemoryLog:
    """Implements `persistence.interface.Log`."""

    tables: Tables
    _epoch: str = field(factory=lambda: secrets.token_hex(8))
    _begun: trio.Event = field(factory=trio.Event)

    async def epoch(self) -> str:
        """See the interface."""
        return self._epoch

    async def new_epoch(self, seen: str) -> str:
        """See the interface."""
        if seen == self._epoch:
            self._epoch = secrets.token_hex(8)
            self._begun.set()
            self._begun = trio.Event()
        return self._epoch

    def changed(self, epoch: str) -> Awaitable[None]:
        """See the interface."""
        return self._changed(epoch)

    async def _changed(self, epoch: str) -> None:
        while self._epoch == epoch:
            await self._begun.wait()

    async def written(self, author_id: UserId, *, above: MessageId, limit: int) -> Written:
        """See the interface."""
        part = sorted(each for each in self.tables.messages if each > above)[:limit]
        found = [
            row.seen(message, self.tables.hidden_from(author_id))
            for message_id in part
            if message_id not in (row := self.tables.messages[message_id]).deleted
            and (message := row.find(message_id)).author_id == author_id
        ]
        return Written(found, part[-1] if part else None)

    async def sweep(
        self, user_id: UserId, fate: MessageFate, *, above: MessageId, limit: int
    ) -> MessageId | None:
        """See the interface."""
        part = sorted(each for each in self.tables.messages if each > above)[:limit]
        for message_id in part:
            row = self.tables.messages[message_id]
            self.tables.end_message(row, row.find(message_id), user_id, fate)
        return part[-1] if part else None

    async def expire(self, days: int, *, above: ChannelId, channels: int, limit: int) -> Expired:
        """See the interface."""
        places = sorted(each for each in self.tables.channels if each > above)[:channels]
        removed = 0
        for channel_id in places:
            row = self.tables.channels[channel_id]
            old = self._old(row, days)[: limit - removed]
            for message in old:
                row.clear(message)
                row.release_replies(message.id)
                self.tables.loosen(message.file_url)
                del self.tables.messages[message.id]
                self.tables.keys.pop((channel_id, message.author_id, message.key or ""), None)
            removed += len(old)
            if removed >= limit:
                return Expired(removed, ChannelId(channel_id - 1))
        return Expired(removed, places[-1] if places else None)

    def _old(self, row: ChannelRow, days: int) -> list[Message]:
        """The messages that are older than the retention."""
        workspace_id = row.channel.workspace_id
        own = 0 if workspace_id is None else self.tables.retention.get(workspace_id, 0)
        if not (own or days):
            return []
        until = self.tables.clock() - timedelta(days=own or days)
        there = (each for each in row.messages if each.id in self.tables.messages)
        return [each for each in there if each.created_at < until]
