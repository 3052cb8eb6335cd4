"""Events about presence and typing."""

from datetime import datetime

from attrs import frozen

from protocol.events.traits import Ephemeral
from protocol.model import (
    ChannelId,
    User,
    UserId,
    WorkspaceId,
)


@frozen
class TypingChanged(Ephemeral):
    """`user_id` started or stopped typing, to every connection of `recipient_id`."""

    user_id: UserId
    username: str
    name: str
    recipient_id: UserId
    is_typing: bool
    at: datetime


@frozen
class ChannelTyping(Ephemeral):
    """A user started or stopped typing in a channel, to the clients that joined it and to its
    workspace.
    """

    channel_id: ChannelId
    workspace_id: WorkspaceId | None
    user: User
    is_typing: bool = True


@frozen
class PresenceChanged(Ephemeral):
    """A user came online or went offline, to the users allowed to see it."""

    user_id: UserId
    online: bool


@frozen
class WorkspacePresence(Ephemeral):
    """A member came online or went offline, to the workspace."""

    workspace_id: WorkspaceId
    user_id: UserId
    online: bool


@frozen
class ChannelPresence(Ephemeral):
    """A user joined or left a channel, to the other clients that joined it."""

    channel_id: ChannelId
    user_id: UserId
    username: str
    online: bool
