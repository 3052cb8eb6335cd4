"""Channels in memory."""

from collections.abc import Collection, Mapping, Sequence

from attrs import define

from persistence.memory.contents.channel_row import ChannelRow
from persistence.memory.tables import Tables
from persistence.policy import Action
from persistence.records import (
    Access,
    ChannelHead,
    Denial,
    NewChannel,
    NoSuchUser,
    Taken,
    Watermarks,
    channel_key,
)
from protocol.model import (
    Channel,
    ChannelId,
    UserId,
    WorkspaceId,
    name_key,
    spellings,
)


@define
class MemoryChannels:
    """Implements `persistence.interface.Channels`."""

    tables: Tables

    async def create(self, new: NewChannel, *, by: UserId) -> Channel | Denial:
        """See the interface."""
        denial = self.tables.denial_in_workspace(by, Action.CREATE_CHANNEL, new.workspace_id)
        if denial is not None:
            return denial
        wanted = channel_key(new.name)
        if any(
            channel_key(each.name) == wanted for each in await self.in_workspace(new.workspace_id)
        ):
            raise Taken("name")
        channel = Channel(
            ChannelId(next(self.tables.ids)),
            new.kind,
            new.name,
            self.tables.now(),
            workspace_id=new.workspace_id,
            class_name=new.class_name,
            subject=new.subject,
        )
        self.tables.channels[channel.id] = ChannelRow(channel, username=self.tables.username)
        return channel

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """See the interface."""
        row = self.tables.channels.get(channel_id)
        if row is None:
            return None
        return Access(row.channel, self.tables.may_join(user_id, row.channel))

    async def heads(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        return [
            ChannelHead(row.channel, len(row.messages), row.last_rev)
            for channel_id, row in sorted(self.tables.channels.items())
            if channel_id in channel_ids and self.tables.may_join(user_id, row.channel)
        ]

    async def watermarks(
        self, user_id: UserId, channel_ids: Collection[ChannelId]
    ) -> Mapping[ChannelId, Watermarks]:
        """See the interface."""
        rows = [self.tables.channels[each] for each in channel_ids if each in self.tables.channels]
        return {
            row.channel.id: Watermarks(row.delivered.get(user_id, 0), row.read.get(user_id, 0))
            for row in rows
            if user_id in row.delivered or user_id in row.read
        }

    async def may_join(self, pairs: Sequence[tuple[UserId, ChannelId]]) -> Sequence[bool]:
        """See the interface."""
        found = [await self.access(user_id, channel_id) for user_id, channel_id in pairs]
        return [access is not None and access.allowed for access in found]

    async def hidden_from(
        self, pairs: Sequence[tuple[UserId, ChannelId]]
    ) -> Sequence[frozenset[UserId] | None]:
        """See the interface."""
        return [
            self.tables.hidden_from(user_id) if self._may_write(user_id, channel_id) else None
            for user_id, channel_id in pairs
        ]

    def _may_write(self, user_id: UserId, channel_id: ChannelId) -> bool:
        row = self.tables.channels.get(channel_id)
        return row is not None and not self.tables.denial_in_channel(
            user_id, Action.WRITE, row.channel
        )

    async def in_workspace(self, workspace_id: WorkspaceId) -> Sequence[Channel]:
        """See the interface."""
        rows = self.tables.channels.values()
        return [row.channel for row in rows if row.channel.workspace_id == workspace_id]

    async def search(self, user_id: UserId, text: str) -> Sequence[Channel]:
        """See the interface."""
        wanted = name_key(text)
        return [
            row.channel
            for row in self.tables.channels.values()
            if row.channel.workspace_id is not None
            and self.tables.may_join(user_id, row.channel)
            and (
                row.channel.class_name in spellings(text)
                or wanted in channel_key(row.channel.name)
                or wanted in name_key(row.channel.subject or "")
            )
        ]

    async def dm(self, one: UserId, other: UserId) -> Channel:
        """See the interface."""
        if one == other:
            raise ValueError("a dm has two people")
        for user_id in (one, other):
            if user_id not in self.tables.users:
                raise NoSuchUser(user_id)
        row = self.tables.dm(one, other)
        row.opened_by.add(one)
        return row.channel
