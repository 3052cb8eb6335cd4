"""Sends every message of a user: rate, place in flight, draft, commit, answer, `@AI`.

Guarantees: messages from every transport are handled alike; `reply` gets the answer exactly once,
after the message was delivered to everyone else; a user has a bounded number of messages in flight,
and the place of each is given back on every path; a first message to a user opens a conversation,
and is counted as one. It waits for room only, never for a commit. Before that it looks up a
channel that the asker has not joined, and the conversation if the asker may open no more of them.
Must not know: dialects, sockets, SQL.
"""

from typing import assert_never

import trio
from attrs import frozen

from hub.limits.quotas import Kind
from hub.services.asker import Asker, ChannelScope, Outcomes, Reply
from hub.services.assistant.assistant import Assistant
from hub.services.channels import Channels
from hub.services.posting.lane import Settlement
from hub.services.posting.messaging import Messaging
from persistence.interface import Messages, Relations
from persistence.records import Draft, StoreUnavailable
from protocol.commands import Command, PostToChannel, SendPrivateMessage
from protocol.errors import REFUSAL_CODES, REFUSAL_TEXTS, TOO_OFTEN, ErrorCode
from protocol.events import Refused
from protocol.model import Channel, Message, Posted, Refusal


@frozen
class Sending:
    """Carries out the two commands that send a message. Both methods return the answer, or
    None if `reply` gets it after the commit. `outcomes`: counts the answers that `reply` gets.
    """

    messages: Messages
    relations: Relations
    messaging: Messaging
    channels: Channels
    assistant: Assistant
    outcomes: Outcomes

    async def to_user(
        self, asker: Asker, command: SendPrivateMessage, reply: Reply
    ) -> Refused | None:
        """Send a private message."""
        draft = Draft(
            asker.user.id,
            command.recipient_id,
            command.content,
            command.key,
            command.kind,
            command.file_url,
            parent_id=command.parent_id,
            forwards=command.forwards,
        )
        if not _may_send(asker):
            return Refused.because(ErrorCode.RATE_LIMITED, command.key)
        if not asker.quota.left(Kind.CONVERSATIONS, trio.current_time()):
            refused = await self._opens_one_too_many(asker, command)
            if refused is not None:
                return refused
        await self._submit(asker, SendPrivateMessage, draft, None, reply)
        return None

    async def _opens_one_too_many(
        self, asker: Asker, command: SendPrivateMessage
    ) -> Refused | None:
        """The refusal if the message would open a conversation: the asker may open none now."""
        try:
            view = await self.relations.conversation_view(asker.user.id, command.recipient_id)
        except StoreUnavailable:
            return Refused.because(ErrorCode.UNAVAILABLE, command.key)
        if view.channel_id is not None:
            return None
        wait = asker.quota.retry_after(Kind.CONVERSATIONS, trio.current_time())
        return Refused(ErrorCode.RATE_LIMITED, TOO_OFTEN, command.key, retry_after=wait)

    async def to_channel(
        self, asker: Asker, command: PostToChannel, reply: Reply
    ) -> Posted | Refused | None:
        """Send a message to a channel. Where clients join channels, a message without a key to one
        that was not joined is refused and not counted; any other is counted before the lookup.
        """
        channel = self.channels.joined(asker, command.channel_id)
        is_outside = channel is None and asker.scope is ChannelScope.JOINED
        if is_outside and command.key is None:
            return Refused.because(ErrorCode.NOT_JOINED)
        if not _may_send(asker):
            return Refused.because(ErrorCode.RATE_LIMITED, command.key)
        if channel is None:
            try:
                found = await self._look_up(asker, command)
            except StoreUnavailable:
                found = ErrorCode.UNAVAILABLE
            if isinstance(found, ErrorCode):
                return Refused.because(found, command.key)
            if isinstance(found, Posted):
                return found
            channel = found
        # A draft for a dm names the recipient, so that it takes the lane of the two people.
        peer = channel.peer_of(asker.user.id)
        draft = Draft(
            asker.user.id,
            peer,
            command.content,
            command.key,
            command.kind,
            command.file_url,
            channel_id=channel.id if peer is None else None,
            parent_id=command.parent_id,
            forwards=command.forwards,
            is_homework=command.is_homework,
        )
        await self._submit(asker, PostToChannel, draft, channel, reply)
        return None

    async def _look_up(self, asker: Asker, command: PostToChannel) -> Channel | Posted | ErrorCode:
        """A channel that was not joined, if the asker may send there; else the stored message that
        the command repeats; else the error.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        found: Channel | ErrorCode = ErrorCode.NOT_JOINED
        if asker.scope is not ChannelScope.JOINED:
            found = await self.channels.look_up(asker.user.id, command.channel_id)
        if isinstance(found, Channel) or command.key is None:
            return found
        draft = Draft(
            asker.user.id,
            None,
            command.content,
            command.key,
            command.kind,
            command.file_url,
            command.channel_id,
            parent_id=command.parent_id,
            forwards=command.forwards,
        )
        return await self.messages.repeated(draft) or found

    async def _submit(
        self,
        asker: Asker,
        command: type[Command],
        draft: Draft,
        channel: Channel | None,
        reply: Reply,
    ) -> None:
        """Hand a draft to its lane. `channel`: where the assistant replies to `@AI`; None: it does
        not reply, because this is a private message.
        """
        place = await asker.quota.place()

        def settle(settlement: Settlement) -> None:
            place.release()
            if isinstance(settlement, Posted):
                self.outcomes[asker.dialect, command, None] += 1
                reply(settlement)
                if not settlement.repeated:
                    self._posted(asker, settlement.message, channel)
            else:
                refused = _refused(settlement, draft.key, channel)
                self.outcomes[asker.dialect, command, refused.code] += 1
                reply(refused)

        try:
            await self.messaging.submit(
                asker.user, draft, settle, besides=asker.besides, confirm=asker.confirm
            )
        except BaseException:  # cancelled while the lane's queue was full: not submitted
            place.release()
            raise

    def _posted(self, asker: Asker, message: Message, channel: Channel | None) -> None:
        """Pass a new message to the assistant, or count the conversation that it opened."""
        if channel is not None and not message.is_forwarded:  # a forwarded copy asks nothing
            self.assistant.consider(channel, message, asker.user, asker.client, asker.quota)
        if channel is None and message.seq == 1:
            asker.quota.take(Kind.CONVERSATIONS, trio.current_time())


def _refused(
    settlement: Refusal | StoreUnavailable, key: str | None, channel: Channel | None
) -> Refused:
    match settlement:
        case Refusal.RECIPIENT_NOT_FOUND if channel is not None:  # the dm is closed by now
            return Refused.because(ErrorCode.CHANNEL_NOT_FOUND, key)
        case Refusal():
            return Refused(REFUSAL_CODES[settlement], REFUSAL_TEXTS[settlement], key)
        case StoreUnavailable():
            return Refused.because(ErrorCode.UNAVAILABLE, key)
        case _:
            assert_never(settlement)


def _may_send(asker: Asker) -> bool:
    """Count a message against the asker's own limit and then, if it is within that, against the
    quota of the user.
    """
    now = trio.current_time()
    window = asker.window
    return (window is None or window.take(now)) and asker.quota.take(Kind.MESSAGES, now)
