"""What happens to messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from protocol.events.traits import Reliable
from protocol.model import (
    Message,
    Position,
    RevisionPosition,
    Thread,
    User,
    UserId,
    WorkspaceId,
)
from protocol.revisions import Revision


@frozen
class PrivateMessagePosted:
    """A committed message of a dm channel, to every connection of both participants."""

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User
    recipient_id: UserId

    @property
    def position(self) -> Position:
        """Where the message stands in its channel."""
        return self.message.position


@frozen
class ChannelMessagePosted:
    """A committed message of any channel, to the clients that joined it and to its workspace."""

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User
    workspace_id: WorkspaceId | None

    @property
    def position(self) -> Position:
        """Where the message stands in its channel."""
        return self.message.position


@frozen
class ConversationBegun:
    """The first message of a dm, to the connections of its two people that have not joined it,
    since they could not know of the dm.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    author: User

    @property
    def position(self) -> Position:
        """Where the message stands in its channel."""
        return self.message.position


@frozen
class ThreadReplied:
    """A reply was stored in a thread, to its followers. `thread`: the thread with the reply.

    The event moves no position, since the followers need not receive the channel.
    """

    ephemeral: ClassVar[bool] = False
    position: ClassVar[None] = None
    message: Message
    thread: Thread


@frozen
class MessageConfirmed:
    """A message was stored, to the connection that sent it, if that gets no copy of the message.

    `joined`: whether the connection receives the channel's other messages.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    joined: bool

    @property
    def position(self) -> Position | None:
        """Where the message stands; None where the connection does not follow the channel."""
        return self.message.position if self.joined else None


@frozen
class Revised:
    """A message was changed. `revision`: the change, and `user`: who made it; None: the message is
    sent after revisions that were missed. A deleted message has no content.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    at: datetime
    revision: Revision | None = None
    user: User | None = None

    @property
    def position(self) -> RevisionPosition:
        """How far a client that received this event knows the channel's revisions."""
        return RevisionPosition(self.message.channel_id, self.message.rev)


@frozen
class PrivateMessageRevised(Revised):
    """A message of a dm, to every connection of its participants who may see it."""


@frozen
class ChannelMessageRevised(Revised):
    """A message of any channel, to the clients that joined it and to its workspace."""

    workspace_id: WorkspaceId | None = None


@frozen
class MentionChanged(Reliable):
    """A message mentions the users who get this event, by name or with everybody in its channel, or
    mentions them no longer. To every connection of theirs, whatever it has joined; it may be sent
    again. `about`: the message, which does not count as received by this event.
    """

    about: Message
    workspace_id: WorkspaceId | None
    at: datetime
    is_mentioned: bool = True


@frozen
class ConversationHistory(Reliable):
    """The newest messages between two users, oldest first, with who they are."""

    pair: tuple[UserId, UserId]
    messages: Sequence[Message]
    people: Mapping[UserId, User]
    at: datetime
