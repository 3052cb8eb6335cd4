"""One moment of a database, for copying it while others work on it.

Guarantees: everything that is read here, and what `pg_dump` copies with the snapshot's name, is of
one moment: all that was committed before it, and nothing later. Must not know: where the copy goes.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from attrs import frozen

from persistence.postgres.database.bridge import in_asyncio
from persistence.postgres.database.session import (
    SESSION,
    connect,
    connect_to_read,
    refusals_in_words,
)
from persistence.records import StoreError

PATIENCE_SECONDS: Final = 30.0  # no user waits for it
_SETTINGS: Final = {
    **SESSION,
    "application_name": "parlour upkeep",
    "statement_timeout": "0",
    "lock_timeout": "10000",  # for a lock of a program that changes a table meanwhile
    "idle_in_transaction_session_timeout": "0",
}
_NAMED: Final = 3  # tables in a message
_ABOUT: Final = """
    SELECT pg_export_snapshot() AS name, current_setting('server_version_num')::int AS server,
           to_regclass('schema_migrations') IS NOT NULL AS is_ours,
           to_regclass('uploads') IS NOT NULL AS has_uploads,
           to_regproc('log_epoch') IS NOT NULL AS has_epoch
"""
# Also tables of the deployment, but not of extensions, nor unlogged ones, which a standby does not
# have.
_TABLES: Final = """
    SELECT c.oid::regclass::text AS name
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 'u' AND n.nspname NOT LIKE 'pg\\_%'
       AND n.nspname <> 'information_schema' AND NOT EXISTS (
           SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY 1
"""
_ANEW: Final = (
    "SELECT new_epoch()",
    "UPDATE serving SET hub = NULL",
    "DELETE FROM recoveries",
    "DELETE FROM changes",  # they have transaction ids of the other server
)


class NotEmpty(StoreError):
    """The target of a restore is not empty."""


class NotOurs(StoreError):
    """The database is not one of Parlour's."""


@frozen
class Snapshot:
    """A moment of a database.

    Args:
        name: by which other sessions use the same snapshot.
        server: the version of Postgres, as `server_version_num`.
        files: the files of the schema, with their SHA-256.
        epoch: of the log; None: a standby, or an older schema.
        rows: how many each table has.
        uploads: the addresses of uploaded files.
    """

    name: str
    server: int
    files: Mapping[str, str]
    epoch: str | None
    rows: Mapping[str, int]
    uploads: Sequence[str]


@asynccontextmanager
async def open_snapshot(dsn: str) -> AsyncIterator[Snapshot]:
    """A moment that can be copied until the context is left. Needs `bridge.open_asyncio`.

    Raises:
        NotOurs: the database has no tables of Parlour's.
        StoreUnavailable, DatabaseRefused: the database cannot be used.
    """
    opened: list[asyncpg.Connection] = []

    async def begin() -> Snapshot:
        with refusals_in_words():
            connection = await connect_to_read(dsn, _SETTINGS, within=PATIENCE_SECONDS)
            opened.append(connection)
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return await _look(connection)

    try:
        yield await in_asyncio(begin)
    finally:
        for connection in opened:
            connection.terminate()


async def count_rows(dsn: str) -> Mapping[str, int]:
    """How many rows each table has. Raises StoreUnavailable, DatabaseRefused."""

    async def count() -> Mapping[str, int]:
        with refusals_in_words():
            connection = await connect_to_read(dsn, _SETTINGS, within=PATIENCE_SECONDS)
        try:
            return await _count(connection)
        finally:
            connection.terminate()

    return await in_asyncio(count)


async def server_version(dsn: str) -> int:
    """The version of Postgres, as `server_version_num`. Raises StoreUnavailable."""

    async def ask() -> int:
        connection = await connect_to_read(dsn, _SETTINGS, within=PATIENCE_SECONDS)
        try:
            return int(await connection.fetchval("SHOW server_version_num"))
        finally:
            connection.terminate()

    return await in_asyncio(ask)


async def begin_anew(dsn: str, *, end_sessions: bool) -> None:
    """Give the restored log a new epoch, and delete what was valid for the copied database alone:
    the hub that serves it, changes that its hub had to be notified of, connections that could be
    recovered. The schema must be up to date.

    Args:
        dsn: the database.
        end_sessions: whether all users have to sign in again.

    Raises:
        StoreUnavailable: the database cannot be used.
    """

    async def begin() -> None:
        connection = await connect(dsn, _SETTINGS, within=PATIENCE_SECONDS)
        try:
            async with connection.transaction():
                if end_sessions:
                    await connection.execute("DELETE FROM sessions")
                for statement in _ANEW:
                    await connection.execute(statement)
        finally:
            connection.terminate()

    await in_asyncio(begin)


async def require_no_tables(dsn: str) -> None:
    """Raises NotEmpty: the database has tables already."""
    if tables := await count_rows(dsn):
        raise NotEmpty(
            f"There are tables in this database already ({', '.join([*tables][:_NAMED])}), but it"
            " has to be a new one"
        )


async def _look(connection: asyncpg.Connection) -> Snapshot:
    about = await connection.fetchrow(_ABOUT)
    if not about["is_ours"]:
        raise NotOurs("There are no tables of Parlour in this database")
    files = await connection.fetch("SELECT name, sha256 FROM schema_migrations ORDER BY name")
    uploads = []
    if about["has_uploads"]:
        uploads = await connection.fetch("SELECT url FROM uploads ORDER BY url")
    return Snapshot(
        about["name"],
        about["server"],
        {row["name"]: row["sha256"] for row in files},
        await connection.fetchval("SELECT log_epoch()") if about["has_epoch"] else None,
        await _count(connection),
        [row["url"] for row in uploads],
    )


async def _count(connection: asyncpg.Connection) -> Mapping[str, int]:
    names = [row["name"] for row in await connection.fetch(_TABLES)]
    return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}
