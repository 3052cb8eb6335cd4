"""Coming back: what a connection missed, in order, and then live again, without gap or repetition.

Guarantees: live events are held back from before the log is read until after, and those that the
log gave already are dropped, so it does not matter what is posted meanwhile; no message that this
connection was told of before is told again; what is told keeps the pace of its reader. Must not
know: dialects, SQL, sockets.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Self, TypeAlias

from attrs import define, evolve, field, frozen

from hub.actor.client import Client, Stretch
from hub.services.channels import Channels
from persistence.interface import Accounts, Messages
from persistence.interface import Channels as ChannelStore
from persistence.records import ChannelHead, Span
from protocol.errors import TRY_AGAIN, ErrorCode
from protocol.events import (
    ChannelMessagePosted,
    ChannelsResumed,
    ConversationsResumed,
    Event,
    JoinedChannel,
    PrivateMessagePosted,
    Refused,
)
from protocol.model import Channel, ChannelId, Message, User, UserId

PAGE_MESSAGES: Final = 200

Render: TypeAlias = Callable[[Channel, Message, User], Event | None]


@frozen
class _Missed:
    """What a connection is to be told of a channel: `span`. Then it has all up to `upto`."""

    channel: Channel
    span: Span
    upto: int
    complete: bool


@define
class _CatchUp:
    """A connection while it is told what it missed: nothing live reaches it.

    `told`: by channel, the seq up to which the log has spoken.
    """

    client: Client
    told: dict[ChannelId, int] = field(factory=dict)

    def __enter__(self) -> Self:
        self.client.hold()
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if failure is None:
            self.client.release(self.told)
        else:  # it must not go on without what it missed
            self.client.close(TRY_AGAIN)

    def tell(self, event: Event) -> None:
        """Tell an event that was missed, or the end of them."""
        self.client.replay(event)

    def is_told(self, missed: _Missed) -> None:
        """Everything in the span was told."""
        channel_id, span = missed.channel.id, missed.span
        self.told[channel_id] = span.until
        if missed.complete:
            heard = self.client.heard.setdefault(channel_id, Stretch(span.after + 1, missed.upto))
            heard.first = min(heard.first, span.after + 1)


class Resume:
    """Tells connections what they missed.

    Args:
        store: knows how far each channel has got.
        messages: the log.
        accounts: who wrote what.
        channels: lets connections into channels.
        limit: messages of one channel that are told at most.
    """

    def __init__(
        self,
        store: ChannelStore,
        messages: Messages,
        accounts: Accounts,
        channels: Channels,
        *,
        limit: int,
    ) -> None:
        self._store = store
        self._messages = messages
        self._accounts = accounts
        self._channels = channels
        self._limit = limit

    async def conversations(self, client: Client, after: Mapping[frozenset[UserId], int]) -> None:
        """Tell what was missed in private conversations, then that this was all.

        Args:
            client: the connection.
            after: the last seq it has, by the people of the conversation; see
                `ResumeConversations`.

        Raises:
            StoreUnavailable: it cannot be read now; the connection is closed and may come back.
        """
        user_id = client.user.id
        positions = {people - {user_id}: seq for people, seq in after.items()}

        def position(channel: Channel) -> int | None:
            peer = channel.peer_of(user_id)
            return None if peer is None else positions.get(frozenset((peer,)), 0)

        with _CatchUp(client) as catch_up:
            missed = self._missed(client, await self._store.heads(user_id), position)
            missed = await self._tell(catch_up, missed, _private_message)
            upto = {
                peer: each.upto
                for each in missed
                if each.upto and (peer := each.channel.peer_of(user_id)) is not None
            }
            now = datetime.now(UTC)
            catch_up.tell(ConversationsResumed(user_id, _is_complete(missed), upto, now))

    async def channels(
        self, client: Client, after: Mapping[ChannelId, int], *, enter: bool
    ) -> None:
        """Let a connection into channels, tell what it missed there, then that this was all.

        Args:
            client: the connection.
            after: the last seq it has, by channel; when empty, every channel of its user from 0.
            enter: false when it is told of the channels without joining them.

        Raises:
            StoreUnavailable: it cannot be read now; the connection is closed and may come back.
        """
        with _CatchUp(client) as catch_up:
            missed = await self._enter(catch_up, after, enter=enter)
            if len(missed) < len(after):
                catch_up.tell(Refused.because(ErrorCode.NOT_A_MEMBER))
            upto = {each.channel.id: each.upto for each in missed}
            catch_up.tell(ChannelsResumed(_is_complete(missed), upto))

    async def can_recover(self, user_id: UserId, after: Mapping[ChannelId, int]) -> bool:
        """Whether `recover` would leave nothing out.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        heads = await self._store.heads(user_id, after.keys())
        return all(head.last_seq - after[head.channel.id] <= self._limit for head in heads)

    async def recover(self, client: Client, after: Mapping[ChannelId, int]) -> None:
        """Put a connection where an earlier one was, which was told up to these positions.

        Raises:
            StoreUnavailable: it cannot be read now; the connection is closed and may come back.
        """
        with _CatchUp(client) as catch_up:
            if after:
                await self._enter(catch_up, after, enter=True)

    async def _enter(
        self, catch_up: _CatchUp, after: Mapping[ChannelId, int], *, enter: bool
    ) -> Sequence[_Missed]:
        client = catch_up.client
        heads = await self._store.heads(client.user.id, after.keys() or None)
        if enter:
            for head in heads:
                catch_up.tell(JoinedChannel(head.channel.id))
                await self._channels.enter(client, head.channel)
            # Until then what was posted was not told live, so look again how far it got.
            entered = {head.channel.id for head in heads}
            heads = await self._store.heads(client.user.id, entered)
            for channel_id in entered - {head.channel.id for head in heads}:
                await self._channels.expel(client, channel_id)  # lost in between
        missed = self._missed(client, heads, lambda channel: after.get(channel.id, 0))
        return await self._tell(catch_up, missed, _channel_message)

    def _missed(
        self,
        client: Client,
        heads: Sequence[ChannelHead],
        position: Callable[[Channel], int | None],
    ) -> Sequence[_Missed]:
        """What is to be told of each channel that has a position."""
        missed: list[_Missed] = []
        for head in heads:
            channel_id, last = head.channel.id, head.last_seq
            given = position(head.channel)
            if given is not None:
                after = min(_after_what_it_heard(client, channel_id, given), last)
                # what the connection was told live since it came need not be told again
                live = client.heard.get(channel_id)
                end = last if live is None else min(last, live.first - 1)
                until = min(end, after + self._limit)
                complete = until == end
                span = Span(channel_id, after, max(until, after))
                # what was posted since the last one that it was told live comes after the marker
                upto = until if not complete else last if live is None else min(last, live.last)
                missed.append(_Missed(head.channel, span, upto, complete))
        return missed

    async def _tell(
        self, catch_up: _CatchUp, missed: Sequence[_Missed], render: Render
    ) -> Sequence[_Missed]:
        """Tell what is in the log, a page at a time, as fast as it is read. Returns what was told:
        not the channels that were lost in between.
        """
        client, channels = catch_up.client, {each.channel.id: each.channel for each in missed}
        spans = [each.span for each in missed if each.span.until > each.span.after]
        while spans:
            page = await self._messages.in_spans(client.user.id, spans, limit=PAGE_MESSAGES)
            people = await self._accounts.get_many({message.author_id for message in page})
            for message in page:
                channel = channels[message.channel_id]
                event = render(channel, message, people[message.author_id])
                if event is not None:
                    catch_up.tell(event)
                catch_up.told[channel.id] = message.seq
                if client.link.is_behind:
                    await client.link.caught_up()
            client.flush()
            spans = _after(spans, page[-1]) if len(page) == PAGE_MESSAGES else []
        told = await self._told(catch_up, missed)
        for each in told:
            catch_up.is_told(each)
        return told

    async def _told(self, catch_up: _CatchUp, missed: Sequence[_Missed]) -> Sequence[_Missed]:
        """Those that were read to the end. The log gives nothing of a channel that was lost in
        between; nor does it where the last messages are deleted.
        """
        short = {
            each.channel.id
            for each in missed
            if catch_up.told.get(each.channel.id, each.span.after) < each.span.until
        }
        if not short:
            return missed
        heads = await self._store.heads(catch_up.client.user.id, short)
        lost = short - {head.channel.id for head in heads}
        return [each for each in missed if each.channel.id not in lost]


def _after_what_it_heard(client: Client, channel_id: ChannelId, given: int) -> int:
    """The position that a client named, or what it was told since it wrote that."""
    before = client.heard_before.get(channel_id)
    if before is not None and before.first - 1 <= given:
        return max(given, before.last)
    return given


def _is_complete(missed: Sequence[_Missed]) -> bool:
    return all(each.complete for each in missed)


def _after(spans: Sequence[Span], message: Message) -> list[Span]:
    """What is left of the spans after this message of one of them."""
    index = next(i for i, span in enumerate(spans) if span.channel_id == message.channel_id)
    return [evolve(spans[index], after=message.seq), *spans[index + 1 :]]


def _private_message(channel: Channel, message: Message, author: User) -> Event | None:
    del channel
    recipient_id = message.recipient_id  # none in the assistant's answers
    return None if recipient_id is None else PrivateMessagePosted(message, author, recipient_id)


def _channel_message(channel: Channel, message: Message, author: User) -> Event:
    return ChannelMessagePosted(message, author, channel.workspace_id)
