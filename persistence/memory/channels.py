"""Workspaces, channels and uploads in memory."""

from collections.abc import Collection, Mapping, Sequence

from attrs import define, evolve

from persistence.memory.tables import ChannelRow, Tables
from persistence.records import (
    Access,
    ChannelHead,
    MemberGone,
    NewChannel,
    NoSuchUser,
    Taken,
    Upload,
)
from protocol.model import (
    Channel,
    ChannelId,
    MessageId,
    UserId,
    Workspace,
    WorkspaceId,
)


@define
class MemoryWorkspaces:
    """Implements `persistence.interface.Workspaces`."""

    tables: Tables

    async def create(self, owner_id: UserId, name: str, description: str | None) -> Workspace:
        """See the interface."""
        workspace = Workspace(
            WorkspaceId(next(self.tables.ids)),
            name,
            description,
            owner_id,
            (owner_id,),
            self.tables.now(),
        )
        self.tables.workspaces[workspace.id] = workspace
        return workspace

    async def get(self, workspace_id: WorkspaceId) -> Workspace | None:
        """See the interface."""
        return self.tables.workspaces.get(workspace_id)

    async def of_user(self, user_id: UserId) -> Sequence[Workspace]:
        """See the interface."""
        return [each for each in self.tables.workspaces.values() if user_id in each.members]

    async def of_users(self, user_ids: Sequence[UserId]) -> Mapping[UserId, frozenset[WorkspaceId]]:
        """See the interface."""
        return {
            user_id: frozenset(each.id for each in await self.of_user(user_id))
            for user_id in user_ids
        }

    async def add_member(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """See the interface."""
        workspace = self.tables.workspaces.get(workspace_id)
        if workspace is None:
            return None
        if user_id not in self.tables.users:
            raise NoSuchUser(user_id)
        if user_id not in workspace.members:
            workspace = evolve(workspace, members=(*workspace.members, user_id))
            self.tables.workspaces[workspace_id] = workspace
        return workspace

    async def remove_member(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """See the interface."""
        workspace = self.tables.workspaces.get(workspace_id)
        if workspace is None:
            return None
        members = tuple(each for each in workspace.members if each != user_id)
        self.tables.workspaces[workspace_id] = evolve(workspace, members=members)
        if user_id in workspace.members:
            self.tables.changed(MemberGone(workspace_id, user_id))
        return self.tables.workspaces[workspace_id]


@define
class MemoryChannels:
    """Implements `persistence.interface.Channels`."""

    tables: Tables

    async def create(self, new: NewChannel) -> Channel | None:
        """See the interface."""
        if new.workspace_id not in self.tables.workspaces:
            return None
        wanted = _comparable(new.name)
        if any(
            _comparable(each.name) == wanted for each in await self.in_workspace(new.workspace_id)
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
        self.tables.channels[channel.id] = ChannelRow(channel)
        return channel

    async def access(self, user_id: UserId, channel_id: ChannelId) -> Access | None:
        """See the interface."""
        row = self.tables.channels.get(channel_id)
        if row is None:
            return None
        return Access(row.channel, self.tables.may_join(user_id, row.channel))

    async def heads(
        self, user_id: UserId, channel_ids: Collection[ChannelId] | None = None
    ) -> Sequence[ChannelHead]:
        """See the interface."""
        return [
            ChannelHead(row.channel, len(row.messages))
            for channel_id, row in sorted(self.tables.channels.items())
            if (channel_ids is None or channel_id in channel_ids)
            and self.tables.may_join(user_id, row.channel)
        ]

    async def may_join(self, pairs: Sequence[tuple[UserId, ChannelId]]) -> Sequence[bool]:
        """See the interface."""
        found = [await self.access(user_id, channel_id) for user_id, channel_id in pairs]
        return [access is not None and access.allowed for access in found]

    async def in_workspace(self, workspace_id: WorkspaceId) -> Sequence[Channel]:
        """See the interface."""
        rows = self.tables.channels.values()
        return [row.channel for row in rows if row.channel.workspace_id == workspace_id]

    async def search(self, user_id: UserId, text: str) -> Sequence[Channel]:
        """See the interface."""
        wanted = text.lower()
        return [
            row.channel
            for row in self.tables.channels.values()
            if row.channel.workspace_id is not None
            and self.tables.may_join(user_id, row.channel)
            and (
                row.channel.class_name == text
                or wanted in row.channel.name.lower()
                or wanted in (row.channel.subject or "").lower()
            )
        ]

    async def dm(self, one: UserId, other: UserId) -> Channel:
        """See the interface."""
        if one == other:
            raise ValueError("a dm has two people")
        for user_id in (one, other):
            if user_id not in self.tables.users:
                raise NoSuchUser(user_id)
        return self.tables.dm(one, other).channel

    async def dms(self, user_id: UserId) -> Sequence[Channel]:
        """See the interface."""
        return [row.channel for pair, row in self.tables.dms.items() if user_id in pair]

    async def pin(self, channel_id: ChannelId, message_id: MessageId) -> Channel | None:
        """See the interface."""
        return self._set_pin(channel_id, message_id, pinned=True)

    async def unpin(self, channel_id: ChannelId, message_id: MessageId) -> Channel | None:
        """See the interface."""
        return self._set_pin(channel_id, message_id, pinned=False)

    def _set_pin(
        self, channel_id: ChannelId, message_id: MessageId, *, pinned: bool
    ) -> Channel | None:
        row = self.tables.channels.get(channel_id)
        if row is None or message_id not in {message.id for message in row.shown()}:
            return None
        if pinned != (message_id in row.channel.pinned):
            others = tuple(each for each in row.channel.pinned if each != message_id)
            row.channel = evolve(row.channel, pinned=(*others, message_id) if pinned else others)
        return row.channel


@define
class MemoryUploads:
    """Implements `persistence.interface.Uploads`."""

    tables: Tables

    async def add(self, upload: Upload) -> None:
        """See the interface."""
        self.tables.uploads[upload.url] = upload

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """See the interface."""
        return self.tables.uploads[url] if self.tables.may_see_upload(user_id, url) else None


def _comparable(name: str) -> str:
    return name.strip(" ").lower()
