"""Dialect C, `/gateway`: what happens in a user's workspaces (seed 002, contract section C).

Guarantees: a connection hears nothing before it has identified itself as its session's user; what
is malformed or refused is ignored silently, as its clients expect.
Must not know: sockets, the store, other dialects.
"""

from collections.abc import Callable, Mapping
from typing import Final

import orjson
from attrs import field, frozen

from protocol.commands import Answer, Command, Identify, ResumeChannels
from protocol.dialect import AcceptAndClose, Dialect, Heartbeat, Limits, Rate, Stranger
from protocol.errors import CloseReason, WireError
from protocol.events import (
    ChannelCreated,
    ChannelMessagePosted,
    ChannelsResumed,
    ChannelTyping,
    Event,
    HeartbeatAcknowledged,
    MemberAdded,
    MemberRemoved,
    Ready,
    Shed,
    WorkspacePresence,
)
from protocol.model import ChannelId, User, UserId, Workspace
from protocol.parsing.jsontext import parse_object
from protocol.parsing.resumption import parse_decimal, parse_positions
from protocol.parsing.structuring import identifier
from protocol.shapes.learning_platform import (
    account_object,
    channel_object,
    chat_message_object,
    member_object,
    workspace_object,
)


def _identify(frame: dict[str, object]) -> Command | None:
    data = frame.get("d")
    number = identifier(data.get("userId")) if isinstance(data, dict) else None
    return None if number is None else Identify(UserId(number))


def _heartbeat(_: dict[str, object]) -> Command:
    return Answer(HeartbeatAcknowledged())


def _resume(frame: dict[str, object]) -> Command | None:
    data = frame.get("d")
    after = data.get("after") if isinstance(data, dict) else None
    try:
        return ResumeChannels(parse_positions(after, _channel_key), enter=False)
    except WireError:
        return None


def _channel_key(text: str) -> ChannelId | None:
    number = parse_decimal(text)
    return None if number is None else ChannelId(number)


DECODERS: Final[Mapping[str, Callable[[dict[str, object]], Command | None]]] = {
    "IDENTIFY": _identify,
    "HEARTBEAT": _heartbeat,
    "RESUME": _resume,
}


class GatewayCodec:
    """Stateless: every frame stands alone."""

    def receive(self, text: str) -> Command | None:
        """`IDENTIFY`, `HEARTBEAT` or `RESUME`; anything else is ignored."""
        try:
            frame = parse_object(text)
        except WireError:
            return None
        operation = frame.get("op")
        decoder = DECODERS.get(operation) if isinstance(operation, str) else None
        return None if decoder is None else decoder(frame)


@frozen
class Gateway:
    """The session is checked at the handshake, and again against `IDENTIFY`."""

    name: str = "gateway"
    paths: tuple[str, ...] = ("/gateway",)
    session_cookie: str = "connect.sid"
    heartbeat: Heartbeat = field(default=Heartbeat(interval=30.0, timeout=60.0))
    rate: Rate | None = None

    def reject(self, stranger: Stranger) -> AcceptAndClose:
        """No frame, then 4001."""
        del stranger
        return AcceptAndClose((), CloseReason(4001, "Unauthorized", reconnect=False))

    def open(self, limits: Limits) -> GatewayCodec:
        """A codec; clients of this dialect send no content."""
        del limits
        return GatewayCodec()

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """`{"t": EVENT, "d": data}`, and the acknowledgement of a heartbeat."""
        if isinstance(event, HeartbeatAcknowledged):
            return (b'{"op":"HEARTBEAT_ACK"}',)
        if isinstance(event, ChannelsResumed):
            positions = {str(channel_id): seq for channel_id, seq in event.after.items()}
            resumed = {"complete": event.complete, "after": positions}
            return (orjson.dumps({"t": "RESUMED", "d": resumed}),)
        told = _event(event)
        return () if told is None else (orjson.dumps({"t": told[0], "d": told[1]}),)


def _event(event: Event) -> tuple[str, dict[str, object]] | None:
    match event:
        case Ready(user=user, workspaces=workspaces):
            guilds = [workspace_object(workspace) for workspace in workspaces]
            return "READY", {"user": account_object(user), "guilds": guilds}
        case ChannelMessagePosted(message=message, author=author, workspace_id=workspace_id):
            return "MESSAGE_CREATE", {
                **chat_message_object(message, author),
                "workspaceId": workspace_id,
            }
        case ChannelTyping(is_typing=False):
            return None  # clients let the indicator run out
        case ChannelTyping(channel_id=channel_id, workspace_id=workspace_id):
            return "TYPING_START", {
                "userId": event.user_id,
                "username": event.username,
                "channelId": channel_id,
                "workspaceId": workspace_id,
            }
        case WorkspacePresence(workspace_id=workspace_id, user_id=user_id, online=online):
            status = "online" if online else "offline"
            return "PRESENCE_UPDATE", {
                "userId": user_id,
                "status": status,
                "workspaceId": workspace_id,
            }
        case ChannelCreated(channel=channel):
            return "CHANNEL_CREATE", channel_object(channel)
        case MemberAdded(workspace=workspace, user=user):
            return "GUILD_MEMBER_ADD", _membership(workspace, user)
        case MemberRemoved(workspace=workspace, user=user):
            return "GUILD_MEMBER_REMOVE", _membership(workspace, user)
        case Shed(count=count):
            return "SHED", {"events": count}
        case _:
            return None  # conversations are other dialects' matter, and refusals are silent


def _membership(workspace: Workspace, user: User) -> dict[str, object]:
    return {
        "workspaceId": workspace.id,
        "userId": user.id,
        "user": member_object(user),
        "guild": workspace_object(workspace),
    }


DIALECT: Final[Dialect] = Gateway()
