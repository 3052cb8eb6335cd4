"""A bus over NOTIFY of the hub's own database.

Guarantees: publishing is a transaction of its own, which stores nothing and holds the lock of
notifying transactions for microseconds; a listening connection that receives nothing is replaced.
Must not know: the content of a bulletin.

Postgres keeps one queue of notifications for the whole server, back to the position of the slowest
listener of any database. When the queue is full, every NOTIFY fails. A growing queue is logged,
with the session that does not read; that session is not ended, since it may belong to another
program.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from math import inf
from typing import Final

import asyncpg
import structlog
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
from persistence.postgres.bus.pieces import Assembly, to_payloads
from persistence.postgres.database.bridge import Connections, in_asyncio
from persistence.postgres.database.session import SESSION, connect, leave
from persistence.records import StoreUnavailable

log = structlog.get_logger(__name__)

TEST_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 10.0
SAY_SECONDS: Final = 10.0  # between two log lines about malformed notifications
ANSWER_SECONDS: Final = 2.0
MAX_QUEUE_USAGE: Final = 0.05
LONG_SECONDS: Final = 1.0  # a transaction of this age may keep a listener from reading
ENGINE: Final = "postgres"
_TEST: Final = "listening"
_SESSION: Final[Mapping[str, str]] = {
    **SESSION,
    "application_name": "parlour bus",
    "statement_timeout": str(int(PUBLISH_SECONDS * 1000)),
    "synchronous_commit": "off",  # nothing is stored
}
_NOTIFY: Final = "SELECT count(pg_notify($1, payload)) FROM unnest($2::text[]) AS payload"
_LISTENING: Final = "SELECT pg_notify($1, $2), pg_notification_queue_usage() AS usage"
# A listener reads between its transactions. Transactions of other roles are visible only with
# pg_read_all_stats.
_BEHIND: Final = """
    SELECT pid, usename AS role, application_name AS application, datname AS database, state,
           extract(epoch FROM clock_timestamp() - xact_start)::int AS seconds,
           coalesce(CASE WHEN r.rolsuper THEN m.rolsuper
                         ELSE pg_has_role(a.usesysid, 'USAGE')
                              OR pg_has_role('pg_signal_backend', 'USAGE') END, false) AS may_end
      FROM pg_stat_activity a
      JOIN pg_roles r ON r.oid = a.usesysid
      JOIN pg_roles m ON m.rolname = current_user
     WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
       AND a.xact_start < clock_timestamp() - make_interval(secs => $1)
     ORDER BY a.xact_start LIMIT 1
