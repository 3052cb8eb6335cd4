"""The part of a resume that sends the changes of messages that a connection has.

A deleted message is sent whatever its seq is: a peer may have messages above the seq that it names
(those that it sent itself, or that arrived live above missing ones). The replay of the log from
that seq on sends those messages again, except the deleted ones.

Guarantees: each changed message is sent as it is now, in the order of revisions within a channel,
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
    """Sends connections the messages that were changed.

    Args:
        store: has the changed messages.
        channels: knows whether a user may see a channel.
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
        """Send the messages that were changed since; returns the rev up to which the connection
        knows each channel then, and whether that is all.

        Args:
            client: the connection, whose live events are held since before `heads` were read.
            heads: the channels.
            known: the seq and the rev up to which the connection knows all of a channel.
            render: makes an event of a message.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        channels = {head.channel.id: head.channel for head in heads}
        upto = {head.channel.id: head.last_rev for head in heads if head.last_rev}
        spans: list[RevisionSpan] = []
        for head in heads:
            seq, rev = known(head.channel)
            # Messages sent since the client asked count too: the event at the end of the resume
            # names their seqs and revs as known.
            seq = max(seq, client.backlog.newest(head.channel.id))
            if rev < head.last_rev:
                spans.append(RevisionSpan(head.channel.id, rev, seq))
        is_all, left = await self._send(client, channels, spans, render)
        short = {span.channel_id: span for span in left if span.above_rev < upto[span.channel_id]}
        lost: Collection[ChannelId] = short.keys()
        if is_all and short:
            # The other revisions are of messages that are replayed next, or of channels that the
            # user could not see.
            allowed = await self.channels.heads(client.user.id, short.keys())
            again = [short[head.channel.id] for head in allowed]
            is_all, _ = await self._send(client, channels, again, render)
            if is_all:
                lost = short.keys() - {span.channel_id for span in again}
        return upto | {channel_id: short[channel_id].above_rev for channel_id in lost}, is_all

    async def _send(
        self,
        client: Client,
        channels: Mapping[ChannelId, Channel],
        spans: Sequence[RevisionSpan],
        render: RenderRevision,
    ) -> tuple[bool, Sequence[RevisionSpan]]:
        """Send the changed messages of these spans that the user may see; returns whether that was
        all, and the spans above the last revs that were sent.
        """
        left, rest = MAX_MESSAGES, list(spans)
        sent = {span.channel_id: span.above_rev for span in spans}
        while rest and left > 0:
            page = await self.store.revised_in(client.user.id, rest, limit=PAGE_MESSAGES)
            for message in page:
                event = render(channels[message.channel_id], message)
                if event is not None:
                    client.replay(event)
            sent.update({message.channel_id: message.rev for message in page})
            client.flush()
            if client.link.is_behind:
                await client.link.caught_up()
            left -= len(page)
            rest = _rest(rest, page[-1]) if len(page) == PAGE_MESSAGES else []
        return not rest, [evolve(span, above_rev=sent[span.channel_id]) for span in spans]


def _rest(spans: Sequence[RevisionSpan], last: Message) -> list[RevisionSpan]:
    """What is left of the spans after a page that ends with the message `last`."""
    index = next(i for i, span in enumerate(spans) if span.channel_id == last.channel_id)
    return [evolve(spans[index], above_rev=last.rev), *spans[index + 1 :]]


def private_revision(channel: Channel, message: Message) -> Event | None:
    """For connections that receive private messages."""
    del channel
    is_private = message.recipient_id is not None  # the assistant's replies are not
    return PrivateMessageRevised(message, datetime.now(UTC)) if is_private else None


def channel_revision(channel: Channel, message: Message) -> Event:
    """For connections that receive channel messages."""
    return ChannelMessageRevised(message, datetime.now(UTC), workspace_id=channel.workspace_id)
