"""What each event of a client leads to, and how it is answered.

Guarantees: a command takes the same way as in every other dialect; who may not do something is told
with `message:error` and in the answer; the channels a client is in are remembered for its recovery
before it is told of them. Must not know: packets, tokens, other dialects.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, assert_never

import trio
from attrs import evolve

from hub.actor.client import Client
from hub.limits.windows import SlidingWindow
from hub.services.assembly import Services
from hub.services.posting.lane import Settlement
from hub.services.posting.messaging import draft_for
from hub.socketio.member import Member
from hub.socketio.recovery import RecoveryDesk
from persistence.records import Posted, StoreUnavailable
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
    ResumeChannels,
    ResumeConversations,
    SendPrivateMessage,
    SetSubscription,
    SetTyping,
    TypeInChannel,
)
from protocol.dialect import CodecLimits, EventDialect
from protocol.errors import REFUSAL_CODES, ErrorCode, WireError
from protocol.events import MessageConfirmed, Refused
from protocol.model import Channel, ChannelId
from protocol.socketio.packets import Data

Reply: TypeAlias = Callable[[Mapping[str, Data]], None]
"""Gets the answer to an event, once."""


class Refusal(Exception):
    """A command that is not carried out."""

    def __init__(self, code: ErrorCode, key: str | None = None) -> None:
        self.code = code
        self.key = key
        super().__init__(code)


class EventAnswers:
    """Carries out events.

    Args:
        dialect: what is spoken.
        services: what it leads to.
        recoveries: where the channels of a client are remembered.
    """

    def __init__(self, dialect: EventDialect, services: Services, recoveries: RecoveryDesk) -> None:
        self._dialect = dialect
        self._services = services
        self._recoveries = recoveries
        self._limits = CodecLimits(services.config.max_content_chars)
        self._rate = SlidingWindow(services.config.event_messages, 1.0)

    async def answer(self, member: Member, name: str, args: Sequence[Data], reply: Reply) -> None:
        """Do what an event asks, or start it; `reply` gets the answer. What is refused is told as
        well. Does not wait for the commit of a message: more may be sent behind it.
        """
        client = member.client
        try:
            command = self._dialect.receive(name, args, self._limits)
            await self._carry_out(member, name, command, reply)
        except WireError as error:
            self._refuse(client, Refused(error.code, error.text, error.key), reply)
        except Refusal as refusal:
            self._refuse(client, Refused.because(refusal.code, refusal.key), reply)
        except StoreUnavailable:
            self._refuse(client, Refused.because(ErrorCode.UNAVAILABLE), reply)

    def _refuse(self, client: Client, refused: Refused, reply: Reply) -> None:
        client.tell(refused)
        shown = self._dialect.error_text(refused.code, refused.text)
        reply({"success": False, "error": shown, "code": refused.code})

    async def _carry_out(
        self, member: Member, name: str, command: EventCommand, reply: Reply
    ) -> None:
        services, client = self._services, member.client
        answer: Mapping[str, Data] = {"success": True}
        match command:
            case PostToChannel():
                await self._post(client, command, reply)
                return
            case JoinChannel(channel_id=channel_id):
                await self._entered_now(member, channel_id)
                channel = await self._channel(client, channel_id)
                await services.channels.enter(client, channel)
                answer = self._dialect.joined(channel_id)
            case LeaveChannel(channel_id=channel_id):
                await services.commands.carry_out(client, command)
                await self._left(member, channel_id)
                answer = self._dialect.joined(channel_id)
            case ResumeChannels(after=after):
                await self._entered(member, after)
                await services.resume.channels(client, after, enter=True)
            case TypeInChannel(channel_id=channel_id, is_typing=is_typing):
                channel = await self._joined(client, channel_id)
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
                answer = self._dialect.history(name, page, people)
            case (
                SendPrivateMessage()
                | SetTyping()
                | FetchHistory()
                | Identify()
                | SetSubscription()
                | ResumeConversations()
                | Answer()
            ):
                await services.commands.carry_out(client, command)
            case _:
                assert_never(command)
        reply(answer)

    async def _post(self, client: Client, command: PostToChannel, reply: Reply) -> None:
        now = trio.current_time()
        if not self._rate.take(client.user.id, now) or not client.quota.messages.take(now):
            raise Refusal(ErrorCode.RATE_LIMITED, command.key)
        channel = await self._joined(client, command.channel_id, command.key)
        draft = evolve(
            draft_for(channel, client.user.id, command.content, command.key),
            parent_id=command.parent_id,
        )
        echo = self._services.config.echo_new_to_sender

        def settle(settlement: Settlement) -> None:
            match settlement:
                case Posted(message=message, repeated=repeated):
                    if repeated:
                        client.tell(MessageConfirmed(message, joined=False))
                    else:
                        self._services.assistant.consider(channel, message, client.user, client)
                    view = self._dialect.message(message, client.user)
                    reply({**view, "success": True, "data": view})
                case StoreUnavailable():
                    self._refuse(client, Refused.because(ErrorCode.UNAVAILABLE), reply)
                case _:
                    refused = Refused.because(REFUSAL_CODES[settlement], command.key)
                    self._refuse(client, refused, reply)

        await self._services.commands.submit(
            client, draft, settle, besides=None if echo else client, confirm=client
        )

    async def _entered(self, member: Member, after: Mapping[ChannelId, int]) -> None:
        """The client goes on in these channels after the given seqs; when empty, in all from 0."""
        slip = member.slip
        if slip is not None:
            heads = await self._services.store.channels.heads(slip.user_id, after.keys() or None)
            slip.entered |= {head.channel.id: after.get(head.channel.id, 0) for head in heads}
            await self._recoveries.save(slip)

    async def _entered_now(self, member: Member, channel_id: ChannelId) -> None:
        """The client comes into a channel, and is told what happens from now on."""
        slip = member.slip
        if slip is None:
            return
        heads = await self._services.store.channels.heads(slip.user_id, [channel_id])
        if heads:
            slip.entered |= {head.channel.id: head.last_seq for head in heads}
            await self._recoveries.save(slip)

    async def _left(self, member: Member, channel_id: ChannelId) -> None:
        if member.link.positions is not None:
            member.link.positions.pop(channel_id, None)
        if member.slip is not None and member.slip.entered.pop(channel_id, None) is not None:
            await self._recoveries.save(member.slip)

    async def _joined(
        self, client: Client, channel_id: ChannelId, key: str | None = None
    ) -> Channel:
        """As `_channel`, where Postgres is asked for the right again with what is done there."""
        joined = self._services.channels.joined(client, channel_id)
        return joined or await self._channel(client, channel_id, key)

    async def _channel(
        self, client: Client, channel_id: ChannelId, key: str | None = None
    ) -> Channel:
        """A channel that the client's user may see.

        Raises:
            Refusal: there is none, or not for this user.
            StoreUnavailable: it cannot be looked up now.
        """
        access = await self._services.channels.access(client.user.id, channel_id)
        if access is None or not access.allowed:
            raise Refusal(ErrorCode.NOT_A_MEMBER, key)
        return access.channel
