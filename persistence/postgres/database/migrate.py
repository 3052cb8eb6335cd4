"""Brings a database to the schema of this version.

    schema/0001_tables.sql ...   tables and indexes: applied once each, in order; released ones are
                                 frozen
    routines/policy.sql ...      functions and triggers: applied again, in the order of their names,
                                 whenever the file is not the one that was applied last

The table `schema_migrations` keeps the SHA-256 of each file as it was applied.

Guarantees: all missing files are applied in one transaction, or none; hubs that start together
apply them once; if a lock is not free in time, the error names its holders; a database with
numbered files that this version does not know, or that have changed since, or with tables of
another application under the names of Parlour's, is refused. Must not know: the content of the
files.
"""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from hashlib import sha256
from importlib import resources
from typing import Final

import asyncpg
import structlog
from attrs import frozen

from persistence.postgres.database.bridge import in_asyncio
from persistence.postgres.database.keys import AROUND
from persistence.postgres.database.session import (
    SESSION,
    DatabaseRefused,
    connect,
    refusals_in_words,
)
from persistence.postgres.database.takeover import UnknownSchema, take_over
from persistence.records import StoreError

log = structlog.get_logger(__name__)

LOCK: Final = 0x7061726C6F7572  # "parlour" in ASCII: one migration at a time per database
LOCK_SECONDS: Final = 10.0

_SETTINGS: Final = {
    **SESSION,
    "application_name": "parlour migrate",
    "statement_timeout": "0",  # a file may take as long as it needs; waiting for a lock may not
}
_CREATE: Final = """
    CREATE TABLE schema_migrations (
        name       text PRIMARY KEY,
        sha256     text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
_RECORD: Final = """
    INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET sha256 = EXCLUDED.sha256, applied_at = now()
"""
_EXISTS: Final = (
    asyncpg.DuplicateTableError,
    asyncpg.DuplicateObjectError,
    asyncpg.DuplicateFunctionError,
    asyncpg.InvalidFunctionDefinitionError,
)
_FAILED: Final = (
    asyncpg.SyntaxOrAccessError,
    asyncpg.FeatureNotSupportedError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.PLPGSQLError,
)
# The sessions that hold the lock $1 or, if $1 is NULL, locks on our tables. Only roles that may
# read all statistics see more than the pid of another database user's session.
_HOLDERS: Final = """
    SELECT format('pid %s (application %s, client %s, since %s)', a.pid,
                  coalesce(nullif(a.application_name, ''), 'unknown'),
                  CASE WHEN a.client_port = -1 THEN 'on a local socket'
                       ELSE coalesce(host(a.client_addr), 'unknown') END,
                  coalesce(to_char(coalesce(a.xact_start, a.backend_start) AT TIME ZONE 'UTC',
                                   'YYYY-MM-DD HH24:MI:SS "UTC"'), 'unknown')) AS holder
      FROM pg_stat_activity a
     WHERE a.pid <> pg_backend_pid() AND EXISTS (
           SELECT FROM pg_locks l
            WHERE l.pid = a.pid AND l.granted
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND CASE WHEN $1::bigint IS NULL
                  THEN l.relation IN (SELECT c.oid FROM pg_class c
                                        JOIN pg_namespace n ON n.oid = c.relnamespace
                                       WHERE n.nspname = current_schema())
                  ELSE l.locktype = 'advisory' AND l.objsubid = 1
                       AND (l.classid::bigint << 32) + l.objid::bigint = $1 END)
     ORDER BY coalesce(a.xact_start, a.backend_start) LIMIT 5
