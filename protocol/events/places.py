"""Events about channels, workspaces and conversations, and about their members."""

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from protocol.events.traits import Reliable
from protocol.model import (
    Channel,
    ChannelId,
    User,
    UserId,
    Workspace,
    WorkspaceId,
)


@frozen
class JoinedChannel(Reliable):
    """The connection joined the channel: from now on it receives the channel's events."""

    channel_id: ChannelId


@frozen
class LeftChannel(Reliable):
    """The connection left the channel; `reason` is set when the client did not ask for it."""

    channel_id: ChannelId
    reason: str | None = None


@frozen
class ConversationRevoked(Reliable):
    """`user_id` may no longer see the conversation with `peer_id`, to `user_id`."""

    user_id: UserId
    peer_id: UserId
    channel_id: ChannelId
    at: datetime


@frozen
class RequestChanged(Reliable):
    """`user_id` has accepted or declined the message request of `peer_id`, to `user_id`.
    `is_waiting`: whether a request still waits for a decision.
    """

    user_id: UserId
    peer_id: UserId
    is_waiting: bool


@frozen
class InvitationsChanged(Reliable):
    """`user_id` was invited to a workspace, or an invitation is gone, to `user_id`.

    `count`: how many invitations wait for a decision.
    """

    user_id: UserId
    count: int


@frozen
class ConversationSubscribed(Reliable):
    """A subscription is acknowledged; which messages a client receives does not depend on it."""

    conversation: str
    subscribed: bool
    at: datetime


@frozen
class ChannelCreated(Reliable):
    """A new channel, to its workspace."""

    channel: Channel


@frozen
class ChannelsAdded(Reliable):
    """A user may see more channels, to every connection of theirs: the channels are new in a
    workspace of the user, or the user is new there. `channels`: each with its last seq and last
    rev.
    """

    channels: Sequence[tuple[Channel, int, int]]


@frozen
class MemberAdded(Reliable):
    """A user joined the workspace, to its members, the new one included."""

    workspace: Workspace
    user: User


@frozen
class MemberRemoved(Reliable):
    """A user left the workspace or was removed, to its members and to that user. `user`: None when
    the account was deleted.
    """

    workspace: Workspace
    user_id: UserId
    user: User | None


@frozen
class ChannelDeleted(Reliable):
    """A channel was deleted, to its workspace. Connections that had joined it get `LeftChannel`."""

    channel_id: ChannelId
    workspace_id: WorkspaceId


@frozen
class WorkspaceDeleted(Reliable):
    """A workspace was deleted, to the connections that followed it, as their last event of it."""

    workspace_id: WorkspaceId
