"""`/gateway`, whose devices send over REST."""

from collections.abc import Mapping
from typing import Any

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from tests.simulation.languages.language import (
    Call,
    NewMessage,
    Places,
    Positions,
    send_over_rest,
)
from tests.simulation.languages.meanings import (
    Heard,
    Meaning,
    MemberAdded,
    MemberRemoved,
    Presence,
    Ready,
    Receipt,
    Resumed,
    Revised,
    Shed,
    Typing,
    UnknownFrame,
    mentioned_in,
    state_in,
)
from tests.simulation.languages.notes import Wish, channel_noted, message_noted, note_over_rest
from tests.simulation.languages.threads import NUMBERED, ThreadReplied

_MEMBERS: Mapping[str, type[MemberAdded | MemberRemoved]] = {
    "GUILD_MEMBER_ADD": MemberAdded, "GUILD_MEMBER_REMOVE": MemberRemoved,
}  # fmt: skip
_REVISED = (
    "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE",
)  # fmt: skip


class Gateway:
    """See `Language`."""

    path = "/gateway"
    cookie: str = "connect.sid"
    must_rejoin = False

    def channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """See `Language`."""
        del me
        return list(places.rooms)

    def noted_channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """See `Language`."""
        return places.all_of(me)

    def identify(self, me: UserId) -> Any:
        """See `Language`."""
        return {"op": "IDENTIFY", "d": {"userId": me}}

    def resume(
        self, places: Places, me: UserId, last: Positions, revs: Positions, notes: int
    ) -> Any:
        """See `Language`."""
        del me
        after = {str(room): last.get(room, 0) for room in places.rooms}
        known = {str(room): revs.get(room, 0) for room in places.rooms}
        return {"op": "RESUME", "d": {"after": after, "revs": known, "notes": notes}}

    def send(self, places: Places, me: UserId, new: NewMessage) -> Call:
        """See `Language`."""
        return send_over_rest(places, me, new)

    def note(self, places: Places, me: UserId, wish: Wish) -> Call:
        """See `Language`."""
        return note_over_rest(places, me, wish)

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        """See `Language`."""

    def mark(self, channel: ChannelId, message_id: MessageId, *, is_read: bool) -> Any:
        """See `Language`."""
        del channel
        path = f"/learning_platform/api/messages/{message_id}/read"
        return Call("POST", path) if is_read else None

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        """See `Language`."""
        del places, me
        match frame:
            case {"t": "MESSAGE_CREATE", "d": message}:
                channel, seq = message["channelId"], message["seq"]
                threads = NUMBERED.shown(message["id"], message)
                return Heard(channel, seq, message["authorId"], state_in(message), threads)
            case {"t": name, "d": data} if name in _REVISED:
                threads = NUMBERED.shown(data["id"], data)
                return Revised(data["channelId"], data["id"], data["rev"], state_in(data), threads)
            case {
                "t": "RESUMED",
                "d": {"complete": complete, "after": after, "revs": revs, "notes": notes},
            }:
                return Resumed(complete, _by_channel(after), _by_channel(revs), notes)
            case {"t": "TYPING_START", "d": {"channelId": channel, "userId": author}}:
                return Typing(channel, author, is_typing=True)
            case {
                "t": "PRESENCE_UPDATE",
                "d": {"userId": user, "status": status, "workspaceId": workspace},
            }:
                return Presence(user, status == "online", workspace)
            case {"t": name, "d": {"workspaceId": workspace, "userId": user}} if name in _MEMBERS:
                return _MEMBERS[name](workspace, user)
            case {"t": "READY", "d": {"user": _, "guilds": guilds}}:
                return Ready([guild["id"] for guild in guilds])
            case {"t": "SHED"}:
                return Shed()
            case _:
                return _of_message(frame)


def _of_message(frame: Any) -> Meaning:
    match frame:
        case {"t": "THREAD_REPLY", "d": reply}:
            thread = NUMBERED.thread(reply["thread"])
            return ThreadReplied(reply["channelId"], reply["messageId"], reply["userId"], thread)
        case {"t": "CHANNEL_NOTED", "d": note}:
            return channel_noted(note["channelId"], note)
        case {"t": "MESSAGE_HIDDEN", "d": note}:
            return message_noted(note["channelId"], note["messageId"], note)
        case {"t": "MESSAGE_MENTION", "d": data}:
            return mentioned_in(data, data["id"])
        case {"t": "MESSAGE_READ", "d": {"messageId": message, "userId": user}}:
            return Receipt(DeliveryStatus.READ, user, message)
        case _:
            raise UnknownFrame(frame)


def _by_channel(positions: Mapping[str, int]) -> Mapping[ChannelId, int]:
    return {ChannelId(int(key)): number for key, number in positions.items()}
