"""`/ws/chat`."""

from collections.abc import Mapping
from typing import Any

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from tests.simulation.languages.language import NewMessage, Places, Positions, reply_to
from tests.simulation.languages.meanings import (
    Ended,
    Greeting,
    Heard,
    Joined,
    Meaning,
    Offered,
    Presence,
    Receipt,
    Refused,
    Resumed,
    Revised,
    Shed,
    TurnedAway,
    Typing,
    UnknownFrame,
    mentioned_in,
    state_in,
)
from tests.simulation.languages.notes import (
    Wish,
    channel_noted,
    message_noted,
    note_in_learning_chat,
)
from tests.simulation.languages.threads import NUMBERED, ThreadReplied

_OF_CHANNEL: Mapping[str, type[Joined | Ended]] = {"joined_channel": Joined, "left_channel": Ended}
_TYPING: Mapping[str, bool] = {"user_typing": True, "user_stop_typing": False}
_STATUS: Mapping[str, DeliveryStatus] = {
    "message_read": DeliveryStatus.READ,
    "message_delivered": DeliveryStatus.DELIVERED,
}
_REVISED = ("message_updated", "message_deleted", "message_reaction")
_PINNED = ("message_pinned", "message_unpinned")
_WITHOUT_DETAILS: Mapping[str, Meaning] = {"connected": Greeting(), "shed": Shed()}


class LearningChat:
    """See `Language`."""

    path = "/ws/chat"
    cookie: str = "connect.sid"
    must_rejoin = True

    def channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """See `Language`."""
        return places.all_of(me)

    def noted_channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """See `Language`."""
        return places.all_of(me)

    def identify(self, me: UserId) -> Any:
        """See `Language`."""

    def resume(
        self, places: Places, me: UserId, last: Positions, revs: Positions, notes: int
    ) -> Any:
        """See `Language`."""
        after = {str(channel): last.get(channel, 0) for channel in places.all_of(me)}
        known = {str(channel): revs.get(channel, 0) for channel in places.all_of(me)}
        return {"type": "resume", "after": after, "revs": known, "notes": notes}

    def send(self, places: Places, me: UserId, new: NewMessage) -> Any:
        """See `Language`."""
        del places, me
        return {
            "type": "send_message",
            "channelId": new.channel_id,
            "content": new.text,
            "clientMessageId": new.key,
            **reply_to(new.parent_id, "parentId"),
        }

    def note(self, places: Places, me: UserId, wish: Wish) -> Any:
        """See `Language`."""
        del places, me
        return note_in_learning_chat(wish)

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        """See `Language`."""
        del places, me
        return {"type": "typing", "channelId": channel}

    def mark(self, channel: ChannelId, message_id: MessageId, *, is_read: bool) -> Any:
        """See `Language`."""
        mark = {"type": "mark_read", "channelId": channel, "messageId": message_id}
        return mark if is_read else None

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        """See `Language`."""
        del places, me
        match frame:
            case {"type": "new_message", "message": message}:
                channel, seq = message["channelId"], message["seq"]
                threads = NUMBERED.shown(message["id"], message)
                return Heard(channel, seq, message["authorId"], state_in(message), threads)
            case {"type": kind, "channelId": channel} if kind in (*_REVISED, *_PINNED):
                message_id, threads = frame["messageId"], NUMBERED.shown(frame["messageId"], frame)
                return Revised(channel, message_id, frame["rev"], state_in(frame), threads)
            case {"type": "thread_reply", "channelId": channel, "messageId": message_id}:
                thread = NUMBERED.thread(frame["thread"])
                return ThreadReplied(channel, message_id, frame["userId"], thread)
            case {"type": "mention"}:
                return mentioned_in(frame, frame["messageId"])
            case {"type": "resumed", "complete": complete, "after": after, "revs": revs}:
                return Resumed(complete, _by_channel(after), _by_channel(revs), frame["notes"])
            case {"type": "error"}:
                return _refused(frame)
            case {"type": kind, "channelId": channel, "userId": author} if kind in _TYPING:
                return Typing(channel, author, is_typing=_TYPING[kind])
            case {"type": "user_presence", "userId": user, "status": status, "channelId": channel}:
                return Presence(user, status == "online", channel)
            case {"type": kind, "messageId": message_id, "userId": user} if kind in _STATUS:
                return Receipt(_STATUS[kind], user, message_id)
            case _:
                return _of_place(frame)


def _of_place(frame: Any) -> Meaning:
    match frame:
        case {"type": "channels_added", "channels": channels}:
            return Offered([channel["id"] for channel in channels])
        case {"type": "channel_noted", "channelId": channel}:
            return channel_noted(channel, frame)
        case {"type": "message_hidden", "channelId": channel, "messageId": message_id}:
            return message_noted(channel, message_id, frame)
        case {"type": kind, "channelId": channel} if kind in _OF_CHANNEL:
            return _OF_CHANNEL[kind](channel)
        case {"type": kind} if kind in _WITHOUT_DETAILS:
            return _WITHOUT_DETAILS[kind]
        case _:
            raise UnknownFrame(frame)


def _by_channel(positions: Mapping[str, int]) -> Mapping[ChannelId, int]:
    return {ChannelId(int(key)): number for key, number in positions.items()}


def _refused(frame: Any) -> Meaning:
    match frame:
        case {"code": code}:
            return Refused(frame.get("clientMessageId"), code)
        case {"message": "Unauthorized. Please log in."}:
            return TurnedAway()
        case _:
            raise UnknownFrame(frame)
