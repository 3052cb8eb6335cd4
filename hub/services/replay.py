"""The part of a resume that sends the messages that were missed, from the log.

Guarantees: no message is sent twice on one connection; the replay is no faster than the peer reads,
and other tasks get their turns meanwhile; a message that the user may not see is not sent. Must not
know: dialects, SQL, sockets, what the client asked for.
"""

from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeAlias

from attrs import define, evolve, field, frozen

from hub.actor.backlog import Missing
from hub.actor.client import Client
from persistence.interface import Accounts, Messages
from persistence.interface import Channels as ChannelStore
from persistence.records import Span
from protocol.events import ChannelMessagePosted, Event, PrivateMessagePosted
from protocol.model import Channel, ChannelId, Message, User, with_authors

PAGE_MESSAGES: Final = 200
PART_MESSAGES: Final = 32  # that are sent between two turns of other tasks

Render: TypeAlias = Callable[[Channel, Message, User], Event | None]


class ResumeResult(StrEnum):
    """How a resume ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"  # there is more than was sent
    FAILED = "failed"  # the connection was closed


@define
class ResumeFigures:
    """Counts since the start. `resumes`: by dialect, result, and whether everything was sent from
    the beginning. `replayed`: messages.
    """

    resumes: Counter[tuple[str, ResumeResult, bool]] = field(factory=Counter, init=False)
    replayed: int = field(default=0, init=False)

    def ended(self, client: Client, *, is_complete: bool, is_reset: bool) -> None:
        """A connection was sent what it missed, all of it or a part."""
        result = ResumeResult.COMPLETE if is_complete else ResumeResult.PARTIAL
        self.resumes[client.wire.name, result, is_reset] += 1

    def failed(self, client: Client) -> None:
        """The resume of a connection failed."""
        self.resumes[client.wire.name, ResumeResult.FAILED, False] += 1


@frozen
class Replay:
    """Sends messages from the log."""

    _store: ChannelStore
    _messages: Messages
    _accounts: Accounts
    _figures: ResumeFigures

    async def all(
        self,
        client: Client,
        channels: Mapping[ChannelId, Channel],
        missing: Sequence[Missing],
        render: Render,
    ) -> Sequence[Missing]:
        """Send the missing messages, a page at a time, as fast as the peer reads. Returns those of
        `missing` that were replayed to the end, without channels that the user may see no more.
        """
        replayed = {each.channel_id: each.after for each in missing}
        everything = [span for each in missing for span in each.spans]
        await self._send(client, channels, everything, render, replayed)
        allowed, lost = await self._short(client, missing, replayed)
        # A right may have ended before the log was read and have begun again since.
        rest = [span for each in allowed for span in _after(each.spans, replayed[each.channel_id])]
        await self._send(client, channels, rest, render, replayed)
        for each in missing:
            is_lost = each.channel_id in lost
            client.backlog.replayed(each, replayed[each.channel_id] if is_lost else each.upto)
        return [each for each in missing if each.channel_id not in lost]

    async def _send(
        self,
        client: Client,
        channels: Mapping[ChannelId, Channel],
        spans: Sequence[Span],
        render: Render,
        replayed: dict[ChannelId, int],
    ) -> None:
        """Send the messages of these spans; `replayed` gets the last seq sent of each channel."""
        while spans:
            page = await self._messages.in_spans(client.user.id, spans, limit=PAGE_MESSAGES)
            people = await self._accounts.get_many({message.author_id for message in page})
            replayed.update({message.channel_id: message.seq for message in page})
            rest = deque(with_authors(page, people))
            while rest:
                left = len(rest)
                async with client.quota.requests:  # the others have their turn, however many resume
                    _replay_some(client, channels, rest, render)
                self._figures.replayed += left - len(rest)
                if client.link.is_behind:
                    await client.link.caught_up()
            client.flush()
            spans = _rest(spans, page[-1]) if len(page) == PAGE_MESSAGES else []

    async def _short(
        self, client: Client, missing: Sequence[Missing], replayed: Mapping[ChannelId, int]
    ) -> tuple[Sequence[Missing], Collection[ChannelId]]:
        """Find the channels that were not replayed up to the end of their spans: the last messages
        are deleted or hidden, or the user could not see the channel. Returns those that the user
        may see now, and the ids of the others.
        """
        short = {
            each.channel_id: each
            for each in missing
            if each.spans and replayed[each.channel_id] < each.spans[-1].until
        }
        if not short:
            return (), ()
        heads = await self._store.heads(client.user.id, short.keys())
        allowed = {head.channel.id for head in heads}
        return [short[channel_id] for channel_id in allowed], short.keys() - allowed


def _replay_some(
    client: Client,
    channels: Mapping[ChannelId, Channel],
    rest: deque[tuple[Message, User]],
    render: Render,
) -> None:
    """Send up to `PART_MESSAGES` of the messages, fewer if the peer falls behind."""
    for _ in range(min(PART_MESSAGES, len(rest))):
        message, author = rest.popleft()
        event = render(channels[message.channel_id], message, author)
        if event is not None:
            client.replay(event)
        if client.link.is_behind:
            return


def _after(spans: Sequence[Span], seq: int) -> list[Span]:
    """What is left of one channel's spans after a position."""
    return [evolve(span, after=max(span.after, seq)) for span in spans if seq < span.until]


def _rest(spans: Sequence[Span], last: Message) -> list[Span]:
    """What is left of the spans after a page that ends with the message `last`."""
    index = next(
        index
        for index, span in enumerate(spans)
        if span.channel_id == last.channel_id and span.after < last.seq <= span.until
    )
    return [evolve(spans[index], after=last.seq), *spans[index + 1 :]]


def private_message(channel: Channel, message: Message, author: User) -> Event | None:
    """For connections that receive private messages."""
    del channel
    recipient_id = message.recipient_id  # none in the assistant's replies
    return None if recipient_id is None else PrivateMessagePosted(message, author, recipient_id)


def channel_message(channel: Channel, message: Message, author: User) -> Event:
    """For connections that receive channel messages."""
    return ChannelMessagePosted(message, author, channel.workspace_id)
