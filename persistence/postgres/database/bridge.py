"""The bridge from trio to asyncio: Postgres through asyncpg, as trio coroutines.

Guarantees: every statement has a deadline; an error of the server, of a connection or of asyncio
ends only the statement in which it occurs: it becomes `StoreUnavailable`, or is raised to the
caller whose values were refused (`errors.py`); connections are replaced once the server is back. A
statement that was cancelled or failed may have been committed: its outcome is unknown. Statements
that are slow or time out are logged by their names (`statements.py`), without values. Must not
know: the meaning of the SQL.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from functools import partial
from math import inf
from time import perf_counter
from typing import Any, Final, TypeAlias, TypeVar, assert_never

import asyncpg
import structlog
import trio
import trio_asyncio

from persistence.figures import PoolFigures
from persistence.postgres.database.driving import drive, read_promptly
from persistence.postgres.database.errors import (
    Meaning,
    StatementRefused,
    describe,
    failure_of,
    meaning_of,
)
from persistence.postgres.database.session import (
    STATEMENT_SECONDS,
    STORE_SESSION,
    Connect,
    Opening,
    connect_safely,
    require_sessions,
)
from persistence.postgres.database.statements import UNWATCHED, StatementWatch, statement_name
from persistence.records import Gone, StoreError, StoreUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")
GiveUp: TypeAlias = Callable[[asyncpg.Connection], None]
Record: TypeAlias = Any  # asyncpg is untyped; rows are read by column name where they are fetched

ACQUIRE_SECONDS: Final = 2.0
CONFLICT_ATTEMPTS: Final = 3
CANCEL_SECONDS: Final = 2.0


class Conflict(StoreUnavailable):
    """A statement was rolled back because of another transaction; repeating it may work."""


class LockTimeout(StoreUnavailable):
    """A statement was rolled back because another transaction holds a lock that it needs."""


class Duplicate(StoreUnavailable):
    """A row was to be stored with a unique value that another row has; nothing was stored. A caller
    that expects this catches it; for others it is a `StoreUnavailable`, because another client was
    faster.
    """

    def __init__(self, constraint: str | None) -> None:
        self.constraint = constraint
        super().__init__(f"there is another row for {constraint}")


@asynccontextmanager
async def open_asyncio() -> AsyncIterator[None]:
    """The asyncio loop that everything in this package needs, inside trio's. An exception that no
    task awaits, for example of a connection that breaks while it is opened, is logged.
    """
    async with trio_asyncio.open_loop() as loop:
        loop.set_exception_handler(_log_unawaited)
        read_promptly(loop)
        yield


def _log_unawaited(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    error = context.get("exception")
    reason = describe(error) if isinstance(error, Exception) else str(context.get("message"))
    # asyncio runs this in the context of the task that opened the connection; drop its log ids
    Context().run(log.warning, "database_connection_broken", reason=reason)


async def in_asyncio(run: Callable[[], Awaitable[T]]) -> T:
    """Await an asyncio coroutine function from trio.

    Raises:
        StoreUnavailable: any error occurred, except a `StoreError`, which is raised as it is.
    """
    try:
        result: T = await trio_asyncio.aio_as_trio(run)()
    except StoreError:
        raise
    except Exception as error:
        raise _unavailable(error) from error
    return result


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(describe(error))


def cancel(connection: asyncpg.Connection) -> None:
    """Ask the server to cancel the statement, and close the connection once it has."""

    async def close() -> None:
        with suppress(Exception):  # asyncpg has terminated it then
            await connection.close(timeout=CANCEL_SECONDS)

    trio_asyncio.current_loop.get().create_task(close())


class Connections:
    """Connections that run one statement at a time each, without the overhead of asyncpg's pool.

    Args:
        count: how many statements may be in flight at a time.
        connect: opens a connection, in asyncio.
        give_up: ends a connection whose statement was cancelled or timed out.
        name: the purpose of the connections.
        watch: logs and traces the statements.
        era: returns a new number once connections opened earlier may be dead without a sign.
    """

    def __init__(
        self,
        count: int,
        connect: Connect,
        give_up: GiveUp,
        name: str = "main",
        watch: StatementWatch = UNWATCHED,
        era: Callable[[], int] = lambda: 0,
    ) -> None:
        self.figures: Final = PoolFigures(name, count)
        self.watch: Final = watch
        self._free: list[_Slot] = [
            _Slot(connect, give_up, self.figures, watch, era) for _ in range(count)
        ]
        self._permits = trio.Semaphore(count)

    async def fetch(self, sql: str, *args: object) -> Sequence[Record]:
        """All rows of one statement.

        Raises:
            StoreUnavailable: no connection was free in time, or the database cannot be used.
            StatementRefused: the values to be stored were refused.
        """
        open_span = self.watch.open_span
        if open_span is None:
            return await self._fetch(sql, args)
        with open_span(statement_name()) as note_rows:
            rows = await self._fetch(sql, args)
            note_rows(len(rows))
            return rows

    async def _fetch(self, sql: str, args: Sequence[object]) -> Sequence[Record]:
        try:
            self._permits.acquire_nowait()
        except trio.WouldBlock:
            await self._acquire()
        slot = self._free.pop()  # the last one used: its server process has warm caches
        self.figures.in_use += 1
        try:
            for _ in range(CONFLICT_ATTEMPTS - 1):
                with suppress(Conflict):
                    return await slot.fetch(sql, args)
            return await slot.fetch(sql, args)
        finally:
            self.figures.in_use -= 1
            self._free.append(slot)
            self._permits.release()

    async def ask(self, sql: str, *args: object) -> Sequence[Record]:
        """As `fetch`, for a statement of which no value can be refused.

        Raises:
            StoreUnavailable: as in `fetch`, or the statement was refused.
        """
        try:
            return await self.fetch(sql, *args)
        except StatementRefused as refused:
            raise _unavailable(refused) from refused

    async def _acquire(self) -> None:
        figures, began = self.figures, perf_counter()
        figures.waiting += 1
        try:
            with trio.move_on_after(ACQUIRE_SECONDS):
                await self._permits.acquire()
                return
        finally:
            figures.waiting -= 1
            figures.waits.add(perf_counter() - began)
        figures.errors["no_connection_free"] += 1
        reason = "every connection is busy"
        self.watch.timed_out(began, reason)
        raise StoreUnavailable(reason)

    def close(self) -> None:
        """Close the connections. No statement may be in flight."""
        for slot in self._free:
            slot.drop()


class _Slot:
    """One connection: opened when it is needed, dropped after an error."""

    def __init__(
        self,
        connect: Connect,
        give_up: GiveUp,
        figures: PoolFigures,
        watch: StatementWatch,
        era: Callable[[], int],
    ) -> None:
        self._opening = Opening(connect)
        self._give_up = give_up
        self._figures = figures
        self._watch = watch
        self._era = era
        self._opened_in = 0
        self._connection: asyncpg.Connection | None = None

    async def fetch(self, sql: str, args: Sequence[object]) -> Sequence[Record]:
        if self._opened_in != self._era():
            self.drop()
        if self._connection is None or self._connection.is_closed():
            self._opened_in = self._era()
            self._connection = await self._open()
        connection: Any = self._connection
        began = perf_counter()
        patience = trio.move_on_after(STATEMENT_SECONDS)
        try:
            with patience:
                rows: Sequence[Record] = await drive(connection.fetch(sql, *args))
                self._figures.statements.add(perf_counter() - began)
                self._watch.done(began, len(rows))
                return rows
        except asyncio.CancelledError:
            pass  # this task was cancelled, or the deadline passed
        except Exception as error:  # asyncpg raises any class while a connection breaks
            self._figures.errors[failure_of(error)] += 1
            match meaning_of(error):
                case Meaning.REFUSED:
                    raise StatementRefused(error) from error
                case Meaning.CONFLICT:
                    raise Conflict(describe(error)) from error
                case Meaning.LOCKED:
                    self._watch.failed(began, describe(error))
                    raise LockTimeout(describe(error)) from error
                case Meaning.AWAY:
                    self.drop()
                    self._watch.failed(began, describe(error))
                    raise _unavailable(error) from error
                case unknown:
                    assert_never(unknown)
        self._connection = None
        self._give_up(connection)
        is_wanted = trio.current_effective_deadline() > -inf
        self._figures.errors["timeout" if is_wanted else "cancelled"] += 1
        reason = "no answer in time"
        if patience.cancel_called:
            self._watch.timed_out(began, reason)
        else:
            self._watch.done(began, None)
        await trio.lowlevel.checkpoint_if_cancelled()
        raise StoreUnavailable(reason)

    async def _open(self) -> asyncpg.Connection:
        try:
            return await in_asyncio(self._opening.take)
        except StoreError:
            self._figures.errors["connection"] += 1
            raise

    def drop(self) -> None:
        self._opening.drop()
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@asynccontextmanager
async def open_connections(
    count: int,
    connect: Connect,
    give_up: GiveUp = cancel,
    *,
    name: str = "main",
    watch: StatementWatch = UNWATCHED,
    era: Callable[[], int] = lambda: 0,
) -> AsyncIterator[Connections]:
    """Connections, closed on exit. Needs `open_asyncio`.

    Raises:
        StoreUnavailable: the server cannot be reached.
    """
    connections = Connections(count, connect, give_up, name, watch, era)
    try:
        await connections.ask("SELECT 1")
        yield connections
    finally:
        connections.close()


class Database:
    """Runs statements.

    Args:
        dsn: the server.
        connections: run the statements.
    """

    def __init__(self, dsn: str, connections: Connections) -> None:
        self.dsn: Final = dsn
        self._connections = connections

    @property
    def figures(self) -> PoolFigures:
        """The figures of the connections."""
        return self._connections.figures

    @property
    def watch(self) -> StatementWatch:
        """Logs and traces the statements."""
        return self._connections.watch

    async def fetch(self, sql: str, *args: object) -> Sequence[Record]:
        """All rows of one statement.

        Raises:
            Gone: a new row would refer to a deleted one.
            Duplicate: a new row would have a unique value of another row.
            StoreUnavailable: no connection was free in time, the database cannot be used, or it
                refuses the statement.
        """
        try:
            return await self._connections.fetch(sql, *args)
        except StatementRefused as refused:
            match refused.error:  # without a constraint, it comes from a trigger of the deployment
                case asyncpg.ForeignKeyViolationError(constraint_name=str(constraint)):
                    raise Gone(constraint) from None
                case asyncpg.UniqueViolationError(constraint_name=str(constraint)):
                    raise Duplicate(constraint) from None
                case _:
                    log.exception("statement_refused", name=statement_name())
                    raise StoreUnavailable(str(refused)) from refused

    async def fetch_one(self, sql: str, *args: object) -> Record | None:
        """The first row, or None."""
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None


@asynccontextmanager
async def open_database(
    dsn: str,
    count: int,
    watch: StatementWatch = UNWATCHED,
    era: Callable[[], int] = lambda: 0,
) -> AsyncIterator[Database]:
    """A database that keeps what it has committed. Needs `open_asyncio`.

    Args:
        dsn: the server.
        count: how many connections it may take.
        watch: logs and traces its statements.
        era: see `Connections`.

    Raises:
        StoreUnavailable: the server cannot be reached.
        UnsafeDatabase: the server may lose commits, or does not give a session to each connection.
    """
    await in_asyncio(partial(require_sessions, dsn))
    connect = partial(connect_safely, dsn, STORE_SESSION)
    async with open_connections(count, connect, watch=watch, era=era) as connections:
        yield Database(dsn, connections)
