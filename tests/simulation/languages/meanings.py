"""What a frame means to a device: one closed union for all dialects.

A language turns every frame that its dialect may send into one of these. A frame that it does not
know is a problem, so nothing that a device receives is left unexamined.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId, WorkspaceId
from tests.simulation.languages.notes import ChannelNoted, MessageNoted
from tests.simulation.languages.threads import Thread, ThreadReplied


@frozen
class State:
    """A message after its revision with this rev, 0: as it was posted. `reactions`: of each, the
    emoji, how many, and by whom. `mentions`: whom it mentions by name, `mentions_channel`: and
    whether everybody.
    """

    rev: int
    content: str
    is_deleted: bool = False
    reactions: tuple[tuple[str, int, tuple[UserId, ...]], ...] = ()
    mentions: tuple[UserId, ...] = ()
    mentions_channel: bool = False


@frozen
class Heard:
    """A message. `threads`: what it shows of its replies, or of the thread that it is in."""

    channel_id: ChannelId
    seq: int
    author_id: UserId
    state: State
    threads: tuple[Thread, ...] = ()


@frozen
class Revised:
    """A message was changed. `state`: as it is now, of those revisions that show it; `threads`: as
    in `Heard`.
    """

    channel_id: ChannelId
    message_id: MessageId
    rev: int
    state: State | None
    threads: tuple[Thread, ...] = ()


@frozen
class Mentioned:
    """A message mentions the device's user, or does so no longer, after its revision `rev`."""

    message_id: MessageId
    rev: int
    content: str
    is_mentioned: bool


@frozen
class Stored:
    """The device's own message, without its content: it was stored in this place."""

    channel_id: ChannelId
    seq: int
    key: str
    threads: tuple[Thread, ...] = ()


@frozen
class Resumed:
    """What was missed has been sent; `upto`: how far the device has got in each channel, `revs`:
    and in its revisions; `notes`: up to which number it knows its user's notes.
    """

    complete: bool
    upto: Mapping[ChannelId, int]
    revs: Mapping[ChannelId, int]
    notes: int


@frozen
class Refused:
    """Something was not done. `key`: of the message that was not stored."""

    key: str | None
    code: str


@frozen
class Presence:
    """A user is online or offline; `place`: the workspace or channel it is about, if it is one."""

    user_id: UserId
    is_online: bool
    place: WorkspaceId | ChannelId | None = None


@frozen
class Typing:
    """Somebody starts or stops to type in a channel."""

    channel_id: ChannelId
    author_id: UserId
    is_typing: bool


@frozen
class Receipt:
    """A user was delivered, or has read, one message."""

    status: DeliveryStatus
    user_id: UserId
    message_id: MessageId


@frozen
class ReceiptUpTo:
    """A user was delivered, or has read, everything of their peer up to a seq."""

    status: DeliveryStatus
    user_id: UserId
    author_id: UserId
    seq: int


@frozen
class Joined:
    """From now on the device hears the channel."""

    channel_id: ChannelId


@frozen
class Offered:
    """The device's user may see these channels from now on."""

    channel_ids: Sequence[ChannelId]


@frozen
class Ended:
    """The device's user may no longer see the channel."""

    channel_id: ChannelId


@frozen
class Ready:
    """From now on the device hears these workspaces."""

    workspace_ids: Sequence[WorkspaceId]


@frozen
class MemberAdded:
    """Somebody came into a workspace."""

    workspace_id: WorkspaceId
    user_id: UserId


@frozen
class MemberRemoved:
    """Somebody left a workspace."""

    workspace_id: WorkspaceId
    user_id: UserId


@frozen
class Undelivered:
    """The messages that no device of the user was delivered, in one event."""

    message_ids: Sequence[MessageId]


@frozen
class Reached:
    """What the hub says that the device has received."""

    upto: Mapping[ChannelId, int]


@frozen
class Greeting:
    """The first frame of a connection."""


@frozen
class TurnedAway:
    """The device has no session; it is closed next."""


@frozen
class Shed:
    """Typing and presence were left out, because the device was too slow."""


Meaning: TypeAlias = (
    Heard
    | Revised
    | ThreadReplied
    | ChannelNoted
    | MessageNoted
    | Mentioned
    | Stored
    | Resumed
    | Refused
    | Presence
    | Typing
    | Receipt
    | ReceiptUpTo
    | Joined
    | Offered
    | Ended
    | Ready
    | MemberAdded
    | MemberRemoved
    | Undelivered
    | Reached
    | Greeting
    | TurnedAway
    | Shed
)


class UnknownFrame(Exception):
    """A frame that a dialect does not have."""


def state_in(view: Mapping[str, Any], user_of: Callable[[Any], UserId] = UserId) -> State:
    """What a frame shows of a message; a message that was never changed shows less."""
    reactions = tuple(
        (each["emoji"], each["count"], tuple(map(user_of, each["userIds"])))
        for each in view.get("reactions", ())
    )
    return State(
        view.get("rev", 0),
        view["content"],
        view.get("isDeleted", False),
        reactions,
        tuple(user_of(each["userId"]) for each in view.get("mentions", ())),
        view.get("mentionsChannel", False),
    )


def mentioned_in(view: Mapping[str, Any], message_id: MessageId) -> Mentioned:
    """What a frame says of a mention."""
    return Mentioned(message_id, view["rev"], view["content"], view["mentioned"])
