"""Live delivery without gaps: remembers the last seq delivered per channel, finds what was skipped.

Guarantees: a message is delivered right after its predecessor or not yet; what was stored without
the hub's knowledge (a statement whose result was lost, another writer) is read from the log and
delivered before anything newer; a log that went back is noticed by the first message that is stored
then. Must not know: sockets, dialects, how messages are stored.
"""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from hub.services.posting.revision_positions import RevisionPositions
from persistence.contents.revisions import Target
from persistence.interface import Accounts, Messages, Relations
from persistence.records import Draft, Gap
from protocol.model import ChannelId, Message, MessageId, Posted, User, UserId, with_authors

MAX_CHANNELS: Final = 100_000  # whose position is remembered
PAGE: Final = 1_000


@frozen
class Found:
    """A message that was missing, and its author."""

    posted: Posted
    author: User


class WentBack(Exception):
    """The log went back: where messages were delivered, it has none, or others.

    `delivered`: the last seq of the channel that was; None: of its messages none is remembered, but
    newer ones of other channels are. `found`: the last seq that the log has there.
    """

    def __init__(self, channel_id: ChannelId, delivered: int | None, found: int) -> None:
        self.channel_id = channel_id
        self.delivered = delivered
        self.found = found
        super().__init__("the log went back: what was known of it is not true any more")


class Continuity:
    """The positions of the channels of one lane.

    Args:
        messages: the log.
        accounts: the authors of what is found there.
        relations: has the dm channel of two users.
        floor: messages with an id up to this one are not missing; they were stored before the
            start.
    """

    def __init__(
        self, messages: Messages, accounts: Accounts, relations: Relations, floor: MessageId
    ) -> None:
        self._messages = messages
        self._accounts = accounts
        self._relations = relations
        self._floor = floor
        self._newest = floor
        self._last: dict[ChannelId, int] = {}
        self._doubtful: set[ChannelId] = set()
        self._doubtful_pairs: set[tuple[UserId, UserId]] = set()
        self._unsettled: set[UserId] = set()  # authors of drafts whose outcome is unknown
        self.revisions: Final = RevisionPositions()

    @property
    def in_doubt(self) -> bool:
        """Whether something may be missing."""
        return bool(self._doubtful or self._doubtful_pairs)

    @property
    def conversations_in_doubt(self) -> int:
        """Of how many conversations something may be missing."""
        return len(self._doubtful) + len(self._doubtful_pairs)

    @property
    def unsettled(self) -> frozenset[UserId]:
        """The authors of drafts that may be stored from now on."""
        return frozenset(self._unsettled | self.revisions.unsettled)

    def delivered(self, channel_id: ChannelId) -> int:
        """The last seq of a channel that was delivered; 0: none is remembered."""
        return self._last.get(channel_id, 0)

    def begin_anew(self, floor: MessageId) -> None:
        """Forget everything; messages with an id up to this one are not missing."""
        self._floor = self._newest = floor
        self._last.clear()
        self._doubtful.clear()
        self._doubtful_pairs.clear()
        self._unsettled.clear()
        self.revisions.begin_anew()

    def take(self, message: Message) -> None:
        """A message that was just stored is delivered, whatever came before it."""
        self._note(message.channel_id, message.seq, message.id)

    def follows(self, message: Message) -> bool:
        """Whether a message that was just stored may be delivered now; then it counts as
        delivered. If not, its channel is in doubt, and `missing` will return the message too.

        Raises:
            WentBack: it stands where others were delivered before.
        """
        channel_id, seq = message.channel_id, message.seq
        last = self._last.get(channel_id)
        if message.id <= self._floor if last is None else seq <= last:
            raise WentBack(channel_id, last, seq)
        if channel_id in self._doubtful:
            return False
        if seq == (last or 0) + 1:
            self._note(channel_id, seq, message.id)
            return True
        self._doubtful.add(channel_id)
        return False

    def is_told(self, message: Message) -> bool:
        """Whether a message was delivered already."""
        return message.seq <= self._last.get(message.channel_id, 0)

    def doubts(self, channel_id: ChannelId) -> bool:
        """Whether messages of this channel may be missing."""
        return channel_id in self._doubtful

    def may_lack(self, target: Target) -> bool:
        """Whether a message that was stored where this one stands may not be delivered yet."""
        one, other = target.pair or (None, None)
        pairs = {(one, other), (other, one)}
        return target.channel_id in self._doubtful or not pairs.isdisjoint(self._doubtful_pairs)

    def suspect(self, message: Message) -> None:
        """A message exists that this lane did not store just now: its channel is in doubt, unless
        the message was delivered.
        """
        if not self.is_told(message):
            self._doubtful.add(message.channel_id)

    def doubt(self, draft: Draft) -> None:
        """It is unknown whether this draft was stored; it may even be stored from now on."""
        self._unsettled.add(draft.author_id)
        if draft.channel_id is not None:
            self._doubtful.add(draft.channel_id)
        elif draft.recipient_id is not None:
            self._doubtful_pairs.add((draft.author_id, draft.recipient_id))

    async def missing(self) -> Sequence[Found]:
        """The missing messages, in order within each channel; they count as delivered from now on.

        Raises:
            StoreUnavailable: it cannot be read now; the doubts stay.
        """
        pairs = list(self._doubtful_pairs)
        unsettled = frozenset(self._unsettled)
        if unsettled:
            await self._messages.settle(unsettled)
            self._unsettled -= unsettled
        permits = await self._relations.may_message(pairs) if pairs else ()
        doubtful = self._doubtful | {
            permit.channel_id for permit in permits if permit.channel_id is not None
        }
        gaps = [self._gap(channel_id) for channel_id in sorted(doubtful)]
        page = await self._messages.in_gaps(gaps, limit=PAGE) if gaps else ()
        people = await self._accounts.get_many({each.message.author_id for each in page})
        # No await from here on, so nothing is delivered in between.
        self._doubtful_pairs.difference_update(pairs)
        found: list[Found] = []
        for each in page:
            channel_id, seq = each.message.position
            self._note(channel_id, seq, each.message.id)
            found += [Found(each, author) for _, author in with_authors([each.message], people)]
        is_all = len(page) < PAGE
        self._doubtful = set() if is_all else doubtful
        return found

    def _gap(self, channel_id: ChannelId) -> Gap:
        last = self._last.get(channel_id)
        # Perhaps this channel was evicted; whatever was delivered in it has an id up to the floor.
        return Gap(channel_id, last or 0, self._floor if last is None else MessageId(0))

    def _note(self, channel_id: ChannelId, seq: int, message_id: MessageId) -> None:
        self._newest = max(self._newest, message_id)
        self._last.pop(channel_id, None)
        self._last[channel_id] = seq  # to the end: the first one is the least recently used
        if len(self._last) > MAX_CHANNELS:
            del self._last[next(iter(self._last))]
            self._floor = self._newest
