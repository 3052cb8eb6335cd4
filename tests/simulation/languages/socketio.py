"""`/socket.io/`, without recovery: it resumes by positions."""

from typing import Any

from hub.socketio.offset import Received, decode_offset
from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from protocol.shapes.uuids import IdKind, from_uuid, to_uuid
from tests.simulation.languages.language import Places, Positions
from tests.simulation.languages.meanings import (
    Ended,
    Heard,
    Meaning,
    Reached,
    Receipt,
    Refused,
    Resumed,
    Revised,
    Shed,
    Stored,
    Typing,
    Undelivered,
    UnknownFrame,
    mentioned_in,
    state_in,
)

_REVISED = ("message:updated", "message:deleted", "message:reaction", "message:pinned")


class SocketIo:
    """See `Language`."""

    path = "/socket.io/?EIO=4&transport=websocket"
    cookie: str = "connect.sid"
    must_rejoin = True

    def channels(self, places: Places, me: UserId) -> list[ChannelId]:
        """See `Language`."""
        return places.all_of(me)

    def identify(self, me: UserId) -> Any:
        """See `Language`."""

    def resume(self, places: Places, me: UserId, last: Positions, revs: Positions) -> Any:
        """See `Language`."""
        channels = places.all_of(me)
        after = {to_uuid(IdKind.CHANNEL, each): last.get(each, 0) for each in channels}
        known = {to_uuid(IdKind.CHANNEL, each): revs.get(each, 0) for each in channels}
        return ["resume", {"after": after, "revs": known}]

    def send(self, places: Places, me: UserId, channel: ChannelId, text: str, key: str) -> Any:
        """See `Language`."""
        del places, me
        where = to_uuid(IdKind.CHANNEL, channel)
        return ["message:send", {"channelId": where, "content": text, "tempId": key}]

    def typing(self, places: Places, me: UserId, channel: ChannelId) -> Any:
        """See `Language`."""
        del places, me
        return ["message:typing:start", {"channelId": to_uuid(IdKind.CHANNEL, channel)}]

    def mark(self, channel: ChannelId, message_id: MessageId, *, is_read: bool) -> Any:
        """See `Language`."""
        del channel
        name = "message:read" if is_read else "message:delivered"
        return [name, {"messageId": to_uuid(IdKind.MESSAGE, message_id)}]

    def meaning(self, places: Places, me: UserId, frame: Any) -> Meaning:
        """See `Language`."""
        del places, me
        match frame:
            case ["message:new", message]:
                channel, author = _channel(message["channelId"]), _user(message["userId"])
                return Heard(channel, message["seq"], author, state_in(message, _user))
            case [name, message] if name in _REVISED:
                channel, state = _channel(message["channelId"]), state_in(message, _user)
                return Revised(channel, _message(message["messageId"]), state.rev, state)
            case ["message:sent", {"channelId": channel, "seq": seq, "tempId": key}]:
                return Stored(_channel(channel), seq, key)
            case ["message:offline", messages]:
                return Undelivered([_message(each["id"]) for each in messages])
            case ["recovery:offset", str(offset)]:
                received = decode_offset(offset) or Received()
                return Reached({each: at.seq for each, at in received.positions.items()})
            case ["resumed", {"complete": complete, "after": after, "revs": revs}]:
                upto = {_channel(key): seq for key, seq in after.items()}
                return Resumed(complete, upto, {_channel(key): rev for key, rev in revs.items()})
            case ["message:error", error]:
                return Refused(error.get("tempId"), error["code"])
            case ["channel:revoked", {"channelId": channel}]:
                return Ended(_channel(channel))
            case ["shed", _]:
                return Shed()
            case _:
                return _of_people(frame)


def _of_people(frame: Any) -> Meaning:
    match frame:
        case [("message:typing:start" | "message:typing:stop") as name, typing]:
            is_typing = name == "message:typing:start"
            return Typing(_channel(typing["channelId"]), _user(typing["userId"]), is_typing)
        case [("message:read" | "message:delivered"), seen]:
            status = DeliveryStatus(seen["status"])
            return Receipt(status, _user(seen["userId"]), _message(seen["messageId"]))
        case ["message:mention", mention]:
            return mentioned_in(mention, _message(mention["messageId"]))
        case _:
            raise UnknownFrame(frame)


def _number(kind: IdKind, uuid: str) -> int:
    number = from_uuid(kind, uuid)
    assert number is not None, uuid
    return number


def _channel(uuid: str) -> ChannelId:
    return ChannelId(_number(IdKind.CHANNEL, uuid))


def _user(uuid: str) -> UserId:
    return UserId(_number(IdKind.USER, uuid))


def _message(uuid: str) -> MessageId:
    return MessageId(_number(IdKind.MESSAGE, uuid))
