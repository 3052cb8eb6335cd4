"""`/ws`."""

from collections.abc import Mapping
from typing import Any

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from tests.simulation.languages.language import Call, NewMessage, Places, Positions, reply_to
from tests.simulation.languages.meanings import (
    Ended,
    Greeting,
    Heard,
    Meaning,
    Mentioned,
    Presence,
    ReceiptUpTo,
    Refused,
    Resumed,
    Revised,
    Shed,
    State,
    Typing,
    UnknownFrame,
)
from tests.simulation.languages.notes import Wish, channel_noted, message_noted, note_over_rest
from tests.simulation.languages.threads import Spelling, Thread

PRIVATE_THREADS = Spelling("reply_count", "last_reply", "parent_id", "sender_id")
_REVISED = ("message_updated", "message_deleted", "message_reaction")
_WITHOUT_DETAILS: Mapping[str, Meaning] = {"system": Greeting(), "shed": Shed()}


class PrivateMessages:
    """See `Language`."""

    path = "/ws"
    cookie: str = "session_token"
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
        after = {str(places.peer(me, channel)): seq for channel, seq in last.items()}
        known = {str(places.peer(me, channel)): revs.get(channel, 0) for channel in last}
        return {"type": "resume", "after": after, "revs": known, "notes": notes}

    def send(self, places: Places, me: UserId, new: NewMessage) -> Any:
        """See `Language`."""
        return {
            "type": "private_message",
            "recipient_id": places.peer(me, new.channel_id),
            "content": new.text,
            "client_id": new.key,
            **reply_to(new.parent_id, "parent_id"),
        }

    def note(self, places: Places, me: UserId, wish: Wish) -> Call:
        """See `Language`."""
        return note_over_rest(places, me, wish)

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        """See `Language`."""
        peer = places.peer(me, channel)
        return {"type": "typing_indicator", "recipient_id": peer, "is_typing": True}

    def mark(self, channel: ChannelId, message_id: MessageId, *, is_read: bool) -> Any:
        """See `Language`."""
        del channel
        return None if is_read else {"type": "mark_delivered", "message_id": message_id}

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        """See `Language`."""
        match frame:
            case {"type": "private_message", "sender_id": a, "recipient_id": b, "message": message}:
                seq, state = message["seq"], private_state_in(message)
                threads = PRIVATE_THREADS.shown(message["id"], message)
                return Heard(places.conversation(a, b), seq, UserId(a), state, threads)
            case {"type": kind, "message": message} if kind in _REVISED:
                channel = places.conversation(frame["sender_id"], frame["recipient_id"])
                state, threads = _shown(message)
                return Revised(channel, message["id"], message["rev"], state, threads)
            case {"type": "mention", "mentioned": is_mentioned, "message": message}:
                state = private_state_in(message)
                return Mentioned(message["id"], state.rev, state.content, is_mentioned)
            case {"type": "resumed", "complete": complete, "after": after, "revs": known}:
                upto, revs = [
                    {places.conversation(me, int(peer)): number for peer, number in each.items()}
                    for each in (after, known)
                ]
                return Resumed(complete, upto, revs, frame["notes"])
            case {"type": "error", "code": code}:
                return Refused(frame.get("client_id"), code)
            case {"type": "user_online_status", "user_id": user, "is_online": is_online}:
                return Presence(user, is_online)
            case {"type": "typing_indicator", "user_id": user, "is_typing": is_typing}:
                return Typing(places.conversation(user, me), user, is_typing)
            case {"type": "revoked", "user_id": peer, "channel": channel}:
                assert places.conversation(me, peer) == channel
                return Ended(channel)
            case {"type": kind} if kind in _WITHOUT_DETAILS:
                return _WITHOUT_DETAILS[kind]
            case _:
                return _receipt(frame) or _noted(places, me, frame)


def _shown(message: Any) -> tuple[State, tuple[Thread, ...]]:
    return private_state_in(message), PRIVATE_THREADS.shown(message["id"], message)


def private_state_in(message: Any) -> State:
    """The state that a message object shows."""
    reactions = tuple(
        (each["emoji"], each["count"], tuple(map(UserId, each["user_ids"])))
        for each in message.get("reactions", ())
    )
    is_deleted = message.get("is_deleted", False)
    mentions = tuple(UserId(each["user_id"]) for each in message.get("mentions", ()))
    return State(message.get("rev", 0), message["content"], is_deleted, reactions, mentions)


def _receipt(frame: Any) -> ReceiptUpTo | None:
    match frame:
        case {"type": "messages_read", "reader_id": user, "sender_id": author, "seq": seq}:
            return ReceiptUpTo(DeliveryStatus.READ, user, author, seq)
        case {
            "type": "messages_delivered", "recipient_id": user, "sender_id": author, "seq": seq,
        }:  # fmt: skip
            return ReceiptUpTo(DeliveryStatus.DELIVERED, user, author, seq)
        case _:
            return None


def _noted(places: Places, me: UserId, frame: Any) -> Meaning:
    match frame:
        case {"type": "conversation_noted", "user_id": peer}:
            return channel_noted(places.conversation(me, peer), frame)
        case {"type": "message_hidden", "user_id": peer, "message_id": message_id}:
            return message_noted(places.conversation(me, peer), message_id, frame)
        case _:
            raise UnknownFrame(frame)
