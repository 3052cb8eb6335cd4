"""`/messagepal`."""

from typing import Any

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from tests.simulation.languages.language import NewMessage, Places, Positions, send_over_rest
from tests.simulation.languages.meanings import (
    Ended,
    Greeting,
    Heard,
    Meaning,
    Receipt,
    Refused,
    Resumed,
    Revised,
    Shed,
    Typing,
    UnknownFrame,
    mentioned_in,
    state_in,
)
from tests.simulation.languages.notes import Wish, channel_noted, message_noted, note_in_messenger
from tests.simulation.languages.threads import Spelling

_STRINGS = Spelling(message_of=lambda given: MessageId(int(given)))


class Messenger:
    """See `Language`."""

    path = "/messagepal"
    cookie: str = "connect.sid"
    must_rejoin = False

    def channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """See `Language`."""
        return places.conversations_of(me)

    def noted_channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """See `Language`."""
        return places.conversations_of(me)

    def identify(self, me: UserId) -> Any:
        """See `Language`."""

    def resume(
        self, places: Places, me: UserId, last: Positions, revs: Positions, notes: int
    ) -> Any:
        """See `Language`."""
        names = {}
        for channel in last:
            low, high = sorted((me, places.peer(me, channel)))
            names[channel] = f"conv_{low}_{high}"
        after = {name: last[channel] for channel, name in names.items()}
        known = {name: revs.get(channel, 0) for channel, name in names.items()}
        return {"type": "resume", "after": after, "revs": known, "notes": notes}

    def send(self, places: Places, me: UserId, new: NewMessage) -> Any:
        """See `Language`. No frame of this dialect names a parent."""
        if new.parent_id is not None:
            return send_over_rest(places, me, new)
        return {
            "type": "send_message",
            "recipientId": places.peer(me, new.channel_id),
            "content": new.text,
            "clientMessageId": new.key,
        }

    def note(self, places: Places, me: UserId, wish: Wish) -> Any:
        """See `Language`."""
        return note_in_messenger(places, me, wish)

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        """See `Language`."""
        return {"type": "typing", "recipientId": places.peer(me, channel)}

    def mark(self, channel: ChannelId, message_id: MessageId, *, is_read: bool) -> Any:
        """See `Language`."""
        del channel
        return {"type": "mark_read", "messageId": str(message_id)} if is_read else None

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        """See `Language`."""
        match frame:
            case {"type": "error", "code": code}:
                return Refused(frame.get("clientMessageId"), code)
            case {"type": "connected"}:
                return Greeting()
            case {"type": "shed"}:
                return Shed()
            case {"type": kind, "payload": payload}:
                return self._enveloped(places, me, kind, payload)
            case _:
                raise UnknownFrame(frame)

    def _enveloped(self, places: Places, me: UserId, kind: str, payload: Any) -> Meaning:
        match kind:
            case "message_received":
                channel = _conversation(places, payload["conversationId"])
                threads, author = _STRINGS.shown(payload["id"], payload), payload["senderId"]
                return Heard(channel, payload["seq"], author, state_in(payload), threads)
            case "message_updated" | "message_deleted" | "message_reaction":
                channel = _conversation(places, payload["conversationId"])
                message_id = MessageId(int(payload["messageId"]))
                threads = _STRINGS.shown(message_id, payload)
                return Revised(channel, message_id, payload["rev"], state_in(payload), threads)
            case "mention":
                return mentioned_in(payload, MessageId(int(payload["messageId"])))
            case "resumed":
                upto, revs = [
                    {_conversation(places, name): number for name, number in each.items()}
                    for each in (payload["after"], payload["revs"])
                ]
                return Resumed(payload["complete"], upto, revs, payload["notes"])
            case "conversation_noted":
                return channel_noted(_conversation(places, payload["conversationId"]), payload)
            case "message_hidden":
                channel = _conversation(places, payload["conversationId"])
                return message_noted(channel, MessageId(int(payload["messageId"])), payload)
            case "user_typing":
                author = payload["userId"]
                return Typing(places.conversation(author, me), author, is_typing=True)
            case "message_read":
                message_id = MessageId(int(payload["messageId"]))
                return Receipt(DeliveryStatus.READ, payload["readBy"], message_id)
            case "unsubscribed":
                return Ended(_conversation(places, payload["conversationId"]))
            case _:
                raise UnknownFrame(kind, payload)


def _conversation(places: Places, name: str) -> ChannelId:
    _, low, high = name.split("_")
    return places.conversation(int(low), int(high))
