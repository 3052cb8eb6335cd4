"""Opens connections to Postgres, each with the settings that its statements were written for.

Guarantees: a connection that stores data of Parlour is to a server of the URL that takes writes and
keeps what it has committed; it has these settings, whatever the defaults of the role, the database
or a pooler in between are; settings are sent in statements, because poolers refuse or drop those
that are sent when a connection starts. Must not know: the statements.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TypeAlias

import asyncpg

from persistence.postgres.servers.choice import ATTRIBUTE, first_of
from persistence.records import DatabaseUnfit, StoreError, StoreUnavailable, Unfit

Connect: TypeAlias = Callable[[], Awaitable[asyncpg.Connection]]

CONNECT_SECONDS: Final = 2.0
STATEMENT_SECONDS: Final = 5.0
LANE_STATEMENT_SECONDS: Final = 2.0
LANE_LOCK_SECONDS: Final = 0.3
MIN_SERVER_VERSION: Final = 140_000

SESSION: Final[Mapping[str, str]] = {
    "application_name": "parlour",
    "timezone": "UTC",
    "jit": "off",
    # A page is read in the order of an index and ends early. A bitmap scan, which the planner
    # prefers while statistics are young, reads the whole conversation and sorts it.
    "enable_bitmapscan": "off",
    "statement_timeout": str(int(STATEMENT_SECONDS * 1000)),
    "default_transaction_isolation": "read committed",
}
STORE_SESSION: Final = {
    **SESSION,
    # Planning a statement of the store costs up to four times as much as executing it. Each is
    # planned once, for index scans, which suit the later size of the tables.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}
LANE_SESSION: Final = {
    **STORE_SESSION,
    # The server ends a statement about when the hub reports its outcome as unknown. A commit that
    # waits for a standby is not ended: it would be visible without being as durable as others.
    "statement_timeout": str(int(LANE_STATEMENT_SECONDS * 1000)),
    # After this time, the other conversations of the lane go on without the locked one.
    "lock_timeout": str(int(LANE_LOCK_SECONDS * 1000)),
    # The statements inside its functions concern one channel, or a few.
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
PLANNING_SESSION: Final = {
    **SESSION,
    # A generic plan suits users with few channels only. Planning takes some milliseconds.
    "plan_cache_mode": "force_custom_plan",
}
_ADOPT: Final = """
    SELECT count(set_config(s.name, s.value, false)), pg_is_in_recovery() AS is_standby,
           current_setting('transaction_read_only')::bool AS is_read_only
      FROM unnest($1::text[], $2::text[]) AS s (name, value)
"""
# Fixes `synchronous_commit` at its present value: a later change of the server's setting does not
# affect this session.
_SAFETY: Final = """
    SELECT set_config('synchronous_commit', current_setting('synchronous_commit'), false) AS commit,
           current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
           current_setting('server_version_num')::int AS version
