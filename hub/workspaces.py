"""Workspaces as connections see them: who is told of everything that happens in one.

Guarantees: a connection is told nothing before it has identified itself as its session's user; it
is told of the workspaces its user is a member of, of new ones at once, and of former ones no more.
Must not know: dialects, SQL, channels' rules.
"""

from hub.channels import Channels
from hub.client import Client
from hub.hub import Hub
from hub.letters import Delivery, Join, Leave, ToRooms, WorkspaceRoom
from persistence.interface import Channels as ChannelStore
from persistence.interface import Workspaces as WorkspaceStore
from persistence.records import NewChannel
from protocol.errors import CloseReason
from protocol.events import ChannelCreated, Event, MemberAdded, MemberRemoved, Ready
from protocol.model import Channel, User, UserId, Workspace, WorkspaceId

NOT_YOU = CloseReason(4001, "Unauthorized", reconnect=False)


class Workspaces:
    """Who is told of which workspace, and the changes that are told.

    Args:
        store: the workspaces.
        channel_store: their channels.
        channels: those who have joined them.
        hub: keeps the rooms.
    """

    def __init__(
        self, store: WorkspaceStore, channel_store: ChannelStore, channels: Channels, hub: Hub
    ) -> None:
        self._store = store
        self._channel_store = channel_store
        self._channels = channels
        self._hub = hub
        self._identified: dict[UserId, set[Client]] = {}

    async def identify(self, client: Client, user_id: UserId) -> None:
        """Tell a connection of its user's workspaces from now on; close it if it claims another.

        Raises:
            StoreUnavailable: they cannot be looked up now.
        """
        if client.user.id != user_id:
            client.close(NOT_YOU)
            return
        self._identified.setdefault(user_id, set()).add(client)
        workspaces = await self._store.of_user(user_id)
        rooms = [WorkspaceRoom(workspace.id) for workspace in workspaces]
        await self._hub.post(Join(client, rooms, Ready(client.user, workspaces)))

    def gone(self, client: Client) -> None:
        """The connection ended."""
        theirs = self._identified.get(client.user.id, set())
        theirs.discard(client)
        if not theirs:
            self._identified.pop(client.user.id, None)

    async def created(self, workspace: Workspace) -> None:
        """A workspace was made: its owner's connections are told of what happens there."""
        for client in tuple(self._identified.get(workspace.owner_id, ())):
            await self._hub.post(Join(client, (WorkspaceRoom(workspace.id),)))

    async def create_channel(self, new: NewChannel) -> Channel | None:
        """Make a channel and tell its workspace. None: there is no such workspace."""
        channel = await self._channel_store.create(new)
        if channel is not None:
            await self._tell(new.workspace_id, ChannelCreated(channel))
        return channel

    async def add_member(self, workspace_id: WorkspaceId, user: User) -> Workspace | None:
        """Add a member and tell the workspace. None: there is no such workspace."""
        before = await self._store.get(workspace_id)
        workspace = await self._store.add_member(workspace_id, user.id)
        if before is not None and workspace is not None and user.id not in before.members:
            for client in tuple(self._identified.get(user.id, ())):
                await self._hub.post(Join(client, (WorkspaceRoom(workspace_id),)))
            await self._tell(workspace_id, MemberAdded(workspace, user))
        return workspace

    async def remove_member(self, workspace_id: WorkspaceId, user: User) -> Workspace | None:
        """Remove a member, tell the workspace, and put the member's connections out of it."""
        before = await self._store.get(workspace_id)
        workspace = await self._store.remove_member(workspace_id, user.id)
        if before is not None and workspace is not None and user.id in before.members:
            await self._tell(workspace_id, MemberRemoved(workspace, user))
            for client in tuple(self._identified.get(user.id, ())):
                await self._hub.post(Leave(client, WorkspaceRoom(workspace_id)))
            for channel in await self._channel_store.in_workspace(workspace_id):
                await self._channels.expel(user, channel.id, "You are no longer a member")
        return workspace

    async def _tell(self, workspace_id: WorkspaceId, event: Event) -> None:
        await self._hub.broadcast((Delivery(event, ToRooms((WorkspaceRoom(workspace_id),))),))
