"""The part of a resume that tells what was changed of messages that a connection has.

Guarantees: each of these messages is sent as it is now, in the order of revisions within a channel,
as fast as the peer reads. Must not know: dialects, SQL, what was posted meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

from attrs import evolve, frozen

from hub.actor.client import Client
from persistence.contents.revisions import RevisionSpan
from persistence.interface import Revisions
from persistence.records import ChannelHead
from protocol.events import ChannelMessageRevised, Event, PrivateMessageRevised
from protocol.model import Channel, ChannelId, Message

PAGE_MESSAGES: Final = 200
MAX_MESSAGES: Final = 10_000  # in one resume, of all channels together

RenderRevision: TypeAlias = Callable[[Channel, Message], Event | None]


@frozen
class MissedRevisions:
    """Tells connections what was changed."""

    store: Revisions

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
            known: the seq and the rev up to which the connection knows one.
            render: makes an event of a message.

        Raises:
            StoreUnavailable: it cannot be read now.
        """
        channels = {head.channel.id: head.channel for head in heads}
        spans: list[RevisionSpan] = []
        for head in heads:
            seq, rev = known(head.channel)
            if seq and rev < head.last_rev:
                spans.append(RevisionSpan(head.channel.id, rev, seq))
        left = MAX_MESSAGES
        while spans and left > 0:
            page = await self.store.revised_in(client.user.id, spans, limit=PAGE_MESSAGES)
            for message in page:
                event = render(channels[message.channel_id], message)
                if event is not None:
                    client.replay(event)
            client.flush()
            if client.link.is_behind:
                await client.link.caught_up()
            left -= len(page)
            spans = _rest(spans, page[-1]) if len(page) == PAGE_MESSAGES else []
        not_told = {span.channel_id: span.above_rev for span in spans}
        upto = {head.channel.id: head.last_rev for head in heads if head.last_rev}
        return upto | not_told, not spans


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
