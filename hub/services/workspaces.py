"""Workspaces as connections see them: following every event of a user's workspaces.

Guarantees: a connection gets no live event before it has identified itself as its session's user;
it gets those of the workspaces its user is a member of, of new ones at once, and of former ones no
more.
Must not know: dialects, SQL, channels' rules.
"""

from collections.abc import Collection

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Delivery, Join, Leave, ToRooms, WorkspaceRoom
from persistence.interface import Accounts
from persistence.interface import Channels as ChannelStore
from persistence.interface import Workspaces as WorkspaceStore
from persistence.records import NewChannel
from protocol.errors import CloseReason
from protocol.events import ChannelCreated, Event, MemberAdded, MemberRemoved, Ready
from protocol.model import Channel, User, UserId, Workspace, WorkspaceId

NOT_YOU = CloseReason(4001, "Unauthorized", reconnect=False)


class Workspaces:
    """The connections that follow workspaces, and changes of workspaces.

    Args:
        store: the workspaces.
        channel_store: their channels.
        accounts: the users that are members.
        hub: keeps the rooms.
    """

    def __init__(
        self, store: WorkspaceStore, channel_store: ChannelStore, accounts: Accounts, hub: Hub
    ) -> None:
        self._store = store
        self._channel_store = channel_store
        self._accounts = accounts
        self._hub = hub
        self._identified: dict[UserId, dict[Client, None]] = {}
        self._followed: dict[UserId, set[WorkspaceId]] = {}
        self._checks = 0

    async def identify(self, client: Client, user_id: UserId) -> None:
        """Let a connection follow its user's workspaces; close it if it claims to be another user.

        Raises:
            StoreUnavailable: they cannot be looked up now.
        """
        if client.user.id != user_id:
            client.close(NOT_YOU)
            return
        self._identified.setdefault(user_id, {})[client] = None
        checks = None
        while checks != self._checks:  # until no change was acted on in between
            checks = self._checks
            workspaces = await self._store.of_user(user_id)
        rooms = [WorkspaceRoom(workspace.id) for workspace in workspaces]
        self._followed.setdefault(user_id, set()).update(workspace.id for workspace in workspaces)
        await self._hub.post(Join(client, rooms, Ready(client.user, workspaces)))

    def gone(self, client: Client) -> None:
        """The connection ended."""
        theirs = self._identified.get(client.user.id, {})
        theirs.pop(client, None)
        if not theirs:
            self._identified.pop(client.user.id, None)
            self._followed.pop(client.user.id, None)

    async def created(self, workspace: Workspace) -> None:
        """A workspace was made: its owner's connections follow it."""
        await self._join(workspace.owner_id, workspace.id)

    async def create_channel(self, new: NewChannel) -> Channel | None:
        """Make a channel and announce it in its workspace. None: there is no such workspace."""
        channel = await self._channel_store.create(new)
        if channel is not None:
            await self._tell(new.workspace_id, ChannelCreated(channel))
        return channel

    async def add_member(self, workspace_id: WorkspaceId, user: User) -> Workspace | None:
        """Add a member and announce that in the workspace. None: there is no such workspace."""
        before = await self._store.get(workspace_id)
        workspace = await self._store.add_member(workspace_id, user.id)
        if before is not None and workspace is not None and user.id not in before.members:
            await self._join(user.id, workspace_id)
            await self._tell(workspace_id, MemberAdded(workspace, user))
        return workspace

    async def member_gone(self, workspace_id: WorkspaceId, user_id: UserId) -> None:
        """A user is no longer a member: announce that in the workspace, and remove their
        connections.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        workspace = await self._store.get(workspace_id)
        user = await self._accounts.get(user_id)
        if workspace is not None and user is not None and user_id not in workspace.members:
            await self._tell(workspace_id, MemberRemoved(workspace, user))
        await self.recheck((user_id,))

    async def recheck(self, user_ids: Collection[UserId] | None) -> None:
        """Remove these users' connections (None: every user's) from workspaces that they are no
        longer members of.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        self._checks += 1
        users = [
            user_id
            for user_id in (self._followed if user_ids is None else user_ids)
            if user_id in self._followed
        ]
        if not users:
            return
        memberships = await self._store.of_users(users)
        for user_id in users:
            followed = self._followed.get(user_id, set())
            for workspace_id in followed - memberships[user_id]:
                followed.discard(workspace_id)
                for client in tuple(self._identified.get(user_id, ())):
                    await self._hub.post(Leave(client, WorkspaceRoom(workspace_id)))

    async def _join(self, user_id: UserId, workspace_id: WorkspaceId) -> None:
        clients = tuple(self._identified.get(user_id, ()))
        if clients:
            self._followed.setdefault(user_id, set()).add(workspace_id)
        for client in clients:
            await self._hub.post(Join(client, (WorkspaceRoom(workspace_id),)))

    async def _tell(self, workspace_id: WorkspaceId, event: Event) -> None:
        await self._hub.broadcast((Delivery(event, ToRooms((WorkspaceRoom(workspace_id),))),))
