"""Puts arrivals into the order of their numbers: messages by `seq`, revisions by `rev`.

Guarantees: within a channel an arrival is delivered only right after its predecessor; one that
comes twice is delivered once; after a complete read of the log, a missing number counts as gone
only if it or a higher one was known to be committed before the read began; the arrivals held are
bounded, because the log has them; a wait for a number is settled once everything up to that number
was delivered, or when its time is over.
Must not know: where arrivals come from, how the log is read, what a number counts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Final, TypeAlias

import trio
from attrs import define, field, frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery
from hub.services.posting.figures import OrderFigures
from hub.services.posting.positions import Positions
from hub.tracing.tracing import Delivering
from persistence.records import StoreUnavailable
from protocol.model import ChannelId, Message, MessageId

MAX_EARLY: Final = 10_000  # of one lane
MAX_EARLY_OF_CHANNEL: Final = 1_000
RETRY_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 2.0  # for everything up to a number; then the wait ends as `unavailable`

Reached: TypeAlias = Callable[[StoreUnavailable | None], None]
"""Is called once: with None when everything up to a number was delivered, else with the reason."""


@define
class Outgoing:
    """Deliveries that may go out now, in order, and what is called once they were handed out.

    Nothing may be awaited between the decision that a delivery is next and `send`: a delivery that
    is decided on meanwhile would overtake it.
    """

    deliveries: list[Delivery] = field(factory=list)
    thens: list[Callable[[], None]] = field(factory=list)

    async def send(self, hub: Hub, trace: Delivering | None = None) -> None:
        """Hand the deliveries to the Hub."""
        has_thens = self.thens or trace is not None
        await hub.broadcast(self.deliveries, self._then if has_thens else None, trace)

    def _then(self) -> None:
        for then in self.thens:
            then()


@frozen
class Arrival:
    """A message or revision, which has a number. `message`: the message, or the one that is
    revised. `deliveries`: makes its deliveries. `after_gone`: makes them if its predecessor is
    gone; None: `deliveries` does.
    """

    message: Message
    deliveries: Callable[[], Sequence[Delivery]]
    after_gone: Callable[[], Sequence[Delivery]] | None = None


@frozen
class Reading:
    """What is about to be read.

    `above`: the channels, and the last delivered number of each; None: none is known. `since`: the
    lowest undelivered number that is known to be committed, if there is one; `upto`: the highest
    one. `doubts`: the doubts that the read will settle.
    """

    above: Mapping[ChannelId, int | None]
    since: Mapping[ChannelId, int]
    upto: Mapping[ChannelId, int]
    doubts: Mapping[ChannelId, int]


@frozen
class _Waiting:
    number: int
    reached: Reached
    until: float


def _always(_: Message) -> bool:
    return True


class Order:
    """The numbers of the channels of one lane.

    Args:
        positions: what was delivered.
        hold_seconds: how long a gap may wait for what is on its way from another node, before the
            log is read.
        first_hold_seconds: the same for a channel of which no delivered number is known.
        is_ready: whether an arrival with this message may be delivered.
        behind: the order of the arrivals that wait for these, as revisions do for messages.
    """

    def __init__(
        self,
        positions: Positions,
        hold_seconds: float,
        *,
        first_hold_seconds: float,
        is_ready: Callable[[Message], bool] = _always,
        behind: "Order | None" = None,
    ) -> None:
        self.positions: Final = positions
        self.figures: Final = OrderFigures()
        self.wake: Callable[[float], None] = lambda _: None
        """Is called with the time at which the log has to be read, or a wait ends."""
        self._hold_seconds = hold_seconds
        self._first_hold_seconds = first_hold_seconds
        self._is_ready = is_ready
        self._behind = behind
        self._early: dict[ChannelId, dict[int, Arrival]] = {}
        self._held = 0
        self._waiting: dict[ChannelId, list[_Waiting]] = {}
        self._gaps: dict[ChannelId, float] = {}  # when the log is read
        self._doubts: dict[ChannelId, int] = {}  # the number of the last doubt
        self._count = 0

    @property
    def in_doubt(self) -> int:
        """In how many channels something may be missing."""
        return len(self._gaps.keys() | self._doubts.keys())

    @property
    def holds(self) -> bool:
        """Whether anything waits for its predecessor, here or behind."""
        behind = self._behind
        return bool(self._early or self._waiting or (behind is not None and behind.holds))

    def doubt(self, channel_ids: Iterable[ChannelId]) -> None:
        """Something of these channels may be missing: they are read in the lane's next turn."""
        self._count += 1
        self._doubts |= dict.fromkeys(channel_ids, self._count)

    def is_delivered(self, channel_id: ChannelId, number: int) -> bool:
        """Whether everything up to a number was delivered."""
        return number <= (self.positions.last(channel_id) or 0)

    def follows(self, channel_id: ChannelId, number: int, message: Message) -> bool:
        """Whether this is next; then it counts as delivered, and `drain` delivers what follows."""
        if number != (self.positions.last(channel_id) or 0) + 1 or not self._is_ready(message):
            return False
        self.note(channel_id, number, message.id)
        return True

    def note(self, channel_id: ChannelId, number: int, message_id: MessageId) -> None:
        """Everything up to a number was delivered; the last one was, or was about, this message."""
        if self.positions.note(channel_id, number, message_id):
            self.make_room()

    def make_room(self) -> None:
        """Forget channels, but for those in which something may be missing."""
        self.positions.forget(self._gaps.keys() | self._doubts.keys())

    def receive(self, channel_id: ChannelId, number: int, arrival: Arrival, out: Outgoing) -> None:
        """Deliver an arrival if it is next, drop it if it was delivered before, else hold it."""
        if self.follows(channel_id, number, arrival.message):
            self._drop(channel_id, number)
            out.deliveries += arrival.deliveries()
            self.drain(channel_id, out)
        elif not self.is_delivered(channel_id, number):
            self.hold(channel_id, number, arrival)

    def hold(self, channel_id: ChannelId, number: int, arrival: Arrival) -> None:
        """Keep an arrival that cannot be delivered yet; beyond the bounds, read it from the log."""
        early = self._early.setdefault(channel_id, {})
        if number not in early:
            if self._held < MAX_EARLY and len(early) < MAX_EARLY_OF_CHANNEL:
                early[number] = arrival
                self._held += 1
                self.figures.held += 1
            elif not early:
                del self._early[channel_id]
        self._mark(channel_id)

    def wait(self, channel_id: ChannelId, number: int, reached: Reached | None = None) -> None:
        """Something with this number exists and was not delivered yet. Calls `reached` after
        everything up to it was handed out.
        """
        waiting = self._waiting.setdefault(channel_id, [])
        if reached is not None or all(each.number < number for each in waiting):
            until = inf if reached is None else trio.current_time() + WAIT_SECONDS
            waiting.append(_Waiting(number, reached or _nobody, until))
            self.wake(until)
        self._mark(channel_id)

    def skip(self, channel_id: ChannelId, number: int, message_id: MessageId) -> None:
        """No connection here may get what has this number, nor what is before it: everything up to
        it counts as delivered, unless the channel has a gap.
        """
        if channel_id not in self._gaps and number > (self.positions.last(channel_id) or 0):
            self.note(channel_id, number, message_id)
            self.figures.skipped += 1

    def drain(self, channel_id: ChannelId, out: Outgoing) -> None:
        """Deliver the held arrivals that are next, and settle the waits for them."""
        early = self._early.get(channel_id)
        if early is not None:
            number = (self.positions.last(channel_id) or 0) + 1
            while (arrival := early.get(number)) is not None and self._is_ready(arrival.message):
                self._take(channel_id, number, arrival, out, is_next=True)
                number += 1
        self._settle(channel_id, out)

    def next_due(self) -> float:
        """When the log has to be read."""
        return trio.current_time() if self._doubts else min(self._gaps.values(), default=inf)

    def next_end(self) -> float:
        """When the next wait ends."""
        ends = (each.until for waiting in self._waiting.values() for each in waiting)
        return min(ends, default=inf)

    def is_due(self) -> bool:
        """Whether the log has to be read now."""
        now = trio.current_time()
        return bool(self._doubts) or any(due <= now for due in self._gaps.values())

    def expire(self) -> None:
        """Settle the waits whose time is over, as unavailable."""
        now = trio.current_time()
        error = StoreUnavailable("what comes before it is not delivered yet")
        for channel_id, waiting in list(self._waiting.items()):
            self._keep_waiting(channel_id, [each for each in waiting if each.until > now])
            for each in waiting:
                if each.until <= now:
                    each.reached(error)

    def begin_read(self, besides: Iterable[ChannelId] = ()) -> Reading:
        """What has to be read now."""
        now = trio.current_time()
        due = {channel_id for channel_id, at in self._gaps.items() if at <= now}
        channels = sorted(due.union(self._doubts, besides))
        self.figures.reads += bool(channels)
        known = {each: self._known(each) for each in channels}
        return Reading(
            {each: self.positions.last(each) for each in channels},
            {each: min(numbers) for each, numbers in known.items() if numbers},
            {each: max(numbers) for each, numbers in known.items() if numbers},
            dict(self._doubts),
        )

    def find(self, channel_id: ChannelId, number: int, arrival: Arrival, out: Outgoing) -> None:
        """This was read, after everything before it that is not gone: deliver or hold it."""
        if self.is_delivered(channel_id, number):
            return
        is_next = self._reach(channel_id, number - 1, out)
        held = self._early.get(channel_id, {}).get(number)
        if is_next is None or not self._is_ready(arrival.message):
            if held is None:
                self.hold(channel_id, number, arrival)
            return
        if held is None:
            self.figures.found += 1
        self._take(channel_id, number, held or arrival, out, is_next=is_next)
        self._settle(channel_id, out)

    def end_read(self, reading: Reading, out: Outgoing) -> None:
        """Everything was read: what was not found, up to `reading.upto`, is gone."""
        for channel_id in reading.above:
            self._reach(channel_id, reading.upto.get(channel_id, 0), out)
            self._gaps.pop(channel_id, None)
            if reading.doubts.get(channel_id) == self._doubts.get(channel_id):
                self._doubts.pop(channel_id, None)
            self.drain(channel_id, out)
            if channel_id in self._early or channel_id in self._waiting:  # came during the read
                self._mark(channel_id, self._hold_seconds or RETRY_SECONDS)

    def begin_anew(self, floor: MessageId) -> None:
        """Forget everything; the waits are settled as unavailable."""
        self.positions.begin_anew(floor)
        error = StoreUnavailable("the log is another one")
        for waiting in self._waiting.values():
            for each in waiting:
                each.reached(error)
        self._waiting.clear()
        self._early.clear()
        self._held = 0
        self._gaps.clear()
        self._doubts.clear()

    def _known(self, channel_id: ChannelId) -> set[int]:
        """The numbers that are known to be committed and were not delivered yet."""
        waiting = (each.number for each in self._waiting.get(channel_id, ()))
        return {*self._early.get(channel_id, ()), *waiting}

    def _reach(self, channel_id: ChannelId, number: int, out: Outgoing) -> bool | None:
        """Deliver what is held up to a number; the rest up to it is gone. Returns whether the
        number itself was delivered; None: an arrival is not ready, and delivery stopped there.
        """
        early = self._early.get(channel_id, {})
        for each in sorted(each for each in early if each <= number):
            delivered = self.positions.last(channel_id) or 0
            if each <= delivered:
                self._drop(channel_id, each)
            elif self._is_ready(early[each].message):
                self._take(channel_id, each, early[each], out, is_next=each == delivered + 1)
            else:
                return None
        last = self.positions.last(channel_id)
        if number > (last or 0):
            self.note(channel_id, number, MessageId(0))
        return number <= (last or 0)

    def _take(
        self, channel_id: ChannelId, number: int, arrival: Arrival, out: Outgoing, *, is_next: bool
    ) -> None:
        """Deliver an arrival, which may have been held."""
        self._drop(channel_id, number)
        self.note(channel_id, number, arrival.message.id)
        make = arrival.deliveries if is_next else arrival.after_gone or arrival.deliveries
        out.deliveries += make()

    def _drop(self, channel_id: ChannelId, number: int) -> None:
        """Remove an arrival from those held, if it is one."""
        early = self._early.get(channel_id)
        if early is not None and early.pop(number, None) is not None:
            self._held -= 1
            if not early:
                del self._early[channel_id]

    def _settle(self, channel_id: ChannelId, out: Outgoing) -> None:
        """Settle the waits of a channel of which more may have been delivered."""
        waiting = self._waiting.get(channel_id)
        if waiting is not None:
            last = self.positions.last(channel_id) or 0
            self._keep_waiting(channel_id, [each for each in waiting if each.number > last])
            out.thens += [partial(each.reached, None) for each in waiting if each.number <= last]
        if channel_id not in self._early and channel_id not in self._waiting:
            self._gaps.pop(channel_id, None)
        if self._behind is not None:
            self._behind.drain(channel_id, out)

    def _keep_waiting(self, channel_id: ChannelId, waiting: list[_Waiting]) -> None:
        if waiting:
            self._waiting[channel_id] = waiting
        else:
            del self._waiting[channel_id]

    def _mark(self, channel_id: ChannelId, seconds: float | None = None) -> None:
        """Something of the channel is missing: the log is read after so many seconds at most."""
        if seconds is None:
            is_known = self.positions.last(channel_id) is not None
            seconds = self._hold_seconds if is_known else self._first_hold_seconds
        due = trio.current_time() + seconds
        if due < self._gaps.get(channel_id, inf):
            self._gaps[channel_id] = due
            self.wake(due)


def _nobody(_: StoreUnavailable | None) -> None:
    """Is called where no caller waits."""
