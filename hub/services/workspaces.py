"""Workspaces: connections follow every event of their user's workspaces.

Guarantees: a connection gets no event of a workspace before it has identified itself as its
session's user; it gets the events of the workspaces its user is a member of, of a new one at once,
and of a former one no more. Each node announces a new member to its own connections, after it has
let those of the member into the workspace. Every connection of a user is sent the channels that are
new to the user.
Must not know: dialects, SQL, channels' rules.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias, TypeVar

import structlog
import trio

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Delivery, Join, Leave, ToRooms, ToUsers, WorkspaceRoom
from hub.cluster.elsewhere import Announcer
from hub.services.presence.arrivals import Arrivals
from persistence.interface import Accounts
from persistence.interface import Channels as ChannelStore
from persistence.interface import Workspaces as WorkspaceStore
from persistence.records import Denial, NewChannel, StoreUnavailable
from protocol.errors import CloseReason
from protocol.events import (
    ChannelCreated,
    ChannelDeleted,
    ChannelsAdded,
    Event,
    MemberAdded,
    MemberRemoved,
    Ready,
    WorkspaceDeleted,
)
from protocol.model import Channel, ChannelId, User, UserId, Workspace, WorkspaceId

log = structlog.get_logger(__name__)

T = TypeVar("T")
Addition: TypeAlias = tuple[WorkspaceId, UserId]

MAX_UNANNOUNCED: Final = 1_000
MAX_DEPARTED: Final = 10_000  # connected users that left workspaces
MAX_ADDED: Final = 100  # channels in one event
NOT_YOU = CloseReason(4001, "Unauthorized", reconnect=False)


class Workspaces:
    """The connections that follow workspaces, and changes of workspaces.

    Args:
        store: the workspaces.
        channel_store: their channels.
        accounts: the users that are members.
        announcer: delivers by the Hub, which keeps the rooms, and at the other nodes.
        arrivals: sends the presence of others to a connection that follows a workspace.
        epoch: returns the epoch of the log.
    """

    def __init__(
        self,
        store: WorkspaceStore,
        channel_store: ChannelStore,
        accounts: Accounts,
        announcer: Announcer,
        arrivals: Arrivals,
        epoch: Callable[[], str],
    ) -> None:
        self._store = store
        self._channel_store = channel_store
        self._accounts = accounts
        self._announcer = announcer
        self._hub: Hub = announcer.hub
        self._arrivals = arrivals
        self._epoch = epoch
        self._identified: dict[UserId, dict[Client, None]] = {}
        self._followed: dict[UserId, set[WorkspaceId]] = {}
        self._departed: dict[WorkspaceId, dict[UserId, None]] = {}
        self._changes = 0  # of memberships that were acted on
        # Additions that were begun, so that one whose outcome was lost is announced when repeated.
        self._unannounced: dict[Addition, None] = {}
        # Additions that `join` has announced, and that the store has not notified of yet.
        self._announced: dict[Addition, None] = {}
        self._joining: dict[trio.Event, tuple[WorkspaceId, UserId]] = {}

    async def identify(self, client: Client, user_id: UserId) -> None:
        """Let a connection follow its user's workspaces; close it if it claims to be another user.

        Raises:
            StoreUnavailable: they cannot be looked up now.
        """
        if client.user.id != user_id:
            client.close(NOT_YOU)
            return
        lookup = self._arrivals.begin()
        workspaces = await self._current(lambda: self._store.of_user(user_id))
        rooms = [WorkspaceRoom(workspace.id) for workspace in workspaces]
        # Only after the lookup: before it, the workspaces that the connection follows are unknown.
        self._identified.setdefault(user_id, {})[client] = None
        self._followed.setdefault(user_id, set()).update(workspace.id for workspace in workspaces)
        await self._hub.post(Join(client, rooms, Ready(client.user, workspaces, self._epoch())))
        await self._arrivals.identified(client, workspaces, lookup)

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

    async def create_channel(self, new: NewChannel, *, by: UserId) -> Channel | Denial:
        """Make a channel and announce it in its workspace. Raises Taken and StoreUnavailable."""
        channel = await self._channel_store.create(new, by=by)
        if isinstance(channel, Channel):
            members = await self._members(new.workspace_id)
            await self._announcer.announce(
                (
                    Delivery(ChannelCreated(channel), ToRooms((WorkspaceRoom(new.workspace_id),))),
                    Delivery(ChannelsAdded([(channel, 0, 0)]), ToUsers(members)),
                )
            )
        return channel

    async def join(
        self,
        workspace_id: WorkspaceId,
        user: User,
        add: Callable[[], Awaitable[Workspace | Denial]],
    ) -> Workspace | Denial:
        """Make a user a member, by calling `add`, and announce the member in the workspace.

        Raises:
            StoreUnavailable: whether it was done is unknown; repeating is safe.
        """
        done = trio.Event()
        self._joining[done] = (workspace_id, user.id)
        try:
            return await self._add(workspace_id, user, add)
        finally:
            del self._joining[done]
            done.set()

    async def came(self, workspace_id: WorkspaceId, user_id: UserId) -> Workspace | None:
        """A user has become a member, by any node or by SQL: their connections here follow the
        workspace from now on. Where there may be other nodes, the member is announced in it, unless
        `join` has done so or the member is its owner. Returns the workspace if the user is a member
        still.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        await self._joined(workspace_id, user_id)
        addition = (workspace_id, user_id)
        user = await self._accounts.get(user_id)
        channels = await self._channels_for(user_id, workspace_id)
        workspace = await self._current(lambda: self._store.get(workspace_id))
        if workspace is None or user is None or user_id not in workspace.members:
            return None
        if addition in self._announced:
            del self._announced[addition]
            return workspace
        await self._join(user_id, workspace_id)
        if self._announcer.elsewhere.exists and user_id != workspace.owner_id:
            self._unannounced.pop(addition, None)
            await self._announce(workspace, user, channels)
        return workspace

    async def _joined(self, workspace_id: WorkspaceId, user_id: UserId) -> None:
        """Return when every `join` of the user that has begun was announced, or has failed. Waits
        for the store, as long as their statements do.
        """
        for done, addition in tuple(self._joining.items()):
            if addition == (workspace_id, user_id):
                await done.wait()

    async def _add(
        self,
        workspace_id: WorkspaceId,
        user: User,
        add: Callable[[], Awaitable[Workspace | Denial]],
    ) -> Workspace | Denial:
        addition = (workspace_id, user.id)
        before = await self._store.get(workspace_id)
        if before is not None and user.id not in before.members:
            _note(self._unannounced, addition)
        added = await add()
        if isinstance(added, Denial):
            return added
        channels = await self._channels_for(user.id, workspace_id)
        workspace = await self._current(lambda: self._store.get(workspace_id))
        if workspace is not None and user.id in workspace.members:
            is_news = addition in self._unannounced or not self._is_announced(user.id, workspace_id)
            await self._join(user.id, workspace_id)
            if is_news:
                _note(self._announced, addition)
                await self._announce(workspace, user, channels)
        self._unannounced.pop(addition, None)
        return added

    async def _announce(
        self, workspace: Workspace, user: User, channels: Sequence[Delivery]
    ) -> None:
        """Announce a new member to the connections here; each node does so for its own."""
        to_workspace = ToRooms((WorkspaceRoom(workspace.id),))
        await self._hub.broadcast((Delivery(MemberAdded(workspace, user), to_workspace), *channels))

    async def member_gone(self, workspace_id: WorkspaceId, user_id: UserId) -> Sequence[UserId]:
        """A user is no longer a member: remove their connections from the workspace, with this as
        their last event of it, and announce it to the other members. Returns the users who are
        members, or were members and are remembered.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        self._changes += 1
        self._announced.pop((workspace_id, user_id), None)
        user = await self._accounts.get(user_id)
        workspace = await self._current(lambda: self._store.get(workspace_id))
        if workspace is not None and user_id in workspace.members:
            return ()  # a member again
        self._arrivals.belongs(user_id, workspace_id, is_member=False)
        farewell = (
            WorkspaceDeleted(workspace_id)
            if workspace is None
            else MemberRemoved(workspace, user_id, user)
        )
        followed = self._followed.get(user_id, set())
        followed.discard(workspace_id)
        for client in tuple(self._identified.get(user_id, ())):
            await self._hub.post(Leave(client, WorkspaceRoom(workspace_id), farewell))
        if workspace is not None:
            await self._send(workspace_id, farewell)
        members = () if workspace is None else workspace.members
        return (*members, *self._departs(workspace_id, user_id))

    def _departs(self, workspace_id: WorkspaceId, user_id: UserId) -> Sequence[UserId]:
        """Remember a connected user who has left the workspace; returns all that are remembered to
        have left it. The members of a deleted workspace leave one after the other.
        """
        departed = self._departed.setdefault(workspace_id, {})
        if self._hub.is_connected(user_id):
            departed[user_id] = None
        while sum(map(len, self._departed.values())) > MAX_DEPARTED:
            del self._departed[next(iter(self._departed))]
        return tuple(departed)

    async def channel_deleted(self, channel_id: ChannelId, workspace_id: WorkspaceId) -> None:
        """A channel was deleted: announce that in its workspace."""
        await self._send(workspace_id, ChannelDeleted(channel_id, workspace_id))

    async def recheck(self) -> None:
        """Have every connection follow exactly the workspaces that its user is a member of.

        Raises:
            StoreUnavailable: it cannot be checked now.
        """
        self._changes += 1
        users = list(self._followed)
        memberships = await self._store.of_users(users) if users else {}
        for user_id in users:
            for workspace_id in self._followed.get(user_id, set()) - memberships[user_id]:
                await self.member_gone(workspace_id, user_id)
            for workspace_id in memberships[user_id] - self._followed.get(user_id, set()):
                await self.came(workspace_id, user_id)

    async def _members(self, workspace_id: WorkspaceId) -> Sequence[UserId]:
        """The members, to send them a new channel of the workspace; none when they cannot be looked
        up now, or when no connection has a dialect that sends such events.
        """
        if not (self._announcer.elsewhere.exists or self._hub.encodes(ChannelsAdded)):
            return ()
        try:
            workspace = await self._current(lambda: self._store.get(workspace_id))
        except StoreUnavailable as error:
            log.warning("channel_not_announced", reason=str(error))
            return ()
        return () if workspace is None else workspace.members

    async def _channels_for(self, user_id: UserId, workspace_id: WorkspaceId) -> Sequence[Delivery]:
        """The deliveries that send the channels of the workspace to a new member.

        Raises:
            StoreUnavailable: they cannot be looked up now.
        """
        if not self._hub.encodes(ChannelsAdded):
            return ()
        listed = await self._channel_store.in_workspace(workspace_id)
        heads = await self._channel_store.heads(user_id, [channel.id for channel in listed])
        found = [(head.channel, head.last_seq, head.last_rev) for head in heads]
        parts = [found[at : at + MAX_ADDED] for at in range(0, len(found), MAX_ADDED)]
        return [Delivery(ChannelsAdded(part), ToUsers((user_id,))) for part in parts]

    async def _current(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The result of a lookup during which no change was acted on: `ask` is called again until
        there was none. A caller that uses it without awaiting in between undoes no later change.

        Raises:
            StoreUnavailable: the store cannot be read now.
        """
        while True:
            changes = self._changes
            found = await ask()
            if changes == self._changes:
                return found

    async def _join(self, user_id: UserId, workspace_id: WorkspaceId) -> None:
        self._changes += 1
        self._arrivals.belongs(user_id, workspace_id, is_member=True)
        clients = tuple(self._identified.get(user_id, ()))
        if clients:
            self._followed.setdefault(user_id, set()).add(workspace_id)
        for client in clients:
            await self._hub.post(Join(client, (WorkspaceRoom(workspace_id),)))

    def _is_announced(self, user_id: UserId, workspace_id: WorkspaceId) -> bool:
        """Whether the user's connections here follow the workspace already, or there are none. They
        do not if another node added the user, and the lookup here failed.
        """
        return user_id not in self._identified or workspace_id in self._followed.get(user_id, ())

    async def _send(self, workspace_id: WorkspaceId, event: Event) -> None:
        await self._hub.broadcast((Delivery(event, ToRooms((WorkspaceRoom(workspace_id),))),))


def _note(additions: dict[Addition, None], addition: Addition) -> None:
    additions[addition] = None
    if len(additions) > MAX_UNANNOUNCED:
        del additions[next(iter(additions))]