"""


class SchemaTooNew(StoreError):
    """The database has numbered files that this version does not know."""


class SchemaChanged(StoreError):
    """A numbered file is not the one that was applied to the database; the text names it."""


class SchemaInUse(StoreError):
    """The schema would have to be changed while hubs serve the database; the text names them."""


class SchemaLocked(StoreError):
    """A lock was not free in time; the text names its holders."""


@frozen
class SqlFile:
    """A file of the schema: its name, with its folder, and its content."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """The hash of its bytes, in hexadecimal."""
        return sha256(self.sql.encode()).hexdigest()


@frozen
class Schema:
    """All files, in the order in which they are applied."""

    numbered: Sequence[SqlFile]
    routines: Sequence[SqlFile]


def load_schema() -> Schema:
    """The files beside this module."""
    return Schema(numbered=_load("schema"), routines=_load("routines"))


def _load(folder: str) -> Sequence[SqlFile]:
    entries = resources.files("persistence.postgres").joinpath(folder).iterdir()
    return sorted(
        (
            SqlFile(f"{folder}/{entry.name}", entry.read_bytes().decode())
            for entry in entries
            if entry.name.endswith(".sql")
        ),
        key=lambda file: file.name,
    )


async def migrate(
    dsn: str, schema: Schema | None = None, *, lock_seconds: float = LOCK_SECONDS
) -> Sequence[str]:
    """Bring the database up to date; returns the names of the files applied now.

    Args:
        dsn: the database.
        schema: what to apply; by default `load_schema()`.
        lock_seconds: how long to wait for each lock.

    Raises:
        SchemaTooNew: the database is ahead of this version.
        SchemaChanged: a numbered file has changed since it was applied.
        SchemaLocked: another session holds a lock for longer than `lock_seconds`.
        UnknownSchema: the database is neither new nor of this schema nor of Parlour 0.1.0, or
            another application uses names of this schema in it.
        DatabaseRefused: there is no such database, or its user may not log in or change it.
        StoreUnavailable: the server cannot be reached.
    """
    wanted = load_schema() if schema is None else schema
    applied = await in_asyncio(lambda: _migrate(dsn, wanted, lock_seconds))
    if applied:
        log.info("schema_migrated", files=applied)
    return applied


async def missing_files(dsn: str, schema: Schema | None = None) -> Sequence[str]:
    """The names of the files that `migrate` would apply.

    Raises:
        SchemaTooNew, SchemaChanged, DatabaseRefused, StoreUnavailable: as `migrate`.
    """
    wanted = load_schema() if schema is None else schema

    async def look() -> Sequence[str]:
        with refusals_in_words():
            connection = await connect(dsn, _SETTINGS)
            try:
                rows = await connection.fetch("SELECT name, sha256 FROM schema_migrations")
            except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
                rows = []  # new, of 0.1.0, or another application's, which `migrate` refuses
            finally:
                connection.terminate()
        recorded = {row["name"]: row["sha256"] for row in rows}
        require_known(recorded, wanted)
        return [file.name for file in _missing(recorded, wanted)]

    return await in_asyncio(look)


def _missing(recorded: Mapping[str, str], schema: Schema) -> Sequence[SqlFile]:
    return [
        *(file for file in schema.numbered if file.name not in recorded),
        *(file for file in schema.routines if recorded.get(file.name) != file.sha256),
    ]


async def _migrate(dsn: str, schema: Schema, lock_seconds: float) -> Sequence[str]:
    with refusals_in_words():
        return await _apply_all(dsn, schema, lock_seconds)


async def _apply_all(dsn: str, schema: Schema, lock_seconds: float) -> Sequence[str]:
    settings = {**_SETTINGS, "lock_timeout": str(round(lock_seconds * 1_000))}
    connection = await connect(dsn, settings)
    has_lock = False
    try:
        async with connection.transaction(isolation="read_committed"):
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            has_lock = True
            return await _apply(connection, schema)
    except asyncpg.LockNotAvailableError:
        rows = await connection.fetch(_HOLDERS, None if has_lock else LOCK)
        holders = "; ".join(row["holder"] for row in rows) or "a session that has ended since"
        raise SchemaLocked(
            f"The schema of this database could not be locked within {lock_seconds:g} s."
            f" The lock is held by {holders}"
        ) from None
    finally:
        connection.terminate()


async def _apply(connection: asyncpg.Connection, schema: Schema) -> Sequence[str]:
    recorded = await _recorded(connection, schema)
    require_known(recorded, schema)
    files = _missing(recorded, schema)
    for file in files:
        try:
            async with AROUND.get(file.name, nullcontext)(connection):
                await connection.execute(file.sql)
        except _EXISTS as error:
            raise UnknownSchema(
                f"This database is also another application's ({_reason(error)}); Parlour needs a"
                " database of its own"
            ) from None
        except _FAILED as error:
            raise DatabaseRefused(f"{file.name} cannot be applied: {_reason(error)}") from error
        await connection.execute(_RECORD, file.name, file.sha256)
    return [file.name for file in files]


def _reason(error: Exception) -> str:
    """The server's error text, without its hints in further lines."""
    return str(error).partition("\n")[0]


async def _recorded(connection: asyncpg.Connection, schema: Schema) -> Mapping[str, str]:
    """File -> hash, as they were applied; `schema_migrations` is made if it is missing."""
    try:
        if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
            await connection.execute(_CREATE)
        elif await take_over(connection):
            await connection.execute(_CREATE)
            first = schema.numbered[0]
            await connection.execute(_RECORD, first.name, first.sha256)
        rows = await connection.fetch("SELECT name, sha256 FROM schema_migrations")
    except asyncpg.UndefinedColumnError:
        raise UnknownSchema(
            "The table schema_migrations of this database is another application's; Parlour needs"
            " a database of its own"
        ) from None
    return {row["name"]: row["sha256"] for row in rows}


def require_known(recorded: Mapping[str, str], schema: Schema) -> None:
    """Require that the numbered files of a database are files of this version, unchanged.

    Raises:
        SchemaTooNew: the database has other files.
        SchemaChanged: a file has changed since it was applied.
    """
    known = {file.name: file.sha256 for file in schema.numbered}
    numbered = {name for name in recorded if not name.startswith("routines/")}
    unknown = sorted(numbered - known.keys())
    if unknown:
        names = ", ".join(unknown)
        raise SchemaTooNew(f"This database was migrated by a newer Parlour ({names})")
    for name in sorted(numbered):
        if recorded[name] != known[name]:
            raise SchemaChanged(
                f"{name} has changed since it was applied to this database; a released file must"
                " stay as it is, and a change needs a file with the next number"
            )
