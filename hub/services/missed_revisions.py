"""The part of a resume that tells what was changed of messages that a connection has.

A message that is deleted is told wherever it is: a peer may have messages above the seq that it
names (those that it sent itself, or that came live above others), and what is posted is sent again
from there, which brings all of them but those that are deleted.

Guarantees: each of these messages is sent as it is now, in the order of revisions within a channel,
as fast as the peer reads. Must not know: dialects, SQL, what was posted meanwhile.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from attrs import evolve, frozen

from hub.actor.client import Client
from persistence.contents.revisions import RevisionSpan
from persistence.interface import Channels, Revisions
from persistence.records import ChannelHead
from protocol.events import ChannelMessageRevised, Event, PrivateMessageRevised
from protocol.model import Channel, ChannelId, Message

PAGE_MESSAGES: Final = 200
MAX_MESSAGES: Final = 10_000  # in one resume, of all channels together

RenderRevision: TypeAlias = Callable[[Channel, Message], Event | None]


@frozen
class MissedRevisions:
    """Tells connections what was changed.

    Args:
        store: what was.
        channels: whether a user may see a channel.
    """

    store: Revisions
    channels: Channels

    async def replay(
        self,
        client: Client,
        heads: Sequence[ChannelHead],
        known: Callable[[Channel], tuple[int, int]],
        render: RenderRevision,
    ) -> tuple[Mapping[ChannelId, int], bool]:
        """Send what was changed since; returns how far each channel's revisions are known then, and
        whether that is all.

        Args:
            client: the connection, whose live events are held since before `heads` were read.
            heads: the channels.
            known: the seq and the rev up to which the connection knows all of one.
            render: makes an event of a message.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        channels = {head.channel.id: head.channel for head in heads}
        upto = {head.channel.id: head.last_rev for head in heads if head.last_rev}
        spans: list[RevisionSpan] = []
        for head in heads:
            seq, rev = known(head.channel)
            # Of what was sent since the client asked, too: the marker will say that it is known.
            seq = max(seq, client.backlog.newest(head.channel.id))
            if rev < head.last_rev:
                spans.append(RevisionSpan(head.channel.id, rev, seq))
        is_all, left = await self._tell(client, channels, spans, render)
        short = {span.channel_id: span for span in left if span.above_rev < upto[span.channel_id]}
        lost: Collection[ChannelId] = short.keys()
        if is_all and short:
            # They concern messages that are told next; or the user might not see the channel.
            allowed = await self.channels.heads(client.user.id, short.keys())
            again = [short[head.channel.id] for head in allowed]
            is_all, _ = await self._tell(client, channels, again, render)
            if is_all:
                lost = short.keys() - {span.channel_id for span in again}
        return upto | {channel_id: short[channel_id].above_rev for channel_id in lost}, is_all

    async def _tell(
        self,
        client: Client,
        channels: Mapping[ChannelId, Channel],
        spans: Sequence[RevisionSpan],
        render: RenderRevision,
    ) -> tuple[bool, Sequence[RevisionSpan]]:
        """Whether all was sent that the user may see, and the spans above what was sent."""
        left, rest = MAX_MESSAGES, list(spans)
        told = {span.channel_id: span.above_rev for span in spans}
        while rest and left > 0:
            page = await self.store.revised_in(client.user.id, rest, limit=PAGE_MESSAGES)
            for message in page:
                event = render(channels[message.channel_id], message)
                if event is not None:
                    client.replay(event)
            told.update({message.channel_id: message.rev for message in page})
            client.flush()
            if client.link.is_behind:
                await client.link.caught_up()
            left -= len(page)
            rest = _rest(rest, page[-1]) if len(page) == PAGE_MESSAGES else []
        return not rest, [evolve(span, above_rev=told[span.channel_id]) for span in spans]


def _rest(spans: Sequence[RevisionSpan], last: Message) -> list[RevisionSpan]:
    """What is left of the spans after a page that ends with the message `last`."""
    index = next(i for i, span in enumerate(spans) if span.channel_id == last.channel_id)
    return [evolve(spans[index], above_rev=last.rev), *spans[index + 1 :]]


def private_revision(channel: Channel, message: Message) -> Event | None:
    """For connections that receive private messages."""
    del channel
    is_private = message.recipient_id is not None  # not so of the assistant's answers
    return PrivateMessageRevised(message, datetime.now(UTC)) if is_private else None


def channel_revision(channel: Channel, message: Message) -> Event:
    """For connections that receive what is in channels."""
    return ChannelMessageRevised(message, datetime.now(UTC), workspace_id=channel.workspace_id)
