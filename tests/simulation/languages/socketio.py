"""`/socket.io/`, without recovery: it resumes by positions."""

from typing import Any

from hub.socketio.offset import Received, decode_offset
from protocol.model import ChannelId, DeliveryStatus, MessageId, UserId
from protocol.shapes.uuids import IdKind, from_uuid, to_uuid
from tests.simulation.languages.language import NewMessage, Places, Positions, reply_to
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
from tests.simulation.languages.notes import (
    Wish,
    channel_noted,
    message_noted,
    note_in_socketio,
)
from tests.simulation.languages.threads import Spelling, ThreadReplied

_REVISED = ("message:updated", "message:deleted", "message:reaction", "message:pinned")


class SocketIo:
    """See `Language`."""

    path = "/socket.io/?EIO=4&transport=websocket"
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
        channels = places.all_of(me)
        after = {to_uuid(IdKind.CHANNEL, each): last.get(each, 0) for each in channels}
        known = {to_uuid(IdKind.CHANNEL, each): revs.get(each, 0) for each in channels}
        return ["resume", {"after": after, "revs": known, "notes": notes}]

    def send(self, places: Places, me: UserId, new: NewMessage) -> Any:
        """See `Language`."""
        del places, me
        where = to_uuid(IdKind.CHANNEL, new.channel_id)
        parent = None if new.parent_id is None else to_uuid(IdKind.MESSAGE, new.parent_id)
        payload = {"channelId": where, "content": new.text, "tempId": new.key}
        return ["message:send", {**payload, **reply_to(parent, "parentId")}]

    def note(self, places: Places, me: UserId, wish: Wish) -> Any:
        """See `Language`."""
        del places, me
        return note_in_socketio(wish)

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
                threads = UUID_THREADS.shown(message["id"], message)
                return Heard(channel, message["seq"], author, state_in(message, _user), threads)
            case [name, message] if name in _REVISED:
                channel, state = _channel(message["channelId"]), state_in(message, _user)
                threads = UUID_THREADS.shown(message["messageId"], message)
                return Revised(channel, _message(message["messageId"]), state.rev, state, threads)
            case ["message:sent", {"channelId": channel, "seq": seq, "tempId": key} as sent]:
                threads = (UUID_THREADS.thread(sent["thread"]),) if "thread" in sent else ()
                return Stored(_channel(channel), seq, key, threads)
            case ["message:offline", messages]:
                return Undelivered([_message(each["id"]) for each in messages])
            case ["recovery:offset", str(offset)]:
                received = decode_offset(offset) or Received()
                return Reached({each: at.seq for each, at in received.positions.items()})
            case ["resumed", {"complete": complete, "notes": notes} as resumed]:
                upto, revs = [
                    {_channel(key): number for key, number in each.items()}
                    for each in (resumed["after"], resumed["revs"])
                ]
                return Resumed(complete, upto, revs, notes)
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
        case ["thread:reply", {"channelId": channel, "messageId": message} as reply]:
            thread = UUID_THREADS.thread(reply["thread"])
            return ThreadReplied(
                _channel(channel), _message(message), _user(reply["userId"]), thread
            )
        case ["channel:noted", {"channelId": channel} as note]:
            return channel_noted(_channel(channel), note)
        case ["message:hidden", {"channelId": channel, "messageId": message} as note]:
            return message_noted(_channel(channel), _message(message), note)
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


UUID_THREADS = Spelling(message_of=_message, user_of=_user)
