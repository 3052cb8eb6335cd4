"""Each user's quota, over all of their connections and requests together.

Guarantees: a user has a bounded number of connections, of messages on the way to the log, of
requests in work and of responses on their way at a time, and does everything that has a `Kind` at a
bounded rate, however many connections they open, so no user can take the hub from the others. A
place that was taken is given back exactly once. Must not know: dialects, what is sent.

The counts are kept in memory, for connected users and for the `RECENT_USERS` that came last. A kind
with a limit for a minute or longer is counted by all nodes together: each node publishes what it
has allowed. Of a kind with a limit for less time, or at a time, each node allows its share: the
limit divided by the number of nodes that the user is connected to, this one included; at least 1.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property, partial
from math import ceil
from types import TracebackType
from typing import Final, Self
from weakref import WeakValueDictionary

import trio
from attrs import frozen

from hub.limits.pace import Pace
from hub.limits.windows import FixedWindow
from protocol.model import UserId

MAX_SENDS_IN_FLIGHT: Final = 64  # the next one waits, and with it the connection's read pump
REQUESTS_AT_ONCE: Final = 4  # each needs a database connection
MAX_WAITING_REQUESTS: Final = 64
RESPONSES_AT_ONCE: Final = 16  # that the user has not read yet
BURST_SECONDS: Final = 5.0  # a user's frames and requests for so long may come at once
RECENT_USERS: Final = 10_000  # users whose quota is kept between two requests
RETRY_CONNECTING: Final = 10  # seconds; it is not known when one of the user's connections ends
MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400


class Kind(StrEnum):
    """What is counted for each user."""

    CONNECTIONS = "connections"  # that are open at a time
    MESSAGES = "messages"
    TYPING = "typing"
    UPLOADS = "uploads"
    CONVERSATIONS = "conversations"  # that are opened, by a first message or before one
    CHANNELS = "channels"
    WORKSPACES = "workspaces"
    INVITATIONS = "invitations"  # and links that invite, and joining by them
    PINS = "pins"
    REVISIONS = "revisions"  # edits, deletions, grades
    REACTIONS = "reactions"
    NOTES = "notes"  # marking unread, hiding, muting
    SEARCHES = "searches"
    RELATIONS = "relations"  # follows, blocks, requests
    RECOVERIES = "recoveries"  # Socket.IO connections, each of which can be recovered
    ADDRESSES = "addresses"  # changes of the user's own email address
    QUESTIONS = "questions"  # to the assistant
    QUESTIONS_A_DAY = "questions_a_day"


@frozen
class Allowance:
    """At most `limit` in `seconds`; None: at a time."""

    limit: int
    seconds: int | None

    @property
    def is_of_all(self) -> bool:
        """Whether all nodes count it together."""
        return self.seconds is not None and self.seconds >= MINUTE


ALLOWANCES: Final[Mapping[Kind, Allowance]] = {
    Kind.CONNECTIONS: Allowance(50, None),
    Kind.MESSAGES: Allowance(200, 1),
    Kind.TYPING: Allowance(100, 1),
    Kind.UPLOADS: Allowance(60, MINUTE),
    Kind.CONVERSATIONS: Allowance(200, HOUR),
    Kind.CHANNELS: Allowance(100, HOUR),
    Kind.WORKSPACES: Allowance(20, HOUR),
    Kind.INVITATIONS: Allowance(1_000, HOUR),
    Kind.PINS: Allowance(60, MINUTE),
    Kind.REVISIONS: Allowance(300, MINUTE),
    Kind.REACTIONS: Allowance(300, MINUTE),
    Kind.NOTES: Allowance(300, MINUTE),
    Kind.SEARCHES: Allowance(120, MINUTE),
    Kind.RELATIONS: Allowance(120, MINUTE),
    Kind.RECOVERIES: Allowance(120, MINUTE),
    Kind.ADDRESSES: Allowance(10, HOUR),
    Kind.QUESTIONS: Allowance(10, MINUTE),
    Kind.QUESTIONS_A_DAY: Allowance(200, DAY),
}
"""By default. See `hub.assembly` for those that are settings."""


@frozen
class Balance:
    """How much of a kind a user may still do."""

    kind: Kind
    allowance: Allowance
    left: int


class Place:
    """The right to have one message in flight, or one connection; `release` or the end of a `with`
    gives it back.

    Releasing twice does nothing, so every path on which a send may end can release: the outcome
    and the cancellation of the wait for it may both happen.
    """

    __slots__ = ("_semaphore",)

    def __init__(self, semaphore: "trio.Semaphore | Seats") -> None:
        self._semaphore: trio.Semaphore | Seats | None = semaphore

    def release(self) -> None:
        """Give the place back, unless that was done."""
        semaphore, self._semaphore = self._semaphore, None
        if semaphore is not None:
            semaphore.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


class Seats:
    """Counts what is open at a time; the limit is up to the caller."""

    __slots__ = ("taken",)

    def __init__(self) -> None:
        self.taken = 0

    def release(self) -> None:
        """One is free again."""
        self.taken -= 1


class Quota:
    """What one user may do.

    Args:
        allowances: how much of each kind.
        frames_per_second: how many of the user's frames are taken per second.
        refusals: counts what is refused, by its kind.
        nodes: returns at how many nodes the user is, this one included.
        spent: is called when one of a kind that all nodes count together was allowed here.
    """

    __slots__ = (
        "__dict__",  # for properties that are made when needed: most users only receive
        "__weakref__",
        "_allowances",
        "_connections",
        "_frames",
        "_nodes",
        "_refusals",
        "_shares",
        "_spent",
        "_windows",
        "pace",
    )

    def __init__(
        self,
        allowances: Mapping[Kind, Allowance],
        frames_per_second: int,
        refusals: Counter[Kind],
        nodes: Callable[[], int],
        spent: Callable[[Kind], None],
    ) -> None:
        self._allowances = allowances
        self._frames = frames_per_second
        self._nodes = nodes
        self._spent = spent
        self._shares = 1
        self._refusals = refusals
        self._windows: dict[Kind, FixedWindow] = {}
        self._connections = Seats()
        self.pace: Final = Pace(frames_per_second, frames_per_second * BURST_SECONDS, has_peak=True)

    @cached_property
    def requests(self) -> trio.CapacityLimiter:
        """Limits the requests that are worked on at a time."""
        return trio.CapacityLimiter(REQUESTS_AT_ONCE)

    @cached_property
    def responses(self) -> trio.CapacityLimiter:
        """Limits the responses that are being sent at a time."""
        return trio.CapacityLimiter(RESPONSES_AT_ONCE)

    @cached_property
    def _in_flight(self) -> trio.Semaphore:
        return trio.Semaphore(MAX_SENDS_IN_FLIGHT, max_value=MAX_SENDS_IN_FLIGHT)

    def change(self, allowances: Mapping[Kind, Allowance], frames_per_second: int) -> None:
        """Allow so much from now on; what was counted before does not count."""
        self._allowances = allowances
        self._frames = frames_per_second
        self._windows.clear()
        self._change_pace()

    def _share(self) -> None:
        """Adapt the limits to the number of nodes that the user is at now."""
        shares = self._nodes()
        if shares != self._shares:
            self._shares = shares
            self._change_pace()
            for kind, window in self._windows.items():
                window.allow(self._limit(kind))

    def _limit(self, kind: Kind) -> int:
        """How much of a kind is allowed at this node, at least one."""
        allowance = self._allowances[kind]
        return allowance.limit if allowance.is_of_all else max(1, allowance.limit // self._shares)

    def _change_pace(self) -> None:
        rate = self._frames / self._shares
        self.pace.change(rate, rate * BURST_SECONDS)

    def take(self, kind: Kind, now: float) -> bool:
        """Count one of a kind that has a rate, if it is allowed; returns whether it is."""
        is_allowed = self._window(kind, now).take(now)
        if not is_allowed:
            self._refusals[kind] += 1
        elif self._allowances[kind].is_of_all:
            self._spent(kind)
        return is_allowed

    def spent_elsewhere(self, kind: Kind, count: int, now: float) -> None:
        """Another node has allowed so many of a kind."""
        self._window(kind, now).count(count, now)

    def left(self, kind: Kind, now: float) -> int:
        """How many of a kind that has a rate are allowed until its window ends."""
        return self._window(kind, now).left(now)

    def retry_after(self, kind: Kind, now: float) -> int:
        """Whole seconds after which one of a kind that was refused at `now` is allowed again."""
        return ceil(self._window(kind, now).retry_after(now)) or 1

    def _window(self, kind: Kind, now: float) -> FixedWindow:
        self._share()
        window = self._windows.get(kind)
        if window is None:
            seconds = self._allowances[kind].seconds
            if seconds is None:
                raise LookupError(f"{kind} has no rate")
            window = self._windows[kind] = FixedWindow(self._limit(kind), seconds, now)
        return window

    def balances(self, now: float) -> Iterator[Balance]:
        """How much of each kind is left."""
        self._share()
        for kind, allowance in self._allowances.items():
            window = self._windows.get(kind)
            limit = self._limit(kind)
            left = limit if window is None else window.left(now)
            if kind is Kind.CONNECTIONS:
                left = max(0, limit - self._connections.taken)
            yield Balance(kind, allowance, left)

    def connect(self) -> Place | None:
        """A place for a connection; None when all are taken."""
        self._share()
        if self._connections.taken >= self._limit(Kind.CONNECTIONS):
            self._refusals[Kind.CONNECTIONS] += 1
            return None
        self._connections.taken += 1
        return Place(self._connections)

    @property
    def in_flight(self) -> int:
        """How many places are taken."""
        return MAX_SENDS_IN_FLIGHT - self._in_flight.value

    async def place(self) -> Place:
        """Take a place for a message; waits for one while all are taken.

        A cancelled wait takes no place. No checkpoint when one is free.
        """
        try:
            self._in_flight.acquire_nowait()
        except trio.WouldBlock:
            await self._in_flight.acquire()
        return Place(self._in_flight)


class Quotas:
    """The quota of each user, kept while a connection uses it and for some time after.

    Args:
        allowances: how much of a kind each user may do, where that is not the default.
        frames_per_second: frames of a user that are taken; more of them wait. A frame that takes
            the hub longer counts as several.
        nodes_of: returns at how many nodes a user is, this one included; None: there is one node.
        spent: is called when a user was allowed one of a kind that all nodes count together.

    `refusals`: how often something was refused since the start, by its kind.
    """

    def __init__(
        self,
        allowances: Mapping[Kind, Allowance] | None = None,
        frames_per_second: int = 200,
        nodes_of: Callable[[UserId], int] | None = None,
        spent: Callable[[UserId, Kind], None] = lambda _user_id, _kind: None,
    ) -> None:
        self._nodes_of = nodes_of
        self._spent = spent
        self.refusals: Counter[Kind] = Counter()
        self._frames = frames_per_second
        self._allowances = {**ALLOWANCES, **(allowances or {})}
        self._quotas: WeakValueDictionary[UserId, Quota] = WeakValueDictionary()
        self._recent: deque[Quota] = deque(maxlen=RECENT_USERS)

    def change(self, allowances: Mapping[Kind, Allowance], frames_per_second: int) -> None:
        """Allow so much from now on, to every user."""
        self._frames = frames_per_second
        self._allowances = {**ALLOWANCES, **allowances}
        for quota in self._quotas.values():
            quota.change(self._allowances, self._frames)

    def of(self, user_id: UserId) -> Quota:
        """The user's quota."""
        quota = self._quotas.get(user_id)
        if quota is None:
            nodes = _one if self._nodes_of is None else partial(self._nodes_of, user_id)
            spent = partial(self._spent, user_id)
            quota = Quota(self._allowances, self._frames, self.refusals, nodes, spent)
            self._quotas[user_id] = quota
            self._recent.append(quota)
        return quota


def _one() -> int:
    return 1
