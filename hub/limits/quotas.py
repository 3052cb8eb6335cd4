"""Each user's quota, over all of their connections and requests together.

Guarantees: a user has a bounded number of messages on the way to the log, of requests in work and
of responses on their way at a time, and sends, types, uploads and asks at a bounded rate, however
many connections they open, so no user can take the hub from the others. A place that was taken
comes back exactly once. Must not know: dialects, what is sent.
"""

from collections import deque
from types import TracebackType
from typing import Final, Self
from weakref import WeakValueDictionary

import trio

from hub.limits.pace import Pace
from hub.limits.windows import FixedWindow
from protocol.model import UserId

MAX_SENDS_IN_FLIGHT: Final = 64  # the next one waits, and with it the connection's read pump
REQUESTS_AT_ONCE: Final = 4  # each needs a database connection
MAX_WAITING_REQUESTS: Final = 64
RESPONSES_AT_ONCE: Final = 16  # that the user has not read yet
BURST_SECONDS: Final = 5.0  # a user's frames and requests of so long may come at once
RECENT_USERS: Final = 10_000  # whose quota is kept between two requests
WINDOW_SECONDS: Final = 1.0
UPLOADS_SECONDS: Final = 60.0


class Place:
    """The right to have one message in flight; `release` or the end of a `with` gives it back.

    Releasing twice does nothing, so every path on which a send may end can release: the outcome
    and the cancellation of the wait for it may both happen.
    """

    __slots__ = ("_semaphore",)

    def __init__(self, semaphore: trio.Semaphore) -> None:
        self._semaphore: trio.Semaphore | None = semaphore

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


class Quota:
    """What one user may do.

    Args:
        messages: how often the user may send a message.
        typing: how often they may send a typing indicator.
        uploads: how often they may store a file.
        pace: how fast what they send is taken.
    """

    __slots__ = (
        "__weakref__",
        "_in_flight",
        "messages",
        "pace",
        "requests",
        "responses",
        "typing",
        "uploads",
    )

    def __init__(
        self, messages: FixedWindow, typing: FixedWindow, uploads: FixedWindow, pace: Pace
    ) -> None:
        self.messages: Final = messages
        self.typing: Final = typing
        self.uploads: Final = uploads
        self.pace: Final = pace
        self.requests: Final = trio.CapacityLimiter(REQUESTS_AT_ONCE)
        self.responses: Final = trio.CapacityLimiter(RESPONSES_AT_ONCE)
        self._in_flight = trio.Semaphore(MAX_SENDS_IN_FLIGHT, max_value=MAX_SENDS_IN_FLIGHT)

    @property
    def in_flight(self) -> int:
        """How many places are taken."""
        return MAX_SENDS_IN_FLIGHT - self._in_flight.value

    async def place(self) -> Place:
        """Take a place for a message; waits for one while all are taken.

        A wait that is cancelled takes none. No checkpoint when one is free.
        """
        try:
            self._in_flight.acquire_nowait()
        except trio.WouldBlock:
            await self._in_flight.acquire()
        return Place(self._in_flight)


class Quotas:
    """Everybody's quota, kept while a connection uses it and for some time after.

    Args:
        messages_per_second: that a user may send.
        typing_per_second: typing indicators that a user may send.
        uploads_per_minute: files that a user may store.
        frames_per_second: frames and requests of a user that are taken; more of them wait.
    """

    def __init__(
        self,
        messages_per_second: int,
        typing_per_second: int,
        uploads_per_minute: int = 60,
        frames_per_second: int = 200,
    ) -> None:
        self._frames = frames_per_second
        self._messages = messages_per_second
        self._typing = typing_per_second
        self._uploads = uploads_per_minute
        self._quotas: WeakValueDictionary[UserId, Quota] = WeakValueDictionary()
        self._recent: deque[Quota] = deque(maxlen=RECENT_USERS)

    def of(self, user_id: UserId) -> Quota:
        """The user's quota."""
        quota = self._quotas.get(user_id)
        if quota is None:
            now = trio.current_time()
            quota = Quota(
                FixedWindow(self._messages, WINDOW_SECONDS, now),
                FixedWindow(self._typing, WINDOW_SECONDS, now),
                FixedWindow(self._uploads, UPLOADS_SECONDS, now),
                Pace(self._frames, self._frames * BURST_SECONDS),
            )
            self._quotas[user_id] = quota
            self._recent.append(quota)
        return quota
