"""Live delivery without gaps: messages stored by this node and by others, in one order.

Guarantees: a message is delivered only right after its predecessor, and a revision only after its
message and right after the revision before it; what was stored without this node's knowledge (a
statement whose result was lost, another writer, a bulletin that did not come) is read from the log
and delivered before anything newer; a log that went back is noticed by the first message that is
stored afterwards. The log is read only in the lane's turn, while no statement of the lane is in
flight, so a message that the lane is storing never counts as missing. Must not know: sockets,
dialects, how messages are stored, how nodes reach each other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Final

import structlog
import trio
from attrs import frozen

from hub.actor.letters import Delivery
from hub.services.posting.order import RETRY_SECONDS, Arrival, Order, Outgoing, Reading
from hub.services.posting.positions import Positions
from persistence.contents.revisions import Revised, RevisionDraft, RevisionSpan
from persistence.interface import Store
from persistence.records import Draft, Gap
from protocol.model import (
    MAX_ID,
    ChannelId,
    Message,
    MessageId,
    Posted,
    User,
    UserId,
    with_authors,
)

log = structlog.get_logger(__name__)

PAGE: Final = 1_000
LOOK_BACK: Final = 100  # revs to read again in a channel whose last delivered rev is not known

Deliveries = Callable[[Posted, User], Sequence[Delivery]]
RevisionDeliveries = Callable[[Revised], Sequence[Delivery]]


class WentBack(Exception):
    """The log went back: at a position that was delivered it has no message, or another one.

    `delivered`: the last seq of the channel that was delivered; None: none is remembered, but
    newer messages were stored before. `found`: the last seq that the log has of the channel.
    """

    def __init__(self, channel_id: ChannelId, delivered: int | None, found: int) -> None:
        self.channel_id = channel_id
        self.delivered = delivered
        self.found = found
        super().__init__("the log went back: what was known of it is not true any more")


@frozen
class Page:
    """Messages that were read from the log."""

    reading: Reading
    posted: Sequence[Posted]
    people: Mapping[UserId, User]
    pairs: Mapping[tuple[UserId, UserId], int]


@frozen
class RevisionPage:
    """Revisions that were read from the store."""

    reading: Reading
    revised: Sequence[Revised]


class Sequencer:
    """The order of one lane.

    Args:
        store: has the log.
        floor: messages with an id up to this one are not missing; they were stored before the
            start.
        hold_seconds: how long a gap may wait for messages of other nodes; 0: there are no others.
        in_sync: returns the time up to which everything that other nodes stored has arrived.
    """

    def __init__(
        self,
        store: Store,
        floor: MessageId,
        *,
        hold_seconds: float = 0.0,
        in_sync: Callable[[], float] = trio.current_time,
    ) -> None:
        self._store = store
        self._in_sync = in_sync
        self._is_alone = not hold_seconds
        self.revisions: Final = Order(
            Positions(floor, self._complete_until),
            hold_seconds,
            first_hold_seconds=hold_seconds,
            is_ready=self.is_delivered,
        )
        self.messages: Final = Order(
            Positions(floor, self._complete_until),
            hold_seconds,
            first_hold_seconds=0.0,
            behind=self.revisions,
        )
        self._doubtful_pairs: dict[tuple[UserId, UserId], int] = {}
        self._doubts = 0
        # authors of drafts, and users of revisions, whose outcome is unknown
        self._unsettled: set[UserId] = set()
        self._has_doubted = False
        self._read_again_at = -inf
        self._is_storing = False
        self._skipped: dict[ChannelId, tuple[int, MessageId]] = {}

    @property
    def in_doubt(self) -> int:
        """How many conversations may lack something."""
        return len(self._doubtful_pairs) + self.messages.in_doubt + self.revisions.in_doubt

    @property
    def unsettled(self) -> frozenset[UserId]:
        """The authors of drafts and revisions that may still be stored."""
        return frozenset(self._unsettled)

    def take_doubt(self) -> bool:
        """Whether something may have been stored since the last call that this node has not
        published, because the outcome is unknown, or was then.
        """
        found, self._has_doubted = self._has_doubted, bool(self._unsettled)
        return found

    @property
    def lacks_messages(self) -> bool:
        """Whether the log has to be read for messages now."""
        is_due = bool(self._doubtful_pairs) or self.messages.is_due()
        return is_due and trio.current_time() >= self._read_again_at

    @property
    def lacks_revisions(self) -> bool:
        """Whether the log has to be read for revisions now."""
        return self.revisions.is_due() and trio.current_time() >= self._read_again_at

    def delivered(self, channel_id: ChannelId) -> int:
        """The last seq of a channel that was delivered; 0: none is remembered."""
        return self.messages.positions.last(channel_id) or 0

    def next_due(self) -> float:
        """When the log has to be read, or a wait for a number ends."""
        due = min(self.messages.next_due(), self.revisions.next_due())
        if self._doubtful_pairs:
            due = min(due, trio.current_time())
        ends = self.messages.next_end(), self.revisions.next_end()
        return min(max(due, self._read_again_at), *ends)

    def postpone_reading(self) -> None:
        """The log cannot be read now: try again later."""
        self._read_again_at = trio.current_time() + RETRY_SECONDS

    def resume_reading(self) -> None:
        """The store responds."""
        self._read_again_at = -inf

    def begin_anew(self, floor: MessageId) -> None:
        """Forget everything; messages with an id up to this one are not missing. Submissions that
        wait are settled as unavailable.
        """
        self._doubtful_pairs.clear()
        self._unsettled.clear()
        self._skipped.clear()
        self.messages.begin_anew(floor)
        self.revisions.begin_anew(floor)

    # What this node stores

    @contextmanager
    def storing(self) -> Iterator[None]:
        """A statement of the lane is in flight inside. A bulletin may overtake its result, so a
        skipped position is noted only at the end, unless it is another node's and next.
        """
        self._is_storing = True
        try:
            yield
        finally:
            self._is_storing = False
            skipped, self._skipped = self._skipped, {}
            for channel_id, (seq, message_id) in skipped.items():
                self.messages.skip(channel_id, seq, message_id)

    def follows(self, message: Message) -> bool:
        """Whether a message that was just stored may be delivered now; then it counts as delivered.

        Raises:
            WentBack: other messages were delivered at its position, or newer ones before it.
        """
        channel_id, seq = message.channel_id, message.seq
        positions = self.messages.positions
        last = positions.last(channel_id)
        if message.id <= positions.floor if last is None else seq <= last:
            raise WentBack(channel_id, last, seq)
        if seq != (last or 0) + 1:
            return False
        if positions.note(channel_id, seq, message.id):
            self.messages.make_room()
        return True

    def take(self, message: Message) -> None:
        """Count a message that was just stored as delivered, whatever came before it."""
        self.messages.note(message.channel_id, message.seq, message.id)

    def doubt(self, draft: Draft) -> None:
        """It is unknown whether this draft was stored; it may even be stored from now on."""
        self._doubt_user(draft.author_id)
        if draft.channel_id is not None:
            self.messages.doubt((draft.channel_id,))
        elif draft.recipient_id is not None:
            self._doubts += 1
            self._doubtful_pairs[draft.author_id, draft.recipient_id] = self._doubts

    def expect(self, draft: RevisionDraft) -> None:
        """Is called before a revision is made. Where no other node exists, the earlier revisions of
        its channel are not missing.
        """
        if self._is_alone:
            self._begin(draft.target.channel_id, draft.target.last_rev)

    def doubt_revision(self, draft: RevisionDraft) -> None:
        """It is unknown whether this revision was made; it may even be made from now on."""
        self._doubt_user(draft.by)
        channel_id, rev = draft.target.channel_id, draft.target.last_rev
        # other nodes may have made the revisions before it just now
        self._begin(channel_id, rev if self._is_alone else rev - LOOK_BACK)
        self.revisions.doubt((draft.target.channel_id,))

    def _doubt_user(self, user_id: UserId) -> None:
        self._unsettled.add(user_id)
        self._has_doubted = True

    def _begin(self, channel_id: ChannelId, rev: int) -> None:
        """If no rev of this channel is known, count everything up to this one as delivered."""
        positions = self.revisions.positions
        if positions.last(channel_id) is None:
            positions.note(channel_id, max(0, rev), MessageId(0))

    # What comes from other nodes

    def receive(self, arrival: Arrival, out: Outgoing) -> None:
        """Another node has stored a message."""
        message = arrival.message
        channel_id, positions = message.channel_id, self.messages.positions
        if positions.last(channel_id) is not None or not positions.is_old(message.id):
            self.messages.receive(channel_id, message.seq, arrival, out)

    def skip(
        self, channel_id: ChannelId, seq: int, message_id: MessageId, *, is_own: bool = False
    ) -> None:
        """A message was stored that no connection here may get. `is_own`: perhaps by this lane,
        which has no result yet; else by another node.
        """
        if self._is_storing and (is_own or seq != self.delivered(channel_id) + 1):
            if seq > self._skipped.get(channel_id, (0, 0))[0]:
                self._skipped[channel_id] = seq, message_id
        else:
            self.messages.skip(channel_id, seq, message_id)

    def doubt_channels(self, last_revs: Mapping[ChannelId, int]) -> None:
        """These channels may lack something that was stored up to now. Where no rev is known yet,
        revisions are read from `LOOK_BACK` below the given last rev on; 0: none are.
        """
        self.messages.doubt(last_revs)
        positions = self.revisions.positions
        for channel_id, rev in last_revs.items():
            if rev:
                self._begin(channel_id, rev - LOOK_BACK)
        self.revisions.doubt(each for each in last_revs if positions.last(each) is not None)

    # Both

    def is_delivered(self, message: Message) -> bool:
        """Whether a message and everything before it was delivered."""
        positions = self.messages.positions
        last = positions.last(message.channel_id)
        return message.id <= positions.floor if last is None else message.seq <= last

    # What is missing

    async def read(self) -> Page:
        """Read the next missing messages.

        Raises:
            StoreUnavailable: they cannot be read now; the doubts stay.
        """
        await self._settle()
        pairs = dict(self._doubtful_pairs)
        permits = await self._store.relations.may_message(list(pairs)) if pairs else ()
        # A message that becomes known as committed after this may not be visible to the statement.
        reading = self.messages.begin_read(
            each.channel_id for each in permits if each.channel_id is not None
        )
        floor = self.messages.positions.floor
        gaps = [
            # None: perhaps the channel was forgotten; then ids up to the floor were delivered.
            Gap(channel_id, last or 0, floor if last is None else MessageId(0))
            for channel_id, last in reading.above.items()
        ]
        posted = await self._store.messages.in_gaps(gaps, limit=PAGE) if gaps else ()
        people = await self._store.accounts.get_many({each.message.author_id for each in posted})
        return Page(reading, posted, people, pairs)

    def take_page(self, page: Page, deliveries: Deliveries) -> Outgoing:
        """What may be delivered now of a page. It counts as delivered from now on.

        Args:
            page: the messages that were read.
            deliveries: makes the deliveries of a message that is not held already.
        """
        out = Outgoing()
        for posted in page.posted:
            message = posted.message
            authors = [author for _, author in with_authors((message,), page.people)]
            make = partial(_found, posted, authors, deliveries)
            self.messages.find(message.channel_id, message.seq, Arrival(message, make), out)
        if len(page.posted) < PAGE:
            self.messages.end_read(page.reading, out)
            for pair, doubt in page.pairs.items():
                if self._doubtful_pairs.get(pair) == doubt:
                    del self._doubtful_pairs[pair]
        return out

    async def read_revisions(self) -> RevisionPage:
        """Read the next missing revisions. Raises StoreUnavailable, as `read`."""
        await self._settle()
        reading = self.revisions.begin_read()
        spans = [
            RevisionSpan(channel_id, self._above(reading, channel_id), MAX_ID)
            for channel_id in reading.above
        ]
        revised = await self._store.revisions.revised_since(spans, limit=PAGE) if spans else ()
        return RevisionPage(reading, revised)

    def take_revisions(self, page: RevisionPage, deliveries: RevisionDeliveries) -> Outgoing:
        """As `take_page`, for revisions."""
        out, floor = Outgoing(), self.messages.positions.floor
        for revised in page.revised:
            message = revised.message
            first = page.reading.since.get(message.channel_id, 0)
            is_known = page.reading.above[message.channel_id] is not None
            is_old = not is_known and message.id <= floor and message.rev < first
            make = _none if is_old else partial(deliveries, revised)
            self.revisions.find(message.channel_id, message.rev, Arrival(message, make), out)
            if not self.is_delivered(message):
                self.messages.wait(message.channel_id, message.seq)
        if len(page.revised) < PAGE:
            self.revisions.end_read(page.reading, out)
        return out

    def _above(self, reading: Reading, channel_id: ChannelId) -> int:
        """The rev after which revisions are read. Where no delivered rev is known, it is
        `LOOK_BACK` below the first one known to be committed; of the revisions before that one,
        only those of messages above the floor are delivered.
        """
        last = reading.above[channel_id]
        if last is not None:
            return last
        first = reading.since.get(channel_id)
        return MAX_ID if first is None else max(0, first - LOOK_BACK)

    def _complete_until(self) -> float:
        """The time up to which everything has arrived, but for channels known to lack something."""
        return -inf if self._doubtful_pairs else self._in_sync()

    async def _settle(self) -> None:
        unsettled = frozenset(self._unsettled)
        if unsettled:
            await self._store.messages.settle(unsettled)
            self._unsettled -= unsettled


def _found(posted: Posted, authors: Sequence[User], deliveries: Deliveries) -> Sequence[Delivery]:
    """The deliveries of a message that was read; none if its author was deleted meanwhile."""
    log.info("message_found", message_id=posted.message.id)
    return [delivery for author in authors for delivery in deliveries(posted, author)]


def _none() -> Sequence[Delivery]:
    return ()
