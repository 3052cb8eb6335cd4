"""What is remembered. `interface` says what a store can do; `open_store` is the choice of one.

Guarantees: the store is migrated and answers when the context is entered; leaving it leaves no
server, connection or asyncio loop behind.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import trio_asyncio

from persistence.embedded import run_embedded
from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.express import open_express_sessions
from persistence.postgres.migrate import migrate

__all__ = ["open_database", "open_express_sessions", "open_store"]


@asynccontextmanager
async def open_database(database_url: str | None, data_dir: Path) -> AsyncIterator[str]:
    """A migrated database: `database_url`, or the embedded server's when that is None.

    Yields its DSN. Everything asyncpg does needs the asyncio loop that this opens.

    Raises:
        EmbeddedPostgresError: the embedded server cannot start; the text says why.
        StoreUnavailable: the database cannot be reached.
        SchemaTooNew, SchemaChanged, UnknownSchema: its schema is not one of this version's.
        SchemaLocked: another session keeps the schema locked; the text says who.
    """
    server = run_embedded(data_dir) if database_url is None else nullcontext(database_url)
    async with trio_asyncio.open_loop(), server as dsn:
        await migrate(dsn)
        yield dsn


@asynccontextmanager
async def open_store(
    database_url: str | None, data_dir: Path, *, pool_size: int, lanes: int
) -> AsyncIterator[Store]:
    """The store of a server, over `open_database`.

    Args:
        database_url: an external Postgres, or None for the embedded one below `data_dir`.
        data_dir: where the embedded server keeps its files.
        pool_size: connections for everything but sends.
        lanes: connections for sends, each with one statement in flight.

    Raises:
        UnsafeDatabase: the server may lose acknowledged messages (`synchronous_commit` is off).
    """
    async with (
        open_database(database_url, data_dir) as dsn,
        open_postgres_store(dsn, pool_size=pool_size, lanes=lanes) as store,
    ):
        yield store
