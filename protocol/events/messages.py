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
    """The first message of a dm, to the connections of its two people that have not joined it: they
    could not know of it.
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
    """A reply was stored in a thread, to those who follow it: `thread` is it as it is then.

    It moves no position, since they need not follow the channel.
    """

    ephemeral: ClassVar[bool] = False
    position: ClassVar[None] = None
    message: Message
    thread: Thread


@frozen
class MessageConfirmed:
    """A message was stored, to the connection that sent it, where that gets no copy of it.

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
    """A message was changed. `revision`: what was done, and `user`: who did it; None: one of
    several that were missed. A deleted message has no content.
    """

    ephemeral: ClassVar[bool] = False
    message: Message
    at: datetime
    revision: Revision | None = None
    user: User | None = None

    @property
    def position(self) -> RevisionPosition:
        """How far a client knows the channel's revisions then."""
        return RevisionPosition(self.message.channel_id, self.message.rev)


@frozen
class PrivateMessageRevised(Revised):
    """A message of a dm, to every connection of those of its people who may see it."""


@frozen
class ChannelMessageRevised(Revised):
    """A message of any channel, to the clients that joined it and to its workspace."""

    workspace_id: WorkspaceId | None = None


@frozen
class MentionChanged(Reliable):
    """A message mentions those who are sent this, by name or with everybody in its channel, or it
    does so no longer. To every connection of theirs, whatever it has joined; it may come again.
    `about`: the message, which does not count as received by this.
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
