"""The only place where trio meets asyncio: Postgres through asyncpg, as trio coroutines.

Guarantees: every call has a deadline; every way in which a server can be away becomes
`StoreUnavailable`; connections are replaced by themselves once it is back. A cancelled or failed
statement may have been committed: its outcome is unknown. Must not know: what the SQL says.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias, TypeVar

import asyncpg
import structlog
import trio
import trio_asyncio

from persistence.records import StoreError, StoreUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")
Record: TypeAlias = Any  # asyncpg is untyped; rows are read by column name where they are fetched

CONNECT_SECONDS: Final = 2.0
ACQUIRE_SECONDS: Final = 2.0
STATEMENT_SECONDS: Final = 5.0
LISTEN_RETRY_SECONDS: Final = 0.5
LISTEN_CHECK_SECONDS: Final = 15.0
MAX_NOTICES: Final = 10_000
MIN_SERVER_VERSION: Final = 140_000

_SESSION: Final = {
    "application_name": "parlour",
    "timezone": "UTC",
    "jit": "off",
    "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
}
_LANE_SESSION: Final = {
    **_SESSION,
    # A lane runs one function over and over: plan it once, and by index even in small tables.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}

_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting up, statement timeout
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby: the one that takes writes is elsewhere
    asyncpg.TransactionRollbackError,  # deadlock or conflict: nothing was done
    asyncpg.InterfaceError,  # the connection or the pool is closed
    asyncpg.InternalClientError,  # the protocol was cut in the middle
)


class UnsafeDatabase(StoreError):
    """The server may lose what it has acknowledged, or is too old."""


@contextmanager
def unavailable_when_away() -> Iterator[None]:
    """Translate every sign of an absent server into StoreUnavailable."""
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error


async def in_asyncio(run: Callable[[], Awaitable[T]]) -> T:
    """Await an asyncio coroutine function from trio.

    Raises:
        StoreUnavailable: the server is away.
    """
    with unavailable_when_away():
        result: T = await trio_asyncio.aio_as_trio(run)()
        return result


class Database:
    """A pool of connections for ordinary statements, and one for each LISTEN.

    Args:
        dsn: the server.
        pool: an initialised asyncpg pool on it.
    """

    def __init__(self, dsn: str, pool: asyncpg.Pool) -> None:
        self._dsn = dsn
        self._pool = pool

    async def fetch(self, sql: str, *args: object) -> Sequence[Record]:
        """All rows of one statement."""

        async def run() -> Sequence[Record]:
            async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
                rows: Sequence[Record] = await connection.fetch(
                    sql, *args, timeout=STATEMENT_SECONDS
                )
                return rows

        return await in_asyncio(run)

    async def fetch_one(self, sql: str, *args: object) -> Record | None:
        """The first row, or None."""
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    @asynccontextmanager
    async def listen(
        self,
        channel: str,
        parse: Callable[[str], T],
        *,
        check_seconds: float = LISTEN_CHECK_SECONDS,
    ) -> AsyncIterator[AsyncIterator[T | None]]:
        """What `parse` makes of the payloads of NOTIFY on `channel`. None comes whenever listening
        begins (again): what was notified before may have been missed.

        Args:
            channel: the channel's name.
            parse: raises ValueError for a payload that is to be ignored.
            check_seconds: how often to see whether the server is still there.
        """
        give, take = trio.open_memory_channel[T | None](MAX_NOTICES)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_listening, channel, parse, give, check_seconds)
            with take:
                yield take
                nursery.cancel_scope.cancel()

    async def _keep_listening(
        self,
        channel: str,
        parse: Callable[[str], T],
        give: trio.MemorySendChannel[T | None],
        check_seconds: float,
    ) -> None:
        while True:
            try:
                await self._listen_until_lost(channel, parse, give, check_seconds)
            except StoreUnavailable as error:
                log.warning("listening_lost", channel=channel, reason=str(error))
            await trio.sleep(LISTEN_RETRY_SECONDS)

    async def _listen_until_lost(
        self,
        channel: str,
        parse: Callable[[str], T],
        give: trio.MemorySendChannel[T | None],
        check_seconds: float,
    ) -> None:
        lost = trio.Event()

        def hear(_: object, __: int, ___: str, payload: str) -> None:
            # Runs inside asyncio, where an exception would end more than this.
            try:
                give.send_nowait(parse(payload))
            except ValueError:
                log.warning("notice_malformed", channel=channel)  # anybody in the database may send
            except trio.WouldBlock:
                lost.set()  # whoever reads is far behind: begin again, which says so
            except trio.BrokenResourceError:
                pass  # nobody reads any more

        opened: list[asyncpg.Connection] = []

        async def begin() -> None:
            connection = await asyncpg.connect(
                self._dsn, timeout=CONNECT_SECONDS, server_settings=_SESSION
            )
            opened.append(connection)
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(channel, hear)

        async def check() -> None:
            await opened[0].fetchval("SELECT 1", timeout=STATEMENT_SECONDS)

        try:
            await in_asyncio(begin)
            await give.send(None)
            while not lost.is_set():
                with trio.move_on_after(check_seconds):
                    await lost.wait()
                if not lost.is_set():
                    await in_asyncio(check)
        finally:
            for connection in opened:
                connection.terminate()


class Lanes:
    """Connections that each run one prepared statement, over and over, without a pool's overhead.

    Args:
        dsn: the server.
        sql: the statement.
        count: how many may be in flight at a time.
    """

    def __init__(self, dsn: str, sql: str, count: int) -> None:
        self._dsn = dsn
        self._sql = sql
        self._free = [_Lane() for _ in range(count)]
        self._permits = trio.Semaphore(count)

    async def fetch(self, *args: object) -> Sequence[Record]:
        """Run the statement on a free lane.

        Raises:
            StoreUnavailable: no lane was free in time, or the server is away.
        """
        with trio.move_on_after(ACQUIRE_SECONDS) as waiting:
            await self._permits.acquire()
        if waiting.cancelled_caught:
            raise StoreUnavailable("every lane is busy")
        lane = self._free.pop()  # the one that was used last: its server process is still warm
        try:
            return await in_asyncio(lambda: lane.fetch(self._dsn, self._sql, args))
        finally:
            self._free.append(lane)
            self._permits.release()

    def close(self) -> None:
        """Close the connections. No statement may be in flight."""
        for lane in self._free:
            lane.drop()


class _Lane:
    """One connection with its prepared statement; made when needed, dropped when in doubt."""

    def __init__(self) -> None:
        self._connection: asyncpg.Connection | None = None
        self._statement: Any = None

    async def fetch(self, dsn: str, sql: str, args: Sequence[object]) -> Sequence[Record]:
        if self._connection is None or self._connection.is_closed():
            await self._open(dsn, sql)
        try:
            rows: Sequence[Record] = await self._statement.fetch(*args, timeout=STATEMENT_SECONDS)
        except (asyncio.CancelledError, *_AWAY):
            self.drop()
            raise
        return rows

    async def _open(self, dsn: str, sql: str) -> None:
        connection = await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, server_settings=_LANE_SESSION
        )
        try:
            self._statement = await connection.prepare(sql)
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@asynccontextmanager
async def open_database(dsn: str, pool_size: int) -> AsyncIterator[Database]:
    """A pool on `dsn` for what must not be lost. Needs a running trio-asyncio loop.

    Raises:
        StoreUnavailable: the server cannot be reached.
        UnsafeDatabase: it runs with synchronous_commit or fsync off, or is older than Postgres 14.
    """
    async with open_pool(dsn, pool_size) as database:
        await _require_safety(database)
        yield database


@asynccontextmanager
async def open_pool(dsn: str, pool_size: int) -> AsyncIterator[Database]:
    """A pool on `dsn`, closed on exit. Needs a running trio-asyncio loop.

    Raises:
        StoreUnavailable: the server cannot be reached.
    """

    async def create() -> asyncpg.Pool:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=pool_size,
            timeout=CONNECT_SECONDS,
            server_settings=_SESSION,
            reset=_keep_session,
        )

    pool = await in_asyncio(create)
    try:
        yield Database(dsn, pool)
    finally:
        pool.terminate()


async def _keep_session(_: asyncpg.Connection) -> None:
    """Nothing here changes a session, so nothing has to be reset between two uses of one."""


async def _require_safety(database: Database) -> None:
    row = await database.fetch_one(
        "SELECT current_setting('synchronous_commit') AS commit, current_setting('fsync') AS fsync,"
        " current_setting('server_version_num')::int AS version"
    )
    assert row is not None  # noqa: S101  a SELECT without FROM has exactly one row
    if row["commit"] == "off" or row["fsync"] == "off":
        raise UnsafeDatabase(
            "This Postgres may lose acknowledged messages:"
            f" synchronous_commit is {row['commit']}, fsync is {row['fsync']}; both must be on"
        )
    if row["version"] < MIN_SERVER_VERSION:
        raise UnsafeDatabase("Postgres 14 or later is needed")
