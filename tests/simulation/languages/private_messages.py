"""`/ws`."""

from collections.abc import Mapping
from typing import Any

from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from tests.simulation.languages.language import Places, Positions
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

    def identify(self, me: UserId) -> Any:
        """See `Language`."""

    def resume(self, places: Places, me: UserId, last: Positions, revs: Positions) -> Any:
        """See `Language`."""
        after = {str(places.peer(me, channel)): seq for channel, seq in last.items()}
        known = {str(places.peer(me, channel)): revs.get(channel, 0) for channel in last}
        return {"type": "resume", "after": after, "revs": known}

    def send(self, places: Places, me: UserId, channel: ChannelId, text: str, key: str) -> Any:
        """See `Language`."""
        peer = places.peer(me, channel)
        return {
            "type": "private_message", "recipient_id": peer, "content": text, "client_id": key,
        }  # fmt: skip

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
                return Heard(places.conversation(a, b), seq, UserId(a), state)
            case {"type": kind, "message": message} if kind in _REVISED:
                channel = places.conversation(frame["sender_id"], frame["recipient_id"])
                return Revised(channel, message["id"], message["rev"], private_state_in(message))
            case {"type": "mention", "mentioned": is_mentioned, "message": message}:
                state = private_state_in(message)
                return Mentioned(message["id"], state.rev, state.content, is_mentioned)
            case {"type": "resumed", "complete": complete, "after": after, "revs": known}:
                upto, revs = [
                    {places.conversation(me, int(peer)): number for peer, number in each.items()}
                    for each in (after, known)
                ]
                return Resumed(complete, upto, revs)
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
                return _receipt(frame)


def private_state_in(message: Any) -> State:
    """What a message object shows."""
    reactions = tuple(
        (each["emoji"], each["count"], tuple(map(UserId, each["user_ids"])))
        for each in message.get("reactions", ())
    )
    is_deleted = message.get("is_deleted", False)
    mentions = tuple(UserId(each["user_id"]) for each in message.get("mentions", ()))
    return State(message.get("rev", 0), message["content"], is_deleted, reactions, mentions)


def _receipt(frame: Any) -> Meaning:
    match frame:
        case {"type": "messages_read", "reader_id": user, "sender_id": author, "seq": seq}:
            return ReceiptUpTo(DeliveryStatus.READ, user, author, seq)
        case {
            "type": "messages_delivered", "recipient_id": user, "sender_id": author, "seq": seq,
        }:  # fmt: skip
            return ReceiptUpTo(DeliveryStatus.DELIVERED, user, author, seq)
        case _:
            raise UnknownFrame(frame)