"""


class PostgresBus:
    """The bus of one node.

    Args:
        dsn: the database.
        cell: the cell whose nodes share the bus.
        connections: one connection, to publish over.
    """

    max_bytes = MAX_BYTES

    def __init__(self, dsn: str, cell: str, connections: Connections) -> None:
        self._dsn = dsn
        self._channel = f"parlour_bus_{require_cell(cell)}"
        self._connections = connections
        self._contact = Contact(ENGINE, "publishing")
        self._name = secrets.token_hex(6)
        self._numbers = count()
        self._queue = _QueueWatch()

    async def publish(self, data: bytes) -> None:
        """See `Bus`."""
        require_size(data)
        await self._contact.require()
        reason = f"no answer within {PUBLISH_SECONDS:g} s"
        payloads = to_payloads(data, f"{self._name}-{next(self._numbers)}")
        with trio.move_on_after(PUBLISH_SECONDS):
            try:
                await self._connections.ask(_NOTIFY, self._channel, payloads)
            except StoreUnavailable as error:
                reason = str(error)
            else:
                self._contact.works()
                return
        self._contact.lost(reason)
        raise BusUnavailable(reason)

    @asynccontextmanager
    async def bulletins(self) -> AsyncIterator[AsyncIterator[bytes | None]]:
        """See `Bus`."""
        listener = _Listener(self._dsn, self._channel, self._queue)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(listener.run)
            with trio.move_on_after(BEGIN_SECONDS):
                await listener.begun.wait()
            try:
                yield listener.arrivals
            finally:
                listener.arrivals.close()
            nursery.cancel_scope.cancel()


class _QueueWatch:
    """Logs once that the queue grows, and once that it has shrunk again."""

    def __init__(self) -> None:
        self._grows = False

    async def look(self, connection: asyncpg.Connection, usage: float) -> None:
        """Log a change. A coroutine of asyncio."""
        if (usage > MAX_QUEUE_USAGE) == self._grows:
            return
        self._grows = not self._grows
        percent = round(100 * usage, 3)
        if not self._grows:
            log.warning("bus_queue_shrinks", percent=percent)
            return
        row = await connection.fetchrow(_BEHIND, LONG_SECONDS, timeout=ANSWER_SECONDS)
        log.error("bus_queue_grows", percent=percent, not_reading=dict(row) if row else None)


class _Listener:
    """Puts what it receives into `arrivals`; `begun` is set when listening has begun."""

    def __init__(self, dsn: str, channel: str, queue: _QueueWatch) -> None:
        self.arrivals = Arrivals()
        self.begun = trio.Event()
        self._dsn = dsn
        self._channel = channel
        self._queue = queue
        self._contact = Contact(ENGINE, "listening")
        self._assembly = Assembly()
        self._heard_at = 0.0
        self._says_at = -inf
        self._lost = trio.Event()

    async def run(self) -> None:
        while True:
            opened: list[asyncpg.Connection] = []
            try:
                await self._listen(opened)
            except StoreUnavailable as error:
                self._contact.lost(str(error))
            finally:
                for connection in opened:
                    connection.terminate()
            await self._contact.until_next_attempt()

    async def _listen(self, opened: list[asyncpg.Connection]) -> None:
        """Listen. Raises StoreUnavailable when the connection is lost, or receives nothing."""
        self._lost, self._assembly = trio.Event(), Assembly()
        await in_asyncio(partial(self._begin, opened))
        self._heard_at = trio.current_time()
        self._contact.works()
        self.arrivals.begin_anew()
        self.begun.set()
        while True:
            await in_asyncio(partial(self._test, opened[0]))
            with trio.move_on_after(TEST_SECONDS):
                await self._lost.wait()
                raise StoreUnavailable("the connection was lost")
            if trio.current_time() >= self._heard_at + SILENCE_SECONDS:
                raise StoreUnavailable("nothing is heard over the connection, not even from itself")

    # What follows runs in asyncio.

    async def _begin(self, opened: list[asyncpg.Connection]) -> None:
        connection = await connect(self._dsn, _SESSION)
        opened.append(connection)
        connection.add_termination_listener(lambda _, lost=self._lost: lost.set())
        await asyncio.wait_for(connection.add_listener(self._channel, self._hear), ANSWER_SECONDS)

    async def _test(self, connection: asyncpg.Connection) -> None:
        row = await connection.fetchrow(_LISTENING, self._channel, _TEST, timeout=ANSWER_SECONDS)
        await self._queue.look(connection, row["usage"])

    def _hear(self, _: object, __: int, ___: str, payload: str) -> None:
        # Called by asyncio, where an exception would end more than this listener.
        now = self._heard_at = trio.current_time()
        lost = self._assembly.lost
        if payload == _TEST:
            self._assembly.give_up_old(now)
        else:
            try:
                data = self._assembly.add(payload, now)
            except ValueError:
                self._say_malformed(now)  # any session may notify
                return
            if data is not None:
                self.arrivals.put(data)
        if self._assembly.lost > lost:
            self.arrivals.begin_anew()

    def _say_malformed(self, now: float) -> None:
        if now >= self._says_at:
            self._says_at = now + SAY_SECONDS
            log.warning("bulletin_malformed", channel=self._channel)


@asynccontextmanager
async def open_postgres_bus(dsn: str, cell: str) -> AsyncIterator[PostgresBus]:
    """The bus of one node. It may be opened while there is no server. Needs `bridge.open_asyncio`.

    Args:
        dsn: the database.
        cell: the cell whose nodes share the bus.

    Raises:
        ValueError: the name of the cell has another form.
    """
    connections = Connections(1, partial(connect, dsn, _SESSION), leave, "bus")
    try:
        yield PostgresBus(dsn, cell, connections)
    finally:
        connections.close()