"""
_MARK: Final = "SELECT set_config('parlour.session', '{mark}', false)"
_MARKED: Final = "SELECT current_setting('parlour.session', true) = $1 AS is_marked"


_REFUSED: Final = (
    asyncpg.InvalidCatalogNameError,  # no such database
    asyncpg.InvalidAuthorizationSpecificationError,  # no such user, or not with this password
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InvalidSchemaNameError,  # no schema that this user may create tables in
    asyncpg.exceptions.ClientConfigurationError,  # the URL asks for something unavailable
)


class DatabaseRefused(StoreError):
    """The database does not exist, its user lacks a right, or its content does not allow a change
    of its schema; the text includes the server's.
    """


class UnsafeDatabase(StoreUnavailable):
    """The server may lose committed transactions, is too old, or is behind a pooler that shares its
    connections between sessions. It cannot be used until an operator changes that.
    """

    heals = False


@contextmanager
def refusals_in_words() -> Iterator[None]:
    """Turn errors that an operator has to fix into `DatabaseRefused`."""
    try:
        yield
    except _REFUSED as error:
        reason = str(error).partition("\n")[0]  # without its hints
        raise DatabaseRefused(f"The database refuses to be used: {reason}") from None


async def connect(
    dsn: str, settings: Mapping[str, str], *, within: float = CONNECT_SECONDS
) -> asyncpg.Connection:
    """A connection with these settings, to the server that takes writes, also where the URL asks
    for another one. A coroutine of asyncio.

    Args:
        dsn: the servers.
        settings: for the session.
        within: how many seconds a server has for each response.

    Raises:
        DatabaseUnfit: none of the servers takes writes.
        asyncpg.PostgresError, OSError, TimeoutError: the server cannot be reached, or refuses.
    """

    async def open_one(server: str) -> asyncpg.Connection:
        connection = await asyncpg.connect(server, timeout=within, target_session_attrs="any")
        try:
            row = await _adopt(connection, settings, within)
            require_writable(is_standby=row["is_standby"], is_read_only=row["is_read_only"])
        except BaseException:
            connection.terminate()
            raise
        return connection

    return await first_of(dsn, open_one, leave)


async def connect_to_read(
    dsn: str, settings: Mapping[str, str], *, within: float = CONNECT_SECONDS
) -> asyncpg.Connection:
    """As `connect`, but to a standby if no server takes writes, or the URL asks for a standby."""
    if ATTRIBUTE not in dsn:
        try:
            return await connect(dsn, settings, within=within)
        except DatabaseUnfit:
            pass
    connection = await asyncpg.connect(dsn, timeout=within)
    try:
        await _adopt(connection, settings, within)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def _adopt(
    connection: asyncpg.Connection, settings: Mapping[str, str], within: float
) -> asyncpg.Record:
    return await connection.fetchrow(
        _ADOPT, list(settings), list(settings.values()), timeout=within
    )


def require_writable(*, is_standby: bool, is_read_only: bool) -> None:
    """Raises DatabaseUnfit for a server that does not take writes."""
    if is_standby:
        raise DatabaseUnfit(Unfit.STANDBY)
    if is_read_only:
        raise DatabaseUnfit(Unfit.READ_ONLY)


def leave(connection: asyncpg.Connection) -> None:
    """Close the connection; the server ends the statement in its own time (`statement_timeout`)."""
    connection.terminate()


async def connect_safely(dsn: str, settings: Mapping[str, str]) -> asyncpg.Connection:
    """A connection with these settings, to a server that keeps what it has committed. A coroutine
    of asyncio.

    Raises:
        UnsafeDatabase: the server may lose commits, or is older than Postgres 14.
        asyncpg.PostgresError, OSError, TimeoutError: as `connect`.
    """
    connection = await connect(dsn, settings)
    try:
        row = await connection.fetchrow(_SAFETY, timeout=CONNECT_SECONDS)
        _require_safety(row["commit"], row["fsync"], row["pages"], row["version"])
    except BaseException:
        connection.terminate()
        raise
    return connection


class Opening:
    """Opens one connection at a time, for the next caller that needs one. An opening goes on even
    if its caller has given up: otherwise no connection would ever be opened where that takes longer
    than a statement may, over a slow network or on a busy machine.

    Args:
        connect: opens a connection, in asyncio, with a time limit.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._task: asyncio.Task[asyncpg.Connection] | None = None

    async def take(self) -> asyncpg.Connection:
        """The connection, which belongs to the caller from then on. A coroutine of asyncio. If it
        is cancelled, the next call waits for the same opening. Raises what `connect` raises.
        """
        task = self._task
        if task is None or (task.done() and not _is_usable(task)):
            task = self._task = asyncio.create_task(self._open())
            task.add_done_callback(_is_usable)  # retrieves an error that no caller awaits
        connection = await asyncio.shield(task)
        self._task = None
        return connection

    def drop(self) -> None:
        """Cancel the opening, or end the connection that it has opened."""
        task, self._task = self._task, None
        if task is not None:
            task.add_done_callback(_terminate)
            task.cancel()

    async def _open(self) -> asyncpg.Connection:
        return await self._connect()


def _is_usable(task: "asyncio.Task[asyncpg.Connection]") -> bool:
    """Whether a task that is done has opened a connection that is still open."""
    return not task.cancelled() and task.exception() is None and not task.result().is_closed()


def _terminate(task: "asyncio.Task[asyncpg.Connection]") -> None:
    if _is_usable(task):
        task.result().terminate()


def _require_safety(commit: str, fsync: str, pages: str, version: int) -> None:
    if "off" in (commit, fsync, pages):
        raise UnsafeDatabase(
            "This Postgres may lose acknowledged messages:"
            f" synchronous_commit is {commit}, fsync is {fsync}, full_page_writes is {pages};"
            " none of them may be off"
        )
    if version < MIN_SERVER_VERSION:
        raise UnsafeDatabase("Postgres 14 or later is needed")


async def require_sessions(dsn: str) -> None:
    """Check that a session keeps one server process from its begin to its end. A coroutine of
    asyncio.

    Raises:
        UnsafeDatabase: a pooler in between assigns another one for each transaction.
        asyncpg.PostgresError, OSError, TimeoutError: as `connect`.
    """
    await first_of(dsn, _require_sessions, lambda _: None)


async def _require_sessions(dsn: str) -> None:
    mark = secrets.token_hex(8)
    # For every statement, also those that asyncpg itself sends for a transaction.
    limits = {"timeout": CONNECT_SECONDS, "command_timeout": CONNECT_SECONDS}
    one = await asyncpg.connect(dsn, **limits)
    try:
        # Without parameters: a pooler of transactions breaks prepared statements.
        await one.execute(_MARK.format(mark=mark))
        other = await asyncpg.connect(dsn, **limits)
        try:
            async with other.transaction():  # it occupies a server process, perhaps that of `one`
                is_shared = await other.fetchval(_MARKED, mark)
                async with one.transaction():
                    is_kept = await one.fetchval(_MARKED, mark)
        finally:
            other.terminate()
    finally:
        one.terminate()
    if is_shared or not is_kept:
        raise UnsafeDatabase(
            "There is a pooler in front of this Postgres that pools transactions; Parlour needs"
            " sessions of its own (PgBouncer: pool_mode = session)"
        )
