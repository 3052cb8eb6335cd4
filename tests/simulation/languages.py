"""How a simulated device speaks each dialect: what it sends, and what the frames mean to it."""

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import define, frozen

from protocol.model import ChannelId, UserId
from protocol.shapes.uuids import IdKind, from_uuid, to_uuid


@frozen
class Heard:
    """A message."""

    channel_id: ChannelId
    seq: int
    content: str


@frozen
class Resumed:
    """What was missed is told."""

    complete: bool


@frozen
class Failed:
    """Something was refused, of a send its key is told; it may be tried again later, or not."""

    key: str | None
    may_retry: bool


@frozen
class Online:
    """Somebody came or went."""

    user_id: UserId
    is_online: bool


@frozen
class Typing:
    """Somebody types in a channel."""

    channel_id: ChannelId


@frozen
class Seen:
    """Somebody has read what another one wrote, up to a seq."""

    reader: UserId
    author: UserId
    seq: int


@frozen
class Lost:
    """A channel may no longer be seen."""

    channel_id: ChannelId


Meaning = Heard | Resumed | Failed | Online | Typing | Seen | Lost | None
RETRIED = {"unavailable", "rate_limited", "not_joined", "lookup_failed"}


@define
class Places:
    """The channels of the simulation."""

    room: ChannelId
    dms: Mapping[frozenset[UserId], ChannelId]

    def dm(self, one: int, other: int) -> ChannelId:
        return self.dms[frozenset((UserId(one), UserId(other)))]

    def peer(self, me: UserId, channel_id: ChannelId) -> UserId:
        pair = next(pair for pair, found in self.dms.items() if found == channel_id)
        (peer,) = pair - {me}
        return peer

    def of(self, me: UserId, *, room: bool) -> list[ChannelId]:
        """The channels that somebody may be in."""
        mine = [channel for pair, channel in self.dms.items() if me in pair]
        return [self.room, *mine] if room else mine


class Language(Protocol):
    """One dialect. Frames are JSON values; Socket.IO's are [event, payload]."""

    path: str
    room: bool

    def resume(self, places: Places, me: UserId, last: Mapping[ChannelId, int]) -> Any: ...
    def send(
        self, places: Places, me: UserId, channel: ChannelId, content: str, key: str
    ) -> Any: ...
    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any: ...
    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning: ...


def failed(frame: Mapping[str, Any], key: str) -> Meaning:
    return Failed(frame.get(key), frame["code"] in RETRIED)


class PrivateMessages:
    """`/ws`."""

    path = "/ws"
    room = False

    def resume(self, places: Places, me: UserId, last: Mapping[ChannelId, int]) -> Any:
        after = {str(places.peer(me, channel)): seq for channel, seq in last.items()}
        return {"type": "resume", "after": after}

    def send(self, places: Places, me: UserId, channel: ChannelId, content: str, key: str) -> Any:
        peer = places.peer(me, channel)
        return {
            "type": "private_message", "recipient_id": peer, "content": content, "client_id": key,
        }  # fmt: skip

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        peer = places.peer(me, channel)
        return {"type": "typing_indicator", "recipient_id": peer, "is_typing": True}

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        match frame:
            case {"type": "private_message", "sender_id": a, "recipient_id": b, "message": message}:
                return Heard(places.dm(a, b), message["seq"], message["content"])
            case {"type": "resumed", "complete": complete}:
                return Resumed(complete)
            case {"type": "error"}:
                return failed(frame, "client_id")
            case {"type": "user_online_status", "user_id": user, "is_online": is_online}:
                return Online(user, is_online)
            case {"type": "typing_indicator", "user_id": user}:
                return Typing(places.dm(user, me))
            case {"type": "messages_read", "reader_id": reader, "sender_id": author, "seq": seq}:
                return Seen(reader, author, seq)
            case _:
                return None


