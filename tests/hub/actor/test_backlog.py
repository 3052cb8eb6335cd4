"""The backlog sends each message at most once and in order; a complete resume hides no gap."""

from collections import deque
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
from attrs import define, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.actor.backlog import MAX_HELD_BYTES, MAX_SPANS, Backlog, Missing
from hub.actor.link import Frames
from protocol.engineio.session import Carrier
from protocol.errors import TOO_SLOW, CloseReason
from protocol.model import ChannelId, LogPosition, NotePosition, Position, RevisionPosition

ROOM, OTHER = ChannelId(1), ChannelId(2)
LIMIT = 1_000


@define
class Recorder:
    """A link that records what it sends; its peer is never slow."""

    sent: list[LogPosition | None] = field(factory=list)
    closing: CloseReason | None = None
    is_flushed: bool = False

    def offer(self, frames: Frames) -> None:
        self.sent.append(frames.position)

    def flush(self) -> None:
        self.is_flushed = True

    def close(self, reason: CloseReason) -> None:
        self.closing = self.closing or reason

    @property
    def waiting_bytes(self) -> int:
        return 0

    @property
    def carrier(self) -> Carrier:
        return Carrier.WEBSOCKET

    @property
    def close_code(self) -> int:
        return 1005

    @property
    def is_behind(self) -> bool:
        return False

    async def caught_up(self) -> None:
        pass


@define
class Peer:
    """A backlog, and the link that records what it sends."""

    link: Recorder = field(factory=Recorder)
    backlog: Backlog = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.backlog = Backlog(self.link)

    def offer(self, *seqs: int, channel_id: ChannelId = ROOM) -> None:
        for seq in seqs:
            self.backlog.offer(Frames(b"x", position=Position(channel_id, seq)))

    def replay(self, missing: Missing) -> None:
        """Send everything that is missing."""
        for span in missing.spans:
            for seq in range(span.after + 1, span.until + 1):
                self.link.offer(Frames(b"x", position=Position(span.channel_id, seq)))
        self.backlog.replayed(missing, missing.upto)

    def resume(self, after: int, head: int, limit: int = LIMIT) -> Missing:
        self.backlog.hold()
        missing = self.backlog.missing(ROOM, after, head, limit=limit)
        self.replay(missing)
        self.backlog.release()
        return missing

    def seqs(self, channel_id: ChannelId = ROOM) -> list[int]:
        """The messages that were sent since the last call."""
        sent, self.link.sent = self.link.sent, []
        found = [each for each in sent if isinstance(each, Position)]
        return [each.seq for each in found if each.channel_id == channel_id]


@pytest.fixture
def peer() -> Peer:
    return Peer()


def test_a_live_event_is_sent_at_once(peer: Peer) -> None:
    peer.offer(1, 2)
    peer.backlog.offer(Frames(b"x", ephemeral=True))
    assert peer.link.sent == [Position(ROOM, 1), Position(ROOM, 2), None]


def test_live_events_during_a_replay_are_sent_after_it_without_replayed_messages(
    peer: Peer,
) -> None:
    peer.backlog.hold()
    peer.offer(3, 4)
    missing = peer.backlog.missing(ROOM, 1, 3, limit=LIMIT)
    assert peer.seqs() == []
    peer.replay(missing)
    assert peer.seqs() == [2, 3]
    peer.backlog.release()
    peer.offer(5)
    assert peer.seqs() == [4, 5]
    assert (missing.upto, missing.is_complete) == (3, True)


def test_a_message_that_was_delivered_live_is_not_replayed(peer: Peer) -> None:
    peer.offer(4, 5)
    assert (peer.resume(1, 5).upto, peer.seqs()) == (5, [4, 5, 2, 3])
    assert (peer.resume(1, 5).upto, peer.seqs()) == (5, [])


def test_a_long_replay_ends_at_its_limit_and_the_next_one_goes_on(peer: Peer) -> None:
    first = peer.resume(0, 5, limit=2)
    peer.offer(6)
    assert ((first.upto, first.is_complete), peer.seqs()) == ((2, False), [1, 2, 6])
    second = peer.resume(2, 6, limit=2)
    assert ((second.upto, second.is_complete), peer.seqs()) == ((4, False), [3, 4])
    third = peer.resume(4, 6, limit=2)
    assert ((third.upto, third.is_complete), peer.seqs()) == ((6, True), [5])


