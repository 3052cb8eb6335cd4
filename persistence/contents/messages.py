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

    A returned message names its readers, as far as the user that it is for may know them: never a
    user who blocks that user or is blocked. Where that user is a `viewer`, None names no readers.
    """

    async def post(self, drafts: Sequence[Draft]) -> Sequence[Outcome | Locked]:
        """Store a batch in one statement, which decides permission, repeats and seqs. Returns one
        outcome per draft, in their order; drafts of one channel also get their seqs in this order.

        A repeat returns the stored message as it is now, as far as its author may see it, even if
        the author may no longer write there, or its parent or the message itself was deleted.
        Content that differs only in white space at its ends is the same content. A reply's parent,
        and the first message of its thread, must be in the same channel and not deleted. A draft
        may forward only a message that its author may see; the copy is of one state of it. Content
        with NUL or lone surrogates is refused. The assistant may write in any channel. Raises
        StoreUnavailable: the outcome of every draft is unknown.
        """

    async def post_again(self, drafts: Sequence[Draft]) -> Sequence[Outcome | Locked]:
        """As `post`, for drafts that were `Locked`; does not wait for those still locked."""

    async def settle(self, author_ids: Collection[UserId]) -> None:
        """Wait until every batch of these authors whose outcome is unknown is stored as durably as
        all others, or never will be. Raises StoreUnavailable: some may still be running.
        """

    async def probe(self) -> None:
        """Check whether a message could be stored now, and store none. Raises StoreUnavailable."""

    async def repeated(self, draft: Draft) -> Posted | None:
        """The stored message that is repeated by a draft for a channel which its author may no
        longer see; without what other users did with it. None: the draft repeats none.
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
        `even_hidden` also what the user has hidden. Channels that the user may not see are left
        out. One statement.
        """

    async def in_gaps(self, gaps: Sequence[Gap], *, limit: int) -> Sequence[Posted]:
        """The first `limit` messages of the gaps, without a check of rights, in the order of the
        gaps, then by seq. Only messages of a dm name their readers, as their author may know them.
        One statement.
        """

    async def last_id(self) -> MessageId:
        """An id below that of every message stored from now on; 0 when there is no message yet."""

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
        """The message, or None if there is none or it was deleted; with `even_deleted`, also a
        deleted message, which has no content.
        """

    async def original(self, user_id: UserId, message_id: MessageId) -> Message | None:
        """The original of a copy, as it is now; None unless the user may see both messages."""

    async def pinned(
        self, channel_id: ChannelId, *, viewer: UserId | None = None
    ) -> Sequence[Message]:
        """The channel's pinned messages, in the order they were pinned."""

    async def mark_read(self, reader: UserId, peer_id: UserId, *, up_to: int = MAX_ID) -> Reading:
        """Move the reader's watermark to the seq `up_to`, or to the conversation's last one if that
        is less, and end an "unread from here" up to there; see `Notes.mark_read`.
        """

    async def mark_read_up_to(self, reader: UserId, message_id: MessageId) -> Reading:
        """As `mark_read`, up to a message in any channel, also a deleted one. Changes nothing if
        the reader may not see the channel.
        """

    async def mark_delivered_up_to(
        self, recipient: UserId, message_id: MessageId
    ) -> Advance | None:
        """Move the delivered watermark, which is never behind the read one, up to a message. None
        if the watermark did not move, or the recipient may not see the channel.
        """

    async def unread_in(self, user_id: UserId, channel_id: ChannelId, *, among: int) -> int:
        """Messages by others above the user's read watermark, among the channel's newest."""

    async def archive(self, user_id: UserId, peer_id: UserId) -> bool:
        """Archive the conversation until there is a newer message. False: there is no conversation
        that the user may see.
        """