class LearningChat:
    """`/ws/chat`."""

    path = "/ws/chat"
    room = True

    def resume(self, places: Places, me: UserId, last: Mapping[ChannelId, int]) -> Any:
        after = {str(channel): last.get(channel, 0) for channel in places.of(me, room=True)}
        return {"type": "resume", "after": after}

    def send(self, places: Places, me: UserId, channel: ChannelId, content: str, key: str) -> Any:
        del places, me
        return {
            "type": "send_message", "channelId": channel, "content": content,
            "clientMessageId": key,
        }  # fmt: skip

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        del places, me
        return {"type": "typing", "channelId": channel}

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        del places, me
        match frame:
            case {"type": "new_message", "message": message}:
                return Heard(message["channelId"], message["seq"], message["content"])
            case {"type": "resumed", "complete": complete}:
                return Resumed(complete)
            case {"type": "error"}:
                return failed(frame, "clientMessageId")
            case {"type": "user_typing", "channelId": channel}:
                return Typing(channel)
            case {"type": "left_channel", "channelId": channel}:
                return Lost(channel)
            case _:
                return None


class Messenger:
    """`/messagepal`."""

    path = "/messagepal"
    room = False

    def resume(self, places: Places, me: UserId, last: Mapping[ChannelId, int]) -> Any:
        after = {}
        for channel, seq in last.items():
            low, high = sorted((me, places.peer(me, channel)))
            after[f"conv_{low}_{high}"] = seq
        return {"type": "resume", "after": after}

    def send(self, places: Places, me: UserId, channel: ChannelId, content: str, key: str) -> Any:
        peer = places.peer(me, channel)
        return {
            "type": "send_message", "recipientId": peer, "content": content, "clientMessageId": key,
        }  # fmt: skip

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        return {"type": "typing", "recipientId": places.peer(me, channel)}

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        match frame:
            case {"type": "message_received", "payload": message}:
                _, low, high = message["conversationId"].split("_")
                return Heard(places.dm(int(low), int(high)), message["seq"], message["content"])
            case {"type": "resumed", "payload": payload}:
                return Resumed(payload["complete"])
            case {"type": "error"}:
                return failed(frame, "clientMessageId")
            case {"type": "user_typing", "payload": payload}:
                return Typing(places.dm(payload["userId"], me))
            case _:
                return None


def channel_of(uuid: str) -> ChannelId:
    number = from_uuid(IdKind.CHANNEL, uuid)
    assert number is not None
    return ChannelId(number)


class SocketIo:
    """`/socket.io/`, without recovery: it resumes by positions."""

    path = "/socket.io/?EIO=4&transport=websocket"
    room = True

    def resume(self, places: Places, me: UserId, last: Mapping[ChannelId, int]) -> Any:
        channels = places.of(me, room=True)
        after = {to_uuid(IdKind.CHANNEL, each): last.get(each, 0) for each in channels}
        return ["resume", {"after": after}]

    def send(self, places: Places, me: UserId, channel: ChannelId, content: str, key: str) -> Any:
        del places, me
        where = to_uuid(IdKind.CHANNEL, channel)
        return ["message:send", {"channelId": where, "content": content, "tempId": key}]

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        del places, me
        return ["message:typing:start", {"channelId": to_uuid(IdKind.CHANNEL, channel)}]

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        del places, me
        match frame:
            case ["message:new", message, *_]:
                return Heard(channel_of(message["channelId"]), message["seq"], message["content"])
            case ["message:sent", sent, *_]:
                return Heard(channel_of(sent["channelId"]), sent["seq"], sent.get("tempId", ""))
            case ["resumed", {"complete": complete}]:
                return Resumed(complete)
            case ["message:error", error]:
                return failed(error, "tempId")
            case ["message:typing:start", {"channelId": channel}]:
                return Typing(channel_of(channel))
            case ["channel:revoked", {"channelId": channel}]:
                return Lost(channel_of(channel))
            case _:
                return None


LANGUAGES: tuple[type[Language], ...] = (PrivateMessages, LearningChat, Messenger, SocketIo)
