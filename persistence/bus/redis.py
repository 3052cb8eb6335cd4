"""A bus over a stream of Redis (7 or later) or Valkey; needs parlour[redis].

Guarantees: after a reconnect a reader goes on after its own position, so it misses nothing that the
stream still has; it notices when the stream was emptied, trimmed or replaced, also while it was
connected. Must not know: the content of a bulletin.

The stream keeps about the last 20,000 bulletins. Once a second, and whenever it is behind, a reader
checks whether the entry up to which it had read at the last check (the witness) still exists: as
long as it does, no later entry can have been removed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import trio

from persistence.bus import (
    BEGIN_SECONDS,
    MAX_BYTES,
    PUBLISH_SECONDS,
    BusUnavailable,
    require_cell,
    require_size,
)
from persistence.bus.arrivals import Arrivals
from persistence.bus.contact import Contact
from persistence.bus.redis_server import (
    RedisConnection,
    RedisServer,
    close_if_moved,
)

KEPT: Final = 20_000  # bulletins; Redis keeps up to one node of the stream more
COUNT: Final = 50  # bulletins of one reply, which fit into the `Arrivals` of a reader
BLOCK_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0
RECONNECT_SECONDS: Final = 0.1
SENTINEL_CHECK_SECONDS: Final = 5.0
_NOTHING: Final = b"0-0"  # before the first entry
_NO_WITNESS: Final = (None, _NOTHING)
_FIELD: Final = b"b"
_LIMIT: Final = (b"MAXLEN", b"~", KEPT)
_Entry: TypeAlias = tuple[bytes, Sequence[bytes]]


class RedisBus:
    """The bus of one node.

    Args:
        server: has the stream.
        cell: the cell whose nodes share the bus.
        nursery: runs the tasks of its connections.
    """

    max_bytes = MAX_BYTES

    def __init__(self, server: RedisServer, cell: str, nursery: trio.Nursery) -> None:
        self._server = server
        self._stream = f"parlour:{require_cell(cell)}:bulletins".encode()
        self._nursery = nursery
        self._contact = Contact("redis", "publishing")
        self._connection: RedisConnection | None = None
        self._connected = trio.Event()

    async def keep_connected(self) -> None:
        """Keep a connection to publish over, until cancelled."""
        while True:
            try:
                self._connection = await self._server.connect(self._nursery)
            except BusUnavailable as error:
                self._contact.lost(str(error))
            else:
                self._connected.set()
                await self._until_ended(self._connection)
                self._connection, self._connected = None, trio.Event()
                await trio.sleep(RECONNECT_SECONDS)
            await self._contact.until_next_attempt()

    async def _until_ended(self, connection: RedisConnection) -> None:
        while not connection.ended.is_set():
            with trio.move_on_after(SENTINEL_CHECK_SECONDS):
                await connection.ended.wait()
                return
            await close_if_moved(self._server, connection, self._nursery)

    async def publish(self, data: bytes) -> None:
        """See `Bus`."""
        require_size(data)
        await self._contact.require()
        connection, reason = None, f"no answer within {PUBLISH_SECONDS:g} s"
        with trio.move_on_after(PUBLISH_SECONDS):
            await self._connected.wait()
            connection = self._connection
            if connection is not None:
                try:
                    await connection.ask(b"XADD", self._stream, *_LIMIT, b"*", _FIELD, data)
                except BusUnavailable as error:
                    reason = str(error)
                else:
                    self._contact.works()
                    return
        if connection is None:
            raise BusUnavailable(self._contact.reason or "there is no connection yet")
        if not connection.ended.is_set():  # of all publishers that waited, only one logs the reason
            self._contact.lost(reason)
            connection.close()  # another server may be the right one by now
        raise BusUnavailable(reason)

    @asynccontextmanager
    async def bulletins(self) -> AsyncIterator[AsyncIterator[bytes | None]]:
        """See `Bus`."""
        async with trio.open_nursery() as nursery:
            reader = _Reader(self._server, self._stream, nursery)
            nursery.start_soon(reader.run)
            with trio.move_on_after(BEGIN_SECONDS):
                await reader.begun.wait()
            try:
                yield reader.arrivals
            finally:
                reader.arrivals.close()
            nursery.cancel_scope.cancel()


class _Reader:
    """Reads the stream into `arrivals`; `begun` is set when reading has begun."""

    def __init__(self, server: RedisServer, stream: bytes, nursery: trio.Nursery) -> None:
        self.arrivals = Arrivals()
        self.begun = trio.Event()
        self._server = server
        self._stream = stream
        self._nursery = nursery
        self._contact = Contact("redis", "listening")
        self._position: bytes | None = None  # of the last entry that was read
        self._witness: bytes | None = None  # an entry up to which everything was read

    async def run(self) -> None:
        while True:
            try:
                connection = await self._server.connect(self._nursery)
                try:
                    await self._read_from(connection)
                finally:
                    connection.close()
            except BusUnavailable as error:
                self._contact.lost(str(error))
            await self._contact.until_next_attempt()

    async def _read_from(self, connection: RedisConnection) -> None:
        await self._find_position(connection)
        self._contact.works()
        self.arrivals.begin_anew()
        self.begun.set()
        looked_at = asked_at = trio.current_time()
        while True:
            entries = await self._read(connection)
            now = trio.current_time()
            looks = len(entries) == COUNT or now >= looked_at + BLOCK_SECONDS
            is_whole = not looks or await self._has_witness(connection)
            if not is_whole and not entries:
                await self._find_position(connection)
            if not is_whole:  # not before the position to go on from is known
                self.arrivals.begin_anew()
            for identifier, fields in entries:
                self.arrivals.put(fields[1])
                self._position = identifier
            if (is_whole or entries) and (looks or self._witness in _NO_WITNESS):
                self._witness = self._position
            looked_at = now if looks else looked_at
            await self.arrivals.until_read()
            if now >= asked_at + SENTINEL_CHECK_SECONDS:
                asked_at = now
                await close_if_moved(self._server, connection, self._nursery)

    async def _read(self, connection: RedisConnection) -> Sequence[_Entry]:
        options = (b"COUNT", COUNT, b"BLOCK", int(BLOCK_SECONDS * 1000))
        position = self._position or _NOTHING
        answer = await _within(
            BLOCK_SECONDS, connection, b"XREAD", *options, b"STREAMS", self._stream, position
        )
        entries: Sequence[_Entry] = answer[self._stream] if answer else ()
        return entries

    async def _has_witness(self, connection: RedisConnection) -> bool:
        if self._witness is None or self._witness == _NOTHING:
            return True
        ends = (self._witness, self._witness)
        return bool(await _within(0, connection, b"XRANGE", self._stream, *ends))

    async def _find_position(self, connection: RedisConnection) -> None:
        """Keep the reader's position, or move it to the end of a stream that ends before it."""
        ends = (b"+", b"-", b"COUNT", 1)
        newest = await _within(0, connection, b"XREVRANGE", self._stream, *ends)
        last = newest[0][0] if newest else _NOTHING
        if self._position is None or _number(last) < _number(self._position):
            self._position = last
        self._witness = self._position if self._position == last else None


async def _within(
    seconds: float, connection: RedisConnection, command: bytes, *arguments: bytes | int
) -> Any:  # noqa: ANN401  a reply of Redis
    """The reply of the server, waited for so many seconds and two more."""
    with trio.move_on_after(seconds + ANSWER_SECONDS):
        return await connection.ask(command, *arguments)
    raise BusUnavailable(f"no answer within {seconds + ANSWER_SECONDS:g} s")


def _number(identifier: bytes) -> tuple[int, int]:
    """An entry's id, for comparison."""
    milliseconds, _, number = identifier.partition(b"-")
    return int(milliseconds), int(number)


@asynccontextmanager
async def open_redis_bus(server: RedisServer, cell: str) -> AsyncIterator[RedisBus]:
    """The bus of one node. It may be opened while there is no server.

    Args:
        server: the server, or the Sentinels that know which it is.
        cell: the cell whose nodes share the bus.

    Raises:
        ValueError: the name of the cell has another form.
    """
    require_cell(cell)
    async with trio.open_nursery() as nursery:
        bus = RedisBus(server, cell, nursery)
        nursery.start_soon(bus.keep_connected)
        yield bus
        nursery.cancel_scope.cancel()
