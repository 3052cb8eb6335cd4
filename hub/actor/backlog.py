"""What one connection was sent of the log, and what is held while the log is replayed to it.

Guarantees: a message is sent at most once, whether it comes from the Hub or from the log, until the
peer discards what it has; while the log is replayed, live events are held, and then sent in order;
beyond a bound, held messages are dropped and read from the log instead; a message that was not sent
never counts as sent; a connection that left a channel gets none of its held events. Nothing here
blocks.
Must not know: the Hub, rooms, users, dialects, how the log is read.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import define, frozen

from hub.actor.link import Frames, Link
from persistence.records import Span
from protocol.errors import TOO_SLOW
from protocol.model import ChannelId, NotePosition, Position, RevisionPosition

MAX_HELD_BYTES: Final = 262_144  # of live events, while the log is replayed
MAX_SPANS: Final = 32  # remembered of each channel; what was sent before them may be sent again

_Range: TypeAlias = tuple[int, int]  # the first and the last seq


@frozen
class Missing:
    """What a connection was not sent of a channel.

    Args:
        channel_id: the channel.
        spans: what is missing, lowest first, as far as one replay may go.
        after: the peer has everything up to this seq, as it has reported.
        upto: once the spans are replayed, the peer has everything up to this seq.
        is_complete: whether the channel has nothing more.
    """

    channel_id: ChannelId
    spans: Sequence[Span]
    after: int
    upto: int
    is_complete: bool


@define
class _Sent:
    """The messages of one channel that were sent: the newest range of seq, and older ones.

    `replayed`: the Hub's deliveries up to this seq are dropped, because the log was replayed.
    """

    first: int
    last: int
    replayed: int = 0
    older: tuple[_Range, ...] = ()

    def skip_to(self, seq: int) -> None:
        """A message was sent that does not follow the newest one: those between were not sent."""
        if seq > self.last:
            self.older = (*self.older, (self.first, self.last))[1 - MAX_SPANS :]
            self.first = self.last = seq

    def gaps(self, after: int, head: int) -> list[_Range]:
        """What was not sent, as pairs of `after` and `until`."""
        found: list[_Range] = []
        for first, last in (*self.older, (self.first, self.last)):
            if first - 1 > after:
                found.append((after, first - 1))
            after = max(after, last)
        return [*found, (after, head)] if head > after else found

    def add(self, after: int, until: int) -> None:
        """By now everything above `after` and up to `until` was sent."""
        merged: list[_Range] = []
        for first, last in sorted([*self.older, (self.first, self.last), (after + 1, until)]):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(merged[-1][1], last)
            else:
                merged.append((first, last))
        *older, (self.first, self.last) = merged
        self.older = tuple(older[1 - MAX_SPANS :])
        self.replayed = max(self.replayed, until)


class Backlog:
    """Stands between the Hub's deliveries to a connection and its link.

    Args:
        link: the way to the peer.
    """

    __slots__ = ("_dropped", "_held", "_held_bytes", "_link", "_sent")

    def __init__(self, link: Link) -> None:
        self._link = link
        self._sent: dict[ChannelId, _Sent] = {}
        self._held: list[Frames] | None = None
        self._held_bytes = 0
        self._dropped: dict[ChannelId, _Range] = {}

    def offer(self, frames: Frames) -> None:
        """Send frames that the Hub delivers, hold them, or drop them if they were replayed."""
        if self._held is not None:
            self._hold(frames)
            return
        position = frames.position
        if isinstance(position, Position):
            channel_id, seq = position
            sent = self._sent.get(channel_id)
            if sent is None:
                self._sent[channel_id] = _Sent(seq, seq)
            elif seq == sent.last + 1:
                sent.last = seq
            elif seq <= sent.replayed:
                return
            else:
                sent.skip_to(seq)
        self._link.offer(frames)

    def hold(self) -> None:
        """From now on hold what the Hub delivers, until `release`."""
        if self._held is None:
            self._held, self._held_bytes = [], 0

    def release(self) -> None:
        """Send what was held, and from now on what the Hub delivers. Closes the link if messages
        were dropped that have not been read again.
        """
        if self._dropped:
            self._link.close(TOO_SLOW)
        held, self._held = self._held or (), None
        for each in held:
            self.offer(each)
        self._link.flush()

    def forget(self) -> None:
        """The peer discards all that it has: everything has to be sent again."""
        self._sent.clear()

    def newest(self, channel_id: ChannelId) -> int:
        """The newest message of a channel that was sent; 0: none was."""
        sent = self._sent.get(channel_id)
        return 0 if sent is None else sent.last

    def missing(self, channel_id: ChannelId, after: int, head: int, *, limit: int) -> Missing:
        """What was not sent of a channel.

        Args:
            channel_id: a channel that the Hub delivers to this connection.
            after: the peer has everything up to this seq, as it has reported.
            head: the channel's last seq, read after `hold`, and after the Hub began to deliver.
            limit: how many seqs to replay at most.
        """
        sent, after = self._sent.get(channel_id), min(after, head)
        spans: list[Span] = []
        for low, high in [(after, head)] if sent is None else sent.gaps(after, head):
            until = min(high, low + limit)
            if until > low:
                spans.append(Span(channel_id, low, until))
            if until < high:
                return Missing(channel_id, spans, after, until, is_complete=False)
            limit -= until - low
        return Missing(channel_id, spans, after, head, is_complete=True)

    def replayed(self, missing: Missing, upto: int) -> None:
        """The log was replayed, from `missing.after` up to this seq."""
        sent = self._sent.get(missing.channel_id)
        if sent is None:
            self._sent[missing.channel_id] = _Sent(missing.after + 1, upto, replayed=upto)
        else:
            sent.add(missing.after, upto)

    def take_dropped(self) -> Mapping[ChannelId, tuple[int, int]]:
        """By channel, the first and the last message that was dropped since the last call: they are
        to be read from the log before `release`.
        """
        dropped, self._dropped = self._dropped, {}
        return dropped

    def skip(self, positions: Collection[Position]) -> None:
        """The peer was sent these messages by other means: drop those that are held."""
        if self._held is not None:
            self._held = [each for each in self._held if each.position not in positions]

    def left(self, channel_id: ChannelId) -> None:
        """The connection left the channel: drop what is held of it."""
        self._dropped.pop(channel_id, None)
        if self._held is not None:
            self._held = [each for each in self._held if _channel_of(each) != channel_id]

    def _hold(self, frames: Frames) -> None:
        if self._held is None:
            return
        self._held.append(frames)
        self._held_bytes += len(frames.data)
        if self._held_bytes > MAX_HELD_BYTES:
            self._held = self._drop(self._held)
            self._held_bytes = sum(len(each.data) for each in self._held)
            if self._held_bytes > MAX_HELD_BYTES // 2:
                self._link.close(TOO_SLOW)

    def _drop(self, held: Sequence[Frames]) -> list[Frames]:
        """Drop messages, which are in the log, and what is ephemeral; returns the rest."""
        for each in held:
            if isinstance(each.position, Position):
                channel_id, seq = each.position
                first, last = self._dropped.get(channel_id, (seq, seq))
                self._dropped[channel_id] = min(first, seq), max(last, seq)
        return [
            each for each in held if not isinstance(each.position, Position) and not each.ephemeral
        ]


def _channel_of(frames: Frames) -> ChannelId | None:
    """The channel that the frames are about, if they have a position in one."""
    match frames.position:
        case None | NotePosition():
            return None
        case Position(channel_id=channel_id) | RevisionPosition(channel_id=channel_id):
            return channel_id
