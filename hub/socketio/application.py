"""A dialect of events, on the hub: who may come in, and what each event leads to.

Guarantees: a client is the subject of its token, whatever it claims, and only until the token ends;
a command takes the same way as in every other dialect; every event that waits for an
acknowledgement gets one. Must not know: packets, transports, other dialects.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, assert_never

import structlog
import trio
from attrs import define, evolve

from hub.attempts import AttemptLimiter
from hub.client import Client
from hub.letters import Register, Unregister
from hub.messaging import draft_for
from hub.services import Services
from hub.socketio.link import EventWire, SocketLink
from hub.socketio.server import Acknowledge, ConnectRefused
from hub.socketio.socket import Socket
from persistence.interface import Posted, StoreUnavailable
from protocol.commands import (
    Answer,
    EventCommand,
    FetchChannel,
    FetchHistory,
    Identify,
    JoinChannel,
    LeaveChannel,
    MarkDelivered,
    MarkRead,
    PostToChannel,
    SendPrivateMessage,
    SetSubscription,
    SetTyping,
    TypeInChannel,
)
from protocol.dialect import EventDialect, Limits
from protocol.errors import ERROR_TEXTS, SESSION_ENDED, ErrorCode, WireError
from protocol.events import Connected, Refused
from protocol.model import Channel, ChannelId, Session, UserId
from protocol.socketio.packets import Data
from protocol.uuids import IdKind, from_uuid

log = structlog.get_logger(__name__)

MESSAGES_PER_SECOND: Final = 10
REFRESH: Final = "auth:refresh"
_UNAUTHORIZED: Final = "Unauthorized"


class Refusal(Exception):
    """A command that is not carried out."""

    def __init__(self, code: ErrorCode, key: str | None = None) -> None:
        self.code = code
        self.key = key
        super().__init__(code)


@define
class _Member:
    """A connected client, and until when."""

    client: Client
    socket: Socket
    expires_at: datetime


class EventApplication:
    """Implements `hub.socketio.server.Application`.

    Args:
        dialect: what is spoken.
        services: what it leads to.
    """

    def __init__(self, dialect: EventDialect, services: Services) -> None:
        self._dialect = dialect
        self._services = services
        self._wire = EventWire(dialect)
        self._limits = Limits(services.config.max_content_chars)
        self._rate = AttemptLimiter(MESSAGES_PER_SECOND, 1.0)
        self._members: dict[Socket, _Member] = {}
        self._changed = trio.Event()

    async def run(self) -> None:
        """End the connections whose tokens end, until cancelled."""
        while True:
            self._changed = trio.Event()
            ends = [member.expires_at for member in self._members.values()]
            if not ends:
                await self._changed.wait()
                continue
            seconds = (min(ends) - datetime.now(UTC)).total_seconds()
            with trio.move_on_after(max(seconds, 0.0)):
                await self._changed.wait()
            now = datetime.now(UTC)
            for member in tuple(self._members.values()):
                if member.expires_at <= now:
                    self._refuse(member.client, Refusal(ErrorCode.LOGIN_ENDED))
                    member.client.close(SESSION_ENDED)
                    self._members.pop(member.socket, None)

    async def connect(self, socket: Socket, auth: Mapping[str, Data]) -> Mapping[str, Data]:
        """See `Application`. Refused with `Unauthorized`, whatever is wrong."""
        token = auth.get("token")
        if not isinstance(token, str) or not token:
            header = socket.opening.head.header(b"authorization") or b""
            token = header.decode("latin-1")
        try:
            session = await self._services.authenticator.find_by_token(token)
        except StoreUnavailable as error:
            log.warning("socket_refused", reason=str(error))
            raise ConnectRefused(_UNAUTHORIZED) from None
        claimed = auth.get("userId")
        if not isinstance(session, Session):
            raise ConnectRefused(_UNAUTHORIZED)
        if claimed is not None and _user_id(claimed) != session.user.id:
            raise ConnectRefused(_UNAUTHORIZED)
        client = Client(session.user, session.id, self._wire, SocketLink(socket))
        self._members[socket] = _Member(client, socket, session.expires_at)
        self._changed.set()
        return {}

    async def connected(self, socket: Socket) -> None:
        """See `Application`."""
        client = self._members[socket].client
        greeting = Connected(client.user, datetime.now(UTC))
        await self._services.hub.post(Register(client, greeting))

    async def disconnected(self, socket: Socket) -> None:
        """See `Application`."""
        member = self._members.pop(socket, None)
        if member is not None:
            self._services.commands.gone(member.client)
            await self._services.hub.post(Unregister(member.client))

    async def event(
        self, socket: Socket, name: str, args: Sequence[Data], acknowledge: Acknowledge | None
    ) -> None:
        """See `Application`. What is refused is told as `message:error` and in the answer."""
        member = self._members.get(socket)
        if member is None:
            return
        if name == REFRESH:
            answer = await self._refresh(member, args)
        else:
            answer = await self._answer(member.client, socket, name, args)
        if acknowledge is not None:
            acknowledge([answer])

    async def _refresh(self, member: _Member, args: Sequence[Data]) -> Mapping[str, Data]:
        given = args[0] if args else None
        token = given.get("token") if isinstance(given, dict) else given
        if isinstance(token, str):
            with suppress(StoreUnavailable):
                session = await self._services.authenticator.find_by_token(token)
                if isinstance(session, Session) and session.user.id == member.client.user.id:
                    member.expires_at = session.expires_at
                    self._changed.set()
                    return {"success": True}
        return {"success": False, "error": _UNAUTHORIZED}

    async def _answer(
        self, client: Client, socket: Socket, name: str, args: Sequence[Data]
    ) -> Mapping[str, Data]:
        try:
            command = self._dialect.receive(name, args, self._limits)
            return await self._carry_out(client, socket, name, command)
        except WireError as error:
            client.tell(Refused(error.code, error.text, error.key))
            code, text = error.code, error.text
        except Refusal as refusal:
            self._refuse(client, refusal)
            code, text = refusal.code, ERROR_TEXTS[refusal.code]
        except StoreUnavailable:
            self._refuse(client, Refusal(ErrorCode.UNAVAILABLE))
            code, text = ErrorCode.UNAVAILABLE, ERROR_TEXTS[ErrorCode.UNAVAILABLE]
        shown = self._dialect.error_text(code, text)
        return {"success": False, "error": shown, "code": code}

    def _refuse(self, client: Client, refusal: Refusal) -> None:
        client.tell(Refused.because(refusal.code, refusal.key))

    async def _carry_out(
        self, client: Client, socket: Socket, name: str, command: EventCommand
    ) -> Mapping[str, Data]:
        services = self._services
        match command:
            case PostToChannel():
                return await self._post(client, socket, command)
            case JoinChannel(channel_id=channel_id):
                await self._channel(client, channel_id)
                await services.commands.carry_out(client, command)
                return self._dialect.joined(channel_id)
            case LeaveChannel(channel_id=channel_id):
                await services.commands.carry_out(client, command)
                return self._dialect.joined(channel_id)
            case TypeInChannel(channel_id=channel_id, is_typing=is_typing):
                channel = await self._channel(client, channel_id)
                await services.commands.typing.in_channel(client, channel, is_typing=is_typing)
            case MarkRead(message_id=message_id):
                await services.receipts.read_up_to(client.user.id, message_id)
            case MarkDelivered(message_id=message_id):
                await services.receipts.delivered_up_to(client.user.id, message_id)
            case FetchChannel(channel_id=channel_id, limit=limit):
                channel = await self._channel(client, channel_id)
                messages = services.store.messages
                page = await messages.channel_page(channel.id, before=None, limit=limit)
                ids = {message.author_id for message in page}
                people = await services.store.accounts.get_many(ids)
                return self._dialect.history(name, page, people)
            case (
                SendPrivateMessage()
                | SetTyping()
                | FetchHistory()
                | Identify()
                | SetSubscription()
                | Answer()
            ):
                await services.commands.carry_out(client, command)
            case _:
                assert_never(command)
        return {"success": True}

    async def _post(
        self, client: Client, socket: Socket, command: PostToChannel
    ) -> Mapping[str, Data]:
        if self._rate.allow(client.user.id, trio.current_time()) > 0:
            raise Refusal(ErrorCode.RATE_LIMITED, command.key)
        channel = await self._channel(client, command.channel_id, command.key)
        messages = self._services.store.messages
        if command.parent_id is not None:
            parent = await messages.get(command.parent_id)
            if parent is None or parent.channel_id != channel.id:
                raise Refusal(ErrorCode.INVALID_FIELD, command.key)
        draft = evolve(
            draft_for(channel, client.user.id, command.content, command.key),
            parent_id=command.parent_id,
        )
        echo = self._services.config.echo_new_to_sender == "yes"
        outcome = await self._services.messaging.send(
            client.user, draft, besides=None if echo else client
        )
        if not isinstance(outcome, Posted):
            raise Refusal(ErrorCode(outcome), command.key)
        message = outcome.message
        socket.emit("message:sent", self._dialect.sent(message))
        if not outcome.repeated:
            self._services.assistant.consider(channel, message, client.user, client)
        view = self._dialect.message(message, client.user)
        return {**view, "success": True, "data": view}

    async def _channel(
        self, client: Client, channel_id: ChannelId, key: str | None = None
    ) -> Channel:
        """A channel that the client's user may see.

        Raises:
            Refusal: there is none, or not for this user.
            StoreUnavailable: it cannot be looked up now.
        """
        access = await self._services.store.channels.access(client.user.id, channel_id)
        if access is None or not access.allowed:
            raise Refusal(ErrorCode.NOT_A_MEMBER, key)
        return access.channel


def _user_id(text: Data) -> UserId | None:
    number = from_uuid(IdKind.USER, text)
    return None if number is None else UserId(number)