def test_a_resume_replays_only_messages_missed_between_leaving_and_joining(peer: Peer) -> None:
    peer.offer(1, 2)
    peer.backlog.left(ROOM)
    peer.offer(5)
    assert (peer.resume(0, 5).is_complete, peer.seqs()) == (True, [1, 2, 5, 3, 4])


def test_held_events_of_a_channel_that_was_left_are_dropped(peer: Peer) -> None:
    peer.backlog.hold()
    peer.offer(1)
    peer.offer(1, channel_id=OTHER)
    peer.backlog.offer(Frames(b"x", ephemeral=True))
    peer.backlog.offer(Frames(b"x", position=NotePosition(1)))
    peer.backlog.offer(Frames(b"x", position=RevisionPosition(ROOM, 1)))
    peer.backlog.left(ROOM)
    peer.backlog.release()
    assert peer.link.sent == [Position(OTHER, 1), None, NotePosition(1)]


def test_a_replay_that_ended_early_is_remembered_as_far_as_it_came(peer: Peer) -> None:
    peer.offer(4)
    peer.backlog.hold()
    missing = peer.backlog.missing(ROOM, 0, 4, limit=LIMIT)
    peer.link.offer(Frames(b"x", position=Position(ROOM, 1)))
    peer.backlog.replayed(missing, 1)
    peer.backlog.release()
    assert (peer.resume(0, 4).is_complete, peer.seqs()) == (True, [4, 1, 2, 3])


def test_held_events_are_flushed_on_release(peer: Peer) -> None:
    peer.backlog.hold()
    peer.offer(1)
    peer.backlog.release()
    assert (peer.seqs(), peer.link.is_flushed) == ([1], True)


def test_repeated_holds_end_with_one_release(peer: Peer) -> None:
    peer.backlog.hold()
    peer.offer(1)
    peer.backlog.hold()
    assert (peer.resume(0, 0).upto, peer.seqs()) == (0, [1])


def test_a_confirmation_that_repeats_the_seq_of_its_message_is_sent_too(peer: Peer) -> None:
    for seq in range(1, 101):
        peer.offer(seq, seq)
    assert len(peer.seqs()) == 200
    assert (peer.resume(0, 100).is_complete, peer.seqs()) == (True, [])


def test_a_position_beyond_the_end_of_the_channel_counts_as_its_end(peer: Peer) -> None:
    assert (peer.resume(9, 3).upto, peer.seqs()) == (3, [])
    peer.offer(4)
    assert (peer.resume(1, 4).upto, peer.seqs()) == (4, [4, 2, 3])


