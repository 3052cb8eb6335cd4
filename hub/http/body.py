"""The body of one request, received when the application asks for it.

Guarantees: nothing is received before it is asked for, so a request that is refused by its head
costs no more than its head; the whole is bounded in bytes, and in time by the least rate at which
it must come; few large ones are received at a time, and fewer of one network. Must not know: what
the bytes mean.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

import h11
import trio
from attrs import Factory, define, field, frozen

from hub.http.responses import HttpError
from protocol.websocket.handshake import Head

LARGER_BODIES: Final = 32  # a file is in memory until it is checked
LARGER_BODIES_OF_NETWORK: Final = 8  # a school sends its files from one address
LEAST_BYTES_PER_SECOND: Final = 16_384

Event: TypeAlias = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]
NextEvent: TypeAlias = Callable[[trio.CancelScope], Awaitable[Event]]
"""Returns the next event of the connection. It reads as often as it needs, within this scope, and
moves the scope's deadline by the time that the peer had to wait. Raises HttpError.
"""


@define
class Places:
    """Places for what only few may do at a time, and fewer of one network, so that none takes all.

    Args:
        total: how many there are.
        each: how many of them a network may have.
    """

    total: int = LARGER_BODIES
    each: int = LARGER_BODIES_OF_NETWORK
    _all: trio.CapacityLimiter = field(
        init=False, default=Factory(lambda self: trio.CapacityLimiter(self.total), takes_self=True)
    )
    _networks: WeakValueDictionary[str, trio.CapacityLimiter] = field(
        factory=WeakValueDictionary, init=False
    )
    _shares: dict[object, trio.CapacityLimiter] = field(factory=dict, init=False)

    @property
    def taken(self) -> int:
        """How many are taken."""
        return self._all.borrowed_tokens

    async def take(self, taker: object, network: str) -> None:
        """Take a place for `taker`, as soon as there is one."""
        share = self._networks.get(network)
        if share is None:
            share = self._networks[network] = trio.CapacityLimiter(self.each)
        await share.acquire_on_behalf_of(taker)
        try:
            await self._all.acquire_on_behalf_of(taker)
        except trio.Cancelled:
            share.release_on_behalf_of(taker)
            raise
        self._shares[taker] = share

    def release(self, taker: object) -> None:
        """Give back the place that was taken, if there was one."""
        share = self._shares.pop(taker, None)
        if share is not None:
            self._all.release_on_behalf_of(taker)
            share.release_on_behalf_of(taker)


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
    larger_places: Places = field(factory=Places)
    idle_seconds: float = 75.0
    response_seconds: float = 30.0


class Body:
    """The current request's body.

    Args:
        state: the connection's, which has the request's head.
        next_event: reads.
        send: sends the response 100, which invites the client to send its body.
        head: the request's.
        limits: what it may cost.
        network: where it comes from.

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
        network: str,
    ) -> None:
        if head.all(b"content-length") and head.all(b"transfer-encoding"):
            raise HttpError(400, "bad_request", "Content-Length and Transfer-Encoding exclude")
        self._state = state
        self._next_event = next_event
        self._send = send
        self._limits = limits
        self._network = network
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
        """Whether some of it was never received: then the connection cannot be reused."""
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
            self._deadline += trio.current_time() - now  # the wait does not count
        deadline = self._deadline + self._received / LEAST_BYTES_PER_SECOND
        with trio.move_on_at(deadline) as patience:
            event = await self._next_event(patience)
            self._deadline += patience.deadline - deadline
            self._take(event)
            return self._parts.popleft() if self._parts else b""
        raise HttpError(408, "request_timeout", "The request body took too long")

    def close(self) -> None:
        """The request is over."""
        self._limits.larger_places.release(self)

    async def _take_place(self) -> None:
        if not self._has_place:
            with trio.move_on_after(self._limits.body_seconds):
                await self._limits.larger_places.take(self, self._network)
                self._has_place = True
                return
            wait = {"Retry-After": "10"}
            raise HttpError(503, "busy", "Too many files are being sent, please try again", wait)

    def _take_what_is_there(self) -> None:
        """Take the part that came with the head, which may be all."""
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
