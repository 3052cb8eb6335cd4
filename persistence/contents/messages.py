"""The operations of a store on the log of messages.

Guarantees, for every implementation: see `persistence.interface`. Must not know: commands, events,
dialects, sockets.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from persistence.records import Advance, Draft, Gap, Locked, Outcome, Reading, Span
from protocol.model import MAX_ID, ChannelId, Message, MessageId, Posted, UserId


class Messages(Protocol):
    """The log.

    A message comes with those who have read it, as far as the user that it is for may know: nobody
    is named across a block. Where that is a `viewer`, no viewer may know nothing.
    """

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome | Locked]:
        """Store a batch in one statement, which decides permission, repeats and seqs. Returns one
        outcome per draft, in their order, in which drafts of one channel also get their seqs.

        A repeat returns what is stored, whatever is true by now: that its author may not write
        there any more, that its parent or the message itself was deleted; as it is now, as far as
        its author may see it. White space at the ends of content makes no other message. A reply's
        parent, and the first message of its thread, must be in the same channel and not deleted.
        What a draft forwards must be a message that its author
        may see; the copy is of one state of it. Content with NUL or lone surrogates is refused. The
        assistant may write in any channel. Raises StoreUnavailable: the outcome of
        every draft is unknown.
        """

    async def post_again(self, drafts: Sequence[Draft]) -> Sequence[Outcome | Locked]:
        """As `post`, of drafts that were `Locked`: those that still are are not waited for."""

    async def settle(self, author_ids: Collection[UserId]) -> None:
        """Wait until every batch of these authors whose outcome is unknown is stored as durably as
        all others, or never will be. Raises StoreUnavailable: some may still be in work.
        """

    async def probe(self) -> None:
        """Find out whether a message could be stored now; none is. Raises StoreUnavailable."""

    async def repeated(self, draft: Draft) -> Posted | None:
        """The stored message if a draft for a channel, which its author may not see any more,
        repeats it; without what others did with it. None: the draft repeats none.
        """

    async def conversation_page(
        self,
        user_id: UserId,
        peer_id: UserId,
        *,
        before_seq: int = MAX_ID,
        offset: int = 0,
        limit: int,
    ) -> Sequence[Message]:
        """The newest `limit` messages of the two with seq < before_seq after skipping `offset`,
        oldest first; none if the user may not see them.
        """

    async def conversation_after(
        self, user_id: UserId, peer_id: UserId, *, after_seq: int, limit: int
    ) -> Sequence[Message]:
        """Messages with seq > after_seq, oldest first; none if the user may not see them."""

    async def in_spans(
        self, user_id: UserId, spans: Sequence[Span], *, limit: int, even_hidden: bool = False
    ) -> Sequence[Message]:
        """The first `limit` messages of the spans, in the order of the spans, then by seq; with
        `even_hidden` also what the user has hidden. Of a channel that the user may not see there
        are none. One statement.
        """

    async def in_gaps(self, gaps: Sequence[Gap], *, limit: int) -> Sequence[Posted]:
        """The first `limit` messages of the gaps, whoever may see them, in the order of the gaps,
        then by seq. Only of a private message it is said who has read it. One statement.
        """

    async def last_id(self) -> MessageId:
        """An id that every message stored from now on is above; 0 when there is none yet."""

    async def channel_page(
        self,
        channel_id: ChannelId,
        *,
        before: MessageId | None,
        limit: int,
        viewer: UserId | None = None,
    ) -> Sequence[Message]:
        """The newest `limit` messages with an id below `before`, oldest first."""

    async def get(
        self, message_id: MessageId, *, even_deleted: bool = False, viewer: UserId | None = None
    ) -> Message | None:
        """The message, or None if there is none or it was deleted; with `even_deleted`, what is
        left of a deleted one, which has no content.
        """

    async def original(self, user_id: UserId, message_id: MessageId) -> Message | None:
        """What a message is a copy of, as that is now; None unless the user may see both."""

    async def pinned(
        self, channel_id: ChannelId, *, viewer: UserId | None = None
    ) -> Sequence[Message]:
        """The channel's pinned messages, in the order they were pinned."""

    async def mark_read(self, reader: UserId, peer_id: UserId, *, up_to: int = MAX_ID) -> Reading:
        """Move the reader's watermark to the seq `up_to`, or to the conversation's last one if that
        is less, and have what they marked unread end there; see `Notes.mark_read`.
        """

    async def mark_read_up_to(self, reader: UserId, message_id: MessageId) -> Reading:
        """The same up to a message in whatever channel, also if it was deleted; nothing if the
        reader may not see its channel.
        """

    async def mark_delivered_up_to(
        self, recipient: UserId, message_id: MessageId
    ) -> Advance | None:
        """Move the delivered watermark, which is never behind the read one, up to a message. None
        if nothing moved, or the recipient may not see its channel.
        """

    async def unread_in(self, user_id: UserId, channel_id: ChannelId, *, among: int) -> int:
        """Messages by others above the user's read watermark, among the channel's newest."""

    async def archive(self, user_id: UserId, peer_id: UserId) -> bool:
        """Archive the conversation until there is a newer message. False: there is none that the
        user may see.
        """