def test_held_messages_beyond_the_bound_are_dropped_and_read_from_the_log(peer: Peer) -> None:
    peer.backlog.hold()
    peer.backlog.offer(Frames(bytes(MAX_HELD_BYTES // 4)))
    peer.backlog.offer(Frames(bytes(MAX_HELD_BYTES // 4), ephemeral=True))
    big = bytes(MAX_HELD_BYTES // 8)
    for seq in range(1, 8):
        peer.backlog.offer(Frames(big, position=Position(ROOM, seq)))
    peer.backlog.offer(Frames(b"x", position=Position(OTHER, 5)))
    dropped = peer.backlog.take_dropped()
    assert dropped == {ROOM: (1, 5)}
    assert peer.backlog.take_dropped() == {}
    peer.replay(peer.backlog.missing(ROOM, 0, 5, limit=5))
    peer.backlog.release()
    assert peer.link.closing is None
    assert [each for each in peer.link.sent if each is not None] == [
        *(Position(ROOM, seq) for seq in range(1, 8)),
        Position(OTHER, 5),
    ]
    assert peer.link.sent.count(None) == 1  # the one without a position; the ephemeral was dropped
    peer.link.sent.clear()
    assert (peer.resume(0, 7).is_complete, peer.seqs()) == (True, [])


def test_a_release_before_dropped_messages_are_read_closes_the_connection(peer: Peer) -> None:
    peer.backlog.hold()
    peer.backlog.offer(Frames(bytes(MAX_HELD_BYTES + 1), position=Position(ROOM, 1)))
    peer.backlog.release()
    assert peer.link.closing == TOO_SLOW


def test_dropped_messages_of_a_channel_that_was_left_are_not_read(peer: Peer) -> None:
    peer.backlog.hold()
    peer.backlog.offer(Frames(bytes(MAX_HELD_BYTES + 1), position=Position(ROOM, 1)))
    peer.backlog.left(ROOM)
    assert peer.backlog.take_dropped() == {}


def test_held_events_that_are_in_no_log_close_the_connection_beyond_the_bound(peer: Peer) -> None:
    peer.backlog.hold()
    half = bytes(MAX_HELD_BYTES // 2)
    for _ in range(2):
        peer.backlog.offer(Frames(half))
    assert peer.link.closing is None
    peer.backlog.offer(Frames(b"x"))
    assert peer.link.closing == TOO_SLOW


def test_the_spans_remembered_of_a_channel_are_bounded(peer: Peer) -> None:
    for seq in range(2, 101, 2):
        peer.offer(seq)
    assert len(peer.seqs()) == 50
    peer.resume(0, 100)
    assert len(peer.seqs()) == 100 - MAX_SPANS


def test_partial_replays_are_remembered_within_the_same_bound(peer: Peer) -> None:
    for after in range(0, 100, 2):
        assert peer.resume(after, 100, limit=1).upto == after + 1
    assert len(peer.seqs()) == 50
    peer.resume(0, 100)
    assert len(peer.seqs()) == 100 - MAX_SPANS


def test_adjacent_replays_are_remembered_as_one_span(peer: Peer) -> None:
    for after in range(100):
        assert peer.resume(after, 100, limit=1).upto == after + 1
    assert peer.seqs() == list(range(1, 101))
    assert (peer.resume(0, 100).is_complete, peer.seqs()) == (True, [])


@frozen
class Live:
    """A letter: the Hub delivers a message, if the connection is in the channel."""

    seq: int


@frozen
class Entry:
    """A letter: the connection enters the channel, or leaves it."""

    enters: bool


Letter: TypeAlias = Live | Entry


@define
class Connection:
    """One connection, one channel, the Hub's inbox and the log; each method is something that may
    happen, in any order.

    The connection leaves the channel by itself, or with a workspace, in which case its backlog is
    not notified. While its user may not see the channel, the log returns no message of it.
    """

    by_workspace: bool
    peer: Peer = field(factory=Peer)
    inbox: deque[Letter] = field(factory=deque)
    is_in: bool = True
    head: int = 0
    not_for_it: set[int] = field(factory=set)
    seen: set[int] = field(factory=set)
    holes: int = 0  # an upper bound of the gaps in what was sent
    newest_live: int = 0
    newest_replayed: int = 0
    plan: Missing | None = None
    replayed: int = 0  # the last seq replayed in this resume
    is_lost: bool = False  # in this resume
    page: deque[int] = field(factory=deque)

    def commit(self, count: int) -> None:
        self.inbox += [Live(self.head + number) for number in range(1, count + 1)]
        self.head += count

    def commit_for_others(self) -> None:
        """A message that is not for this connection, or was deleted before it was delivered."""
        self.head += 1
        self.not_for_it.add(self.head)
        self.holes += 1

    def delete(self, part: float) -> None:
        """A message is deleted: the log no longer has it."""
        self.not_for_it.add(int(part * self.head))

    def come_or_go(self) -> None:
        entries = [letter for letter in self.inbox if isinstance(letter, Entry)]
        is_in = entries[-1].enters if entries else self.is_in
        self.inbox.append(Entry(enters=not is_in))

    def turn(self, count: int) -> None:
        """The Hub reads letters."""
        for _ in range(min(count, len(self.inbox))):
            match self.inbox.popleft():
                case Live(seq=seq):
                    if self.is_in:
                        self.peer.offer(seq)
                    else:
                        self.holes += 1
                case Entry(enters=enters):
                    if self.is_in and not enters and not self.by_workspace:
                        self.peer.backlog.left(ROOM)
                    self.is_in = enters
        self.check_live()

    def resume(self, part: float, limit: int) -> None:
        """As `hub.services.resume` does: hold, enter, and then read the head of the channel."""
        if self.plan is not None:
            return
        self.peer.backlog.hold()
        self.inbox.append(Entry(enters=True))
        self.turn(len(self.inbox))
        after = int(part * self.head)
        self.plan = self.peer.backlog.missing(ROOM, after, self.head, limit=limit)
        for span in self.plan.spans:
            self.page += range(span.after + 1, span.until + 1)
        assert len(self.page) <= limit
        assert self.plan.is_complete or self.plan.upto < self.head
        self.holes += 1
        self.newest_replayed, self.replayed, self.is_lost = 0, after, False

    def lose(self) -> None:
        """The user loses the right: the log returns nothing more."""
        self.is_lost = True

    def replay(self, count: int) -> None:
        """Send a part of a page from the log."""
        for _ in range(min(count, len(self.page))):
            seq = self.page.popleft()
            if seq not in self.not_for_it and not self.is_lost:
                self.peer.link.offer(Frames(b"x", position=Position(ROOM, seq)))
                self.replayed = seq
        for seq in self.take():
            assert seq > self.newest_replayed, "out of order"
            self.newest_replayed = seq

    def end_of_resume(self) -> None:
        if self.plan is None:
            return
        self.replay(len(self.page))
        missing, self.plan = self.plan, None
        self.peer.backlog.replayed(missing, self.replayed if self.is_lost else missing.upto)
        self.peer.backlog.release()
        self.check_live()
        if not self.is_lost:
            wanted = set(range(missing.after + 1, missing.upto + 1)) - self.not_for_it
            assert wanted <= self.seen, "a gap is hidden"

    def check_live(self) -> None:
        for seq in self.take():
            assert seq > max(self.newest_live, self.newest_replayed), "out of order"
            self.newest_live = seq

    def take(self) -> Iterator[int]:
        """The seqs that were sent since the last call."""
        for seq in self.peer.seqs():
            assert seq not in self.seen or self.holes >= MAX_SPANS, "sent twice"
            self.seen.add(seq)
            yield seq


COUNTS, PARTS = st.integers(1, 6), st.sampled_from((0.0, 0.0, 0.4, 0.7, 1.0))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(Connection.commit), COUNTS),
        st.tuples(st.just(Connection.commit_for_others)),
        st.tuples(st.just(Connection.delete), PARTS),
        st.tuples(st.just(Connection.come_or_go)),
        st.tuples(st.just(Connection.turn), COUNTS),
        st.tuples(st.just(Connection.turn), COUNTS),
        st.tuples(st.just(Connection.resume), PARTS, COUNTS),
        st.tuples(st.just(Connection.replay), COUNTS),
        st.tuples(st.just(Connection.lose)),
        st.tuples(st.just(Connection.end_of_resume)),
    ),
    min_size=10,
    max_size=60,
)


@given(by_workspace=st.booleans(), steps=STEPS)
@settings(max_examples=1_000, deadline=None)
def test_in_any_sequence_of_steps_messages_are_sent_once_in_order_without_hidden_gaps(
    by_workspace: bool,
    steps: list[tuple[Any, ...]],
) -> None:
    connection = Connection(by_workspace)
    for step, *arguments in steps:
        step(connection, *arguments)
        assert connection.peer.link.sent == []
    connection.end_of_resume()


def test_a_held_message_that_was_sent_by_other_means_is_not_sent_again() -> None:
    peer = Peer()
    peer.backlog.hold()
    peer.offer(1, 2)
    peer.offer(1, channel_id=OTHER)
    peer.backlog.skip([Position(ROOM, 1)])
    peer.backlog.release()
    assert peer.link.sent == [Position(ROOM, 2), Position(OTHER, 1)]
    peer.backlog.skip([Position(ROOM, 3)])
    peer.offer(3)
    assert peer.link.sent[-1] == Position(ROOM, 3)
