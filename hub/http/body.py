"""The body of one request, received when somebody wants it.

Guarantees: nothing is received before it is asked for, so a request that is refused by its head
costs no more than that; the whole is bounded in bytes, and in time by the least rate at which it
must come; few large ones are received at a time. Must not know: what the bytes mean.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

import h11
import trio
from attrs import field, frozen

from hub.http.responses import HttpError
from protocol.websocket.handshake import Head

LARGER_BODIES: Final = 64
LEAST_BYTES_PER_SECOND: Final = 16_384

Event: TypeAlias = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]
NextEvent: TypeAlias = Callable[[], Awaitable[Event]]
"""The next event of the connection, which reads as often as it needs. Raises HttpError."""


@frozen
class Limits:
    """What a request may cost. Times are in seconds and count from the first byte they cover.

    `body_seconds`: for a body; more for each `LEAST_BYTES_PER_SECOND` that have come.
    `larger_bodies`: by path, where more than `body_bytes` may be sent, a few at a time.
    """

    head_bytes: int = 16_384
    head_seconds: float = 10.0
    body_bytes: int = 65_536
    body_seconds: float = 10.0
    larger_bodies: Mapping[str, int] = field(factory=dict)
    larger_places: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(LARGER_BODIES))
    idle_seconds: float = 75.0
    response_seconds: float = 30.0


class Body:
    """The current request's body.

    Args:
        state: the connection's, which has the request's head.
        next_event: reads.
        send: sends what invites the client to send its body.
        head: the request's.
        limits: what it may cost.

    Raises:
        HttpError: its length is given in two ways.
    """

    def __init__(
        self,
        state: h11.Connection,
        next_event: NextEvent,
        send: Callable[[bytes], Awaitable[None]],
        head: Head,
        limits: Limits,
    ) -> None:
        if head.all(b"content-length") and head.all(b"transfer-encoding"):
            raise HttpError(400, "bad_request", "Content-Length and Transfer-Encoding exclude")
        self._state = state
        self._next_event = next_event
        self._send = send
        self._limits = limits
        self._max_bytes = limits.larger_bodies.get(head.path, limits.body_bytes)
        self._declared = int(head.header(b"content-length") or 0)
        self._received = 0
        self._deadline: float | None = None
        self._has_place = False
        self._parts: deque[bytes] = deque()
        self.complete = trio.Event()
        self._take_what_is_there()

    @property
    def was_left(self) -> bool:
        """Whether some of it was never received: then the connection cannot go on."""
        return not self.complete.is_set()

    async def next_part(self) -> bytes:
        """More of it; b"" when there is no more.

        Raises:
            HttpError: it is malformed, too big or too slow, or too many large ones are under way.
        """
        if self._declared > self._max_bytes:
            raise _TOO_BIG
        if self._parts:
            return self._parts.popleft()
        if self.complete.is_set():
            return b""
        now = trio.current_time()
        if self._deadline is None:
            self._deadline = now + self._limits.body_seconds
            if self._state.they_are_waiting_for_100_continue:
                go_ahead = h11.InformationalResponse(status_code=100, headers=[])
                await self._send(self._state.send(go_ahead) or b"")
        if max(self._declared, self._received) > self._limits.body_bytes:
            await self._take_place()
        with trio.move_on_at(self._deadline + self._received / LEAST_BYTES_PER_SECOND):
            self._take(await self._next_event())
            return self._parts.popleft() if self._parts else b""
        raise HttpError(408, "request_timeout", "The request body took too long")

    def close(self) -> None:
        """The request is over."""
        if self._has_place:
            self._limits.larger_places.release_on_behalf_of(self)
            self._has_place = False

    async def _take_place(self) -> None:
        if not self._has_place:
            with trio.move_on_after(self._limits.body_seconds):
                await self._limits.larger_places.acquire_on_behalf_of(self)
                self._has_place = True
                return
            wait = {"Retry-After": "10"}
            raise HttpError(503, "busy", "Too many files are being sent, please try again", wait)

    def _take_what_is_there(self) -> None:
        """What came with the head, which may be all."""
        while not self.complete.is_set():
            try:
                event = self._state.next_event()
            except h11.RemoteProtocolError:
                return  # it is raised again when the body is asked for
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case h11.Data(data=data):
                self._received += len(data)
                if self._received > self._max_bytes:
                    raise _TOO_BIG
                self._parts.append(bytes(data))
            case h11.EndOfMessage():
                self.complete.set()
            case _:
                raise HttpError(400, "bad_request", "The request ended too early")


_TOO_BIG: Final = HttpError(413, "body_too_large", "The request body is too large")
