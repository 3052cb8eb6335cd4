"""The meaning of a frame for a device: one closed union for all dialects.

A language turns every frame that its dialect may send into one of these. A frame that it does not
know is a problem, so every frame that a device receives is examined.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId, WorkspaceId
from tests.simulation.languages.notes import ChannelNoted, MessageNoted
from tests.simulation.languages.threads import Thread, ThreadReplied


@frozen
class State:
    """A message after its revision with this rev, 0: as it was posted. `reactions`: for each its
    emoji, count and users. `mentions`: the users mentioned by name; `mentions_channel`: whether
    everybody is mentioned.
    """

    rev: int
    content: str
    is_deleted: bool = False
    reactions: tuple[tuple[str, int, tuple[UserId, ...]], ...] = ()
    mentions: tuple[UserId, ...] = ()
    mentions_channel: bool = False


@frozen
class Heard:
    """A message. `threads`: the threads that it shows: its replies, or the one that it is in."""

    channel_id: ChannelId
    seq: int
    author_id: UserId
    state: State
    threads: tuple[Thread, ...] = ()


@frozen
class Revised:
    """A message was revised. `state`: its new state, if the event shows it; `threads`: as in
    `Heard`.
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
    """The device's own message was stored in this position; without its content."""

    channel_id: ChannelId
    seq: int
    key: str
    threads: tuple[Thread, ...] = ()


@frozen
class Resumed:
    """The missed messages have been sent. `upto`: the seq that the device has in each channel;
    `revs`: the rev; `notes`: the number up to which it knows its user's notes.
    """

    complete: bool
    upto: Mapping[ChannelId, int]
    revs: Mapping[ChannelId, int]
    notes: int


@frozen
class Refused:
    """A command was refused. `key`: of the message that was not stored."""

    key: str | None
    code: str


@frozen
class Presence:
    """A user is online or offline; `place`: the workspace or channel that this is about, if any."""

    user_id: UserId
    is_online: bool
    place: WorkspaceId | ChannelId | None = None


@frozen
class Typing:
    """A user starts or stops to type in a channel."""

    channel_id: ChannelId
    author_id: UserId
    is_typing: bool


@frozen
class Receipt:
    """One message was delivered to a user, or read by them."""

    status: DeliveryStatus
    user_id: UserId
    message_id: MessageId


@frozen
class ReceiptUpTo:
    """All messages of a peer up to a seq were delivered to a user, or read by them."""

    status: DeliveryStatus
    user_id: UserId
    author_id: UserId
    seq: int


@frozen
class Joined:
    """From now on the device gets the events of the channel."""

    channel_id: ChannelId


@frozen
class Offered:
    """From now on the device's user may see these channels."""

    channel_ids: Sequence[ChannelId]


@frozen
class Ended:
    """The device's user may no longer see the channel."""

    channel_id: ChannelId


@frozen
class Ready:
    """From now on the device gets the events of these workspaces."""

    workspace_ids: Sequence[WorkspaceId]


@frozen
class MemberAdded:
    """A user joined a workspace."""

    workspace_id: WorkspaceId
    user_id: UserId


@frozen
class MemberRemoved:
    """A user left a workspace."""

    workspace_id: WorkspaceId
    user_id: UserId


@frozen
class Undelivered:
    """The messages that were delivered to no device of the user, in one event."""

    message_ids: Sequence[MessageId]


@frozen
class Reached:
    """The positions up to which the device has received everything, as the hub reports them."""

    upto: Mapping[ChannelId, int]


@frozen
class Greeting:
    """The first frame of a connection."""


@frozen
class TurnedAway:
    """The device has no session; it is closed next."""


@frozen
class Shed:
    """Typing and presence were dropped, because the device was too slow."""


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
    """The state of a message that a frame shows; frames of a message that was never revised show
    less.
    """
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
    """The mention that a frame reports."""
    return Mentioned(message_id, view["rev"], view["content"], view["mentioned"])
