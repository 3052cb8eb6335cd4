"""The result of a command: a closed union, one answer for each command in every dialect.

Guarantees: an answer holds everything that a dialect needs to show it; nothing has to be looked up.
Must not know: any dialect's spelling, sockets, HTTP.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from attrs import frozen

from protocol.events import Event, Refused
from protocol.model import ChannelId, Message, Posted, User, UserId
from protocol.revisions import Revision


@frozen
class Done:
    """Carried out; there is nothing to show."""


DONE: Final = Done()


@frozen
class Joined:
    """The connection is in the channel."""

    channel_id: ChannelId


@frozen
class Left:
    """The connection is no longer in the channel."""

    channel_id: ChannelId


@frozen
class Page:
    """Messages of a channel, oldest first, and their authors."""

    messages: Sequence[Message]
    people: Mapping[UserId, User]


@frozen
class Changed:
    """The message as it is now, its author, and the revision. `repeated`: it was made before, so
    nothing was changed now and no event is sent to other connections.
    """

    message: Message
    author: User
    revision: Revision
    repeated: bool = False


@frozen
class Notice:
    """An event for the connection that asked, and for no other."""

    event: Event


Answer: TypeAlias = Done | Posted | Joined | Left | Page | Changed | Notice | Refused
"""`Posted`: the message is stored; `Refused`: nothing was done."""
