"""Command -> service: what each thing a client may ask leads to.

Guarantees: every command has a branch (mypy checks it), and a refusal reaches only who asked.
Sends and typing wait only for room in a queue, never for a result; what a connection asks to know
or to join is answered before its next frame is read, so that a send right after a join counts.
Must not know: dialects, sockets, SQL.
"""

from datetime import UTC, datetime
from typing import TypeAlias, assert_never

import trio
from attrs import evolve, frozen

from hub.actor.client import Client
from hub.services.assistant.assistant import Assistant
from hub.services.channels import Channels
from hub.services.posting.lane import Settle, Settlement, deliveries_of
from hub.services.posting.messaging import Messaging, draft_for
from hub.services.receipts import Receipts
from hub.services.resume import Resume
from hub.services.typing import TypingIndicators
from hub.services.workspaces import Workspaces
from persistence.interface import Accounts, Messages, Relations
from persistence.records import Draft, Posted, StoreUnavailable
from protocol.commands import (
    Answer,
    Command,
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
from protocol.errors import REFUSAL_CODES, ErrorCode
from protocol.events import ConversationHistory, ConversationSubscribed, Refused
from protocol.model import Refusal

_LookUp: TypeAlias = (
    JoinChannel
    | MarkRead
    | MarkDelivered
    | FetchHistory
    | Identify
    | ResumeConversations
    | ResumeChannels
)


@frozen
class Commands:
    """Carries out what connections ask for."""

    accounts: Accounts
    messages: Messages
    relations: Relations
    messaging: Messaging
    typing: TypingIndicators
    receipts: Receipts
    channels: Channels
    workspaces: Workspaces
    assistant: Assistant
    resume: Resume

    async def carry_out(self, client: Client, command: Command) -> None:
        """Do what `command` asks, or start it."""
        match command:
            case SendPrivateMessage():
                await self._send(client, command)
            case PostToChannel():
                await self._post(client, command)
            case SetTyping(recipient_id=recipient_id, is_typing=is_typing):
                await self.typing.to_user(client, recipient_id, is_typing=is_typing)
            case TypeInChannel(channel_id=channel_id, is_typing=is_typing):
                channel = self.channels.joined(client, channel_id)
                if channel is not None:
                    await self.typing.in_channel(client, channel, is_typing=is_typing)
            case LeaveChannel(channel_id=channel_id):
                await self.channels.leave(client, channel_id)
            case SetSubscription(conversation=conversation, subscribed=subscribed):
                now = datetime.now(UTC)
                client.tell(ConversationSubscribed(conversation, subscribed, now))
            case Answer(event=event):
                client.tell(event)
            case (
                JoinChannel()
                | MarkRead()
                | MarkDelivered()
                | FetchHistory()
                | Identify()
                | ResumeConversations()
                | ResumeChannels()
            ):
                await self._look_up(client, command)
            case _:
                assert_never(command)

    def gone(self, client: Client) -> None:
        """The connection ended."""
        self.typing.gone(client)
        self.channels.gone(client)
        self.workspaces.gone(client)

    async def _look_up(
        self,
        client: Client,
        command: _LookUp,
    ) -> None:
        try:
            match command:
                case JoinChannel(channel_id=channel_id):
                    await self.channels.join(client, channel_id)
                case MarkRead(message_id=message_id, channel_id=channel_id):
                    await self.receipts.read_by_client(client, message_id, channel_id)
                case MarkDelivered(message_id=message_id):
                    await self.receipts.delivered_up_to(client.user.id, message_id)
                case FetchHistory():
                    await self._history(client, command)
                case Identify(user_id=user_id):
                    await self.workspaces.identify(client, user_id)
                case ResumeConversations(after=peers):
                    await self.resume.conversations(client, peers)
                case ResumeChannels(after=channels, enter=enter):
                    await self.resume.channels(client, channels, enter=enter)
                case _:
                    assert_never(command)
        except StoreUnavailable:
            client.tell(Refused.because(ErrorCode.LOOKUP_FAILED))

    async def _history(self, client: Client, command: FetchHistory) -> None:
        pair, me = command.pair, client.user.id
        if me not in pair:
            client.tell(Refused.because(ErrorCode.HISTORY_UNAVAILABLE))
            return
        peer = pair[1] if pair[0] == me else pair[0]
        (permit,) = await self.relations.may_see([(me, peer)])
        if permit.is_closed:
            client.tell(Refused.because(ErrorCode.HISTORY_UNAVAILABLE))
            return
        messages = await self.messages.conversation_page(me, peer, offset=0, limit=command.limit)
        people = await self.accounts.get_many(pair)
        client.tell(ConversationHistory(pair, messages, people, datetime.now(UTC)))

    async def _send(self, client: Client, command: SendPrivateMessage) -> None:
        draft = Draft(
            client.user.id,
            command.recipient_id,
            command.content,
            command.key,
            command.kind,
            command.file_url,
            parent_id=command.parent_id,
        )
        if self._has_token(client, command.key):
            await self.submit(client, draft, _settle_with(client, draft))

    async def _post(self, client: Client, command: PostToChannel) -> None:
        channel = self.channels.joined(client, command.channel_id)
        if channel is None:
            client.tell(Refused.because(ErrorCode.NOT_JOINED, command.key))
            return
        if not self._has_token(client, command.key):
            return
        draft = evolve(
            draft_for(channel, client.user.id, command.content, command.key),
            kind=command.kind,
            file_url=command.file_url,
            parent_id=command.parent_id,
        )
        settle = _settle_with(client, draft)

        def settle_and_ask(settlement: Settlement) -> None:
            settle(settlement)
            if isinstance(settlement, Posted) and not settlement.repeated:
                self.assistant.consider(channel, settlement.message, client.user, client)

        await self.submit(client, draft, settle_and_ask)

    def _has_token(self, client: Client, key: str | None) -> bool:
        now = trio.current_time()
        window = client.message_window
        if client.quota.messages.take(now) and (window is None or window.take(now)):
            return True
        client.tell(Refused.because(ErrorCode.RATE_LIMITED, key))
        return False

    async def submit(
        self,
        client: Client,
        draft: Draft,
        settle: Settle,
        *,
        besides: Client | None = None,
        confirm: Client | None = None,
    ) -> None:
        """As `Messaging.submit`; waits while too many of the user's messages are under way."""
        place = await client.quota.place()

        def release_and_settle(settlement: Settlement) -> None:
            place.release()
            settle(settlement)

        try:
            await self.messaging.submit(
                client.user, draft, release_and_settle, besides=besides, confirm=confirm
            )
        except BaseException:
            place.release()
            raise


def _settle_with(client: Client, draft: Draft) -> Settle:
    """Tells who sent the draft what became of it, unless the broadcast's copy does."""

    def settle(settlement: Settlement) -> None:
        match settlement:
            case Posted(repeated=False):
                pass
            case Posted():
                # A repeat is confirmed to who repeated, and delivered to nobody.
                for delivery in deliveries_of(settlement, client.user):
                    client.tell(delivery.event)
            case Refusal():
                client.tell(Refused.because(REFUSAL_CODES[settlement], draft.key))
            case StoreUnavailable():
                client.tell(Refused.because(ErrorCode.UNAVAILABLE, draft.key))
            case _:
                assert_never(settlement)

    return settle
