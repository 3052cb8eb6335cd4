"""What a simulated device needs of a dialect, and the channels that exist."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import define, frozen

from protocol.model import ChannelId, MessageId, UserId, WorkspaceId

if TYPE_CHECKING:
    from tests.simulation.languages.meanings import Meaning
    from tests.simulation.languages.notes import Wish


@define
class Places:
    """The channels of the simulation: rooms of workspaces, and conversations of two people."""

    rooms: Mapping[ChannelId, WorkspaceId]
    conversations: Mapping[frozenset[UserId], ChannelId]

    def conversation(self, one: int, other: int) -> ChannelId:
        return self.conversations[frozenset((UserId(one), UserId(other)))]

    def peer(self, me: UserId, channel_id: ChannelId) -> UserId:
        pair = next(pair for pair, found in self.conversations.items() if found == channel_id)
        (peer,) = pair - {me}
        return peer

    def conversations_of(self, me: UserId) -> list[ChannelId]:
        return [channel for pair, channel in self.conversations.items() if me in pair]

    def all_of(self, me: UserId) -> list[ChannelId]:
        """Every channel that a user can ever get access to."""
        return [*self.rooms, *self.conversations_of(me)]

    def rooms_of(self, workspace_id: WorkspaceId) -> list[ChannelId]:
        return [room for room, workspace in self.rooms.items() if workspace == workspace_id]


Positions: TypeAlias = Mapping[ChannelId, int]


@frozen
class Call:
    """A call that a device makes over REST."""

    method: str
    path: str
    body: object = None
    key: str | None = None


@frozen
class NewMessage:
    """A message that a device sends, with the message that it replies to."""

    channel_id: ChannelId
    text: str
    key: str
    parent_id: MessageId | None = None


class Language(Protocol):
    """One dialect. Frames are JSON values; Socket.IO's are [event, payload].

    `cookie`: the name of the cookie of the session that admits the device, directly or by a token.
    `must_rejoin`: whether the device must itself rejoin a channel that was closed to it, because no
    event reports that it may.
    """

    path: str
    cookie: str
    must_rejoin: bool

    def channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """The channels whose messages the device gets while its user may see them."""

    def noted_channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """The channels whose notes the device gets."""

    def identify(self, me: UserId) -> Any:
        """The first frame, if there is one before `resume`."""

    def resume(
        self, places: Places, me: UserId, last: Positions, revs: Positions, notes: int
    ) -> Any:
        """A resume: everything above these seqs, the revisions above these revs, and the notes
        above this number.
        """

    def send(self, places: Places, me: UserId, new: NewMessage) -> Any:
        """Send a message: a frame, or a `Call`."""

    def note(self, places: Places, me: UserId, wish: "Wish") -> Any:
        """Make a note: a frame, or a `Call`."""

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        """A typing indicator, or None."""

    def mark(self, channel: ChannelId, message_id: MessageId, *, is_read: bool) -> Any:
        """Mark a message as read or delivered; None: the dialect cannot."""

    def meaning(self, places: Places, me: UserId, frame: Any) -> "Meaning":
        """The meaning of a frame. Raises UnknownFrame."""


def send_over_rest(places: Places, me: UserId, new: NewMessage) -> Call:
    """A message over REST, in any kind of channel."""
    content = {"content": new.text}
    if new.channel_id in places.rooms:
        body = {"channelId": new.channel_id, **content, **reply_to(new.parent_id, "parentId")}
        return Call("POST", "/learning_platform/api/messages", body, new.key)
    peer = places.peer(me, new.channel_id)
    body = {**content, **reply_to(new.parent_id, "parent_id")}
    return Call("POST", f"/private_messages/api/messages/{peer}", body, new.key)


def reply_to(parent_id: object, name: str) -> Mapping[str, Any]:
    """The field of a message that names its parent, if it has one."""
    return {} if parent_id is None else {name: parent_id}


def forward_over_rest(
    places: Places, me: UserId, to: ChannelId, message_id: MessageId, key: str
) -> Call:
    """A copy of a message over REST, to any kind of channel."""
    if to in places.rooms:
        path = f"/learning_platform/api/messages/{message_id}/forward"
        return Call("POST", path, {"channelId": to}, key)
    path = f"/private_messages/api/messages/{message_id}/forward"
    return Call("POST", path, {"recipient_id": places.peer(me, to)}, key)
