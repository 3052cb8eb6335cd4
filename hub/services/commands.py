"""Dispatches every command to its service, for all dialects and transports.

Guarantees: this is the only match on `Command`, and mypy checks that it is exhaustive; `reply` gets
exactly one answer to each command. Messages and typing wait for room in a queue, never for a
commit; a channel that the asker has not joined is looked up first. All other commands are answered
before `carry_out` returns, so a message that is sent right after a join finds the channel joined.
Must not know: dialects, sockets, HTTP, SQL.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, assert_never

import trio
from attrs import frozen

from hub.actor.client import Client
from hub.services.asker import Asker, ChannelScope, Outcomes, Reply
from hub.services.channels import Channels
from hub.services.notes import Notes
from hub.services.receipts import Receipts
from hub.services.resume import Resume
from hub.services.revisions import Revisions
from hub.services.sending import Sending
from hub.services.typing.indicators import TypingIndicators
from hub.services.workspaces import Workspaces
from persistence.interface import Accounts, Messages, Relations
from persistence.records import Gone, StoreUnavailable
from protocol.answers import DONE, Answer, Joined, Left, Notice, Page
from protocol.commands import (
    Command,
    FetchChannel,
    FetchHistory,
    HideConversation,
    HideMessage,
    Identify,
    JoinChannel,
    LeaveChannel,
    MarkConversationRead,
    MarkDelivered,
    MarkRead,
    MarkUnread,
    MuteChannel,
    MuteConversation,
    PostToChannel,
    Respond,
    ResumeChannels,
    ResumeConversations,
    ReviseMessage,
    SendPrivateMessage,
    SetSubscription,
    SetTyping,
    TypeInChannel,
)
from protocol.errors import ErrorCode
from protocol.events import ConversationHistory, ConversationSubscribed, Refused
from protocol.model import ChannelId

FRAMES: Final[Mapping[type[Command], int]] = {
    FetchChannel: 20,
    FetchHistory: 20,
    Identify: 20,
    ResumeChannels: 50,
    ResumeConversations: 50,
}
"""How many simple frames take the hub as long as a command; the next command of the connection is
delayed accordingly. All others cost one. Services count messages, typing, revisions and notes.
"""


@frozen
class Commands:
    """Carries out commands, and counts their answers in `outcomes`."""

    accounts: Accounts
    messages: Messages
    relations: Relations
    sending: Sending
    revisions: Revisions
    typing: TypingIndicators
    receipts: Receipts
    notes: Notes
    channels: Channels
    workspaces: Workspaces
    resume: Resume
    outcomes: Outcomes

    async def carry_out(self, asker: Asker, command: Command, reply: Reply) -> None:
        """Carry out `command`, or start it; `reply` gets the answer."""
        frames = FRAMES.get(type(command))
        if frames is not None and asker.client is not None:
            asker.quota.pace.take(frames - 1, trio.current_time())
        try:
            answer = await self._answer(asker, command, reply)
        except (StoreUnavailable, Gone):
            answer = Refused.because(ErrorCode.LOOKUP_FAILED)
        if answer is not None:
            code = answer.code if isinstance(answer, Refused) else None
            self.outcomes[asker.dialect, type(command), code] += 1
            reply(answer)

    async def _answer(  # noqa: C901, PLR0912  one row for each command
        self, asker: Asker, command: Command, reply: Reply
    ) -> Answer | None:
        """The answer; None when `reply` gets it after the commit."""
        match command:
            case SendPrivateMessage():
                return await self.sending.to_user(asker, command, reply)
            case PostToChannel():
                return await self.sending.to_channel(asker, command, reply)
            case SetTyping(recipient_id=recipient_id, is_typing=is_typing):
                await self.typing.to_user(asker.connection, recipient_id, is_typing=is_typing)
                return DONE
            case TypeInChannel():
                return await self._type_in_channel(asker, command)
            case JoinChannel(channel_id=channel_id):
                return await self._join(asker, channel_id)
            case LeaveChannel(channel_id=channel_id):
                if (channel := self.channels.joined(asker, channel_id)) is not None:
                    self.typing.left_by(asker.connection, channel)
                await self.channels.leave(asker.connection, channel_id)
                await asker.journal.left(channel_id)
                return Left(channel_id)
            case MarkRead():
                await self._mark_read(asker, command)
                return DONE
            case MarkConversationRead(peer_id=peer_id, up_to=up_to):
                await self.receipts.read_conversation(asker.user.id, peer_id, up_to=up_to)
                return DONE
            case MarkDelivered(message_id=message_id):
                await self.receipts.delivered_up_to(asker.user.id, message_id)
                return DONE
            case FetchChannel():
                return await self._page(asker, command)
            case FetchHistory():
                return await self._history(asker, command)
            case Identify(user_id=user_id):
                await self.workspaces.identify(asker.connection, user_id)
                return DONE
            case ResumeConversations():
                await self.resume.conversations(asker.connection, command)
                return DONE
            case ResumeChannels(after=after, epoch=epoch, revs=revs):
                known = self.resume.believed(after, epoch), self.resume.believed(revs, epoch)
                await asker.journal.resuming(*known)
                await self.resume.channels(asker.connection, command)
                return DONE
            case ReviseMessage():
                return await self.revisions.revise(asker.user, asker.quota, command)
            case MarkUnread() | HideMessage() | MuteChannel() | MuteConversation():
                return await self.notes.take(asker, command)
            case HideConversation(peer_id=peer_id):
                if await self.messages.archive(asker.user.id, peer_id):
                    return DONE
                return Refused.because(ErrorCode.CONVERSATION_NOT_FOUND)
            case SetSubscription(conversation=conversation, subscribed=subscribed):
                now = datetime.now(UTC)
                return Notice(ConversationSubscribed(conversation, subscribed, now))
            case Respond(event=event):
                return Notice(event)
            case _:
                assert_never(command)

    async def _type_in_channel(self, asker: Asker, command: TypeInChannel) -> Answer:
        channel = await self.channels.find(asker, command.channel_id)
        if isinstance(channel, ErrorCode):
            # a client may type before its join is confirmed: that is no error
            return DONE if channel is ErrorCode.NOT_JOINED else Refused.because(channel)
        await self.typing.in_channel(asker.connection, channel, is_typing=command.is_typing)
        return DONE

    async def _join(self, asker: Asker, channel_id: ChannelId) -> Answer:
        await asker.journal.joining(channel_id)
        refusal = await self.channels.join(asker.connection, channel_id)
        return Joined(channel_id) if refusal is None else Refused.because(refusal)

    async def _mark_read(self, asker: Asker, command: MarkRead) -> None:
        match asker.scope:
            case ChannelScope.JOINED:
                await self.receipts.read_by_client(
                    asker.connection, command.message_id, command.channel_id
                )
            case ChannelScope.VISIBLE:
                await self.receipts.read_up_to(asker.user.id, command.message_id, asker.client)
            case _:
                assert_never(asker.scope)

    async def _page(self, asker: Asker, command: FetchChannel) -> Answer:
        channel = await self.channels.look_up(asker.user.id, command.channel_id)
        if isinstance(channel, ErrorCode):
            return Refused.because(channel)
        messages = await self.messages.channel_page(
            channel.id, before=None, limit=command.limit, viewer=asker.user.id
        )
        people = await self.accounts.get_many({message.author_id for message in messages})
        return Page(messages, people)

    async def _history(self, asker: Asker, command: FetchHistory) -> Answer:
        unavailable = Refused.because(ErrorCode.HISTORY_UNAVAILABLE)
        pair, me = command.pair, asker.user.id
        if me not in pair:
            return unavailable
        peer = pair[1] if pair[0] == me else pair[0]
        people = await self.accounts.get_many(pair)
        view = await self.relations.conversation_view(me, peer)
        if peer not in people or view.is_hidden or view.is_closed:
            return unavailable
        messages = await self.messages.conversation_page(me, peer, offset=0, limit=command.limit)
        return Notice(ConversationHistory(pair, messages, people, datetime.now(UTC)))

    def malformed(self, asker: Asker, code: ErrorCode) -> None:
        """Count a frame that is no command."""
        self.outcomes[asker.dialect, None, code] += 1

    def gone(self, client: Client) -> None:
        """The connection ended."""
        self.typing.gone(client)
        self.workspaces.gone(client)
