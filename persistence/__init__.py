"""The store: `interface` declares its operations, `open_store` opens the one in Postgres.

Guarantees: when a context here is entered, the schema is up to date and the server responds; when
it is left, no server, connection or asyncio loop remains.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final

import trio

from persistence.bus import Bus
from persistence.bus.opening import open_bus
from persistence.embedded import is_data_dir, run_embedded
from persistence.embedded.beside import run_beside, run_for_command
from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import open_asyncio
from persistence.postgres.database.hold import (
    ALONE,
    ASK_SECONDS,
    SHARED,
    AlreadyServed,
    Hold,
    Tenancy,
    open_hold,
)
from persistence.postgres.database.migrate import SchemaInUse, migrate, missing_files
from persistence.postgres.database.statements import UNWATCHED, StatementWatch
from persistence.postgres.express import open_express_sessions
from persistence.postgres.servers.role import grant_rights, make_role
from persistence.postgres.servers.standbys import open_standbys
from persistence.upkeep.restoring import require_whole

COMMAND_WAIT_SECONDS: Final = 10.0
"""How long a command that must change the schema waits for the hubs of the database to end."""

__all__ = [
    "check_standbys",
    "is_data_dir",
    "open_beside",
    "open_database",
    "open_express_sessions",
    "open_hub_store",
    "open_store",
    "run_beside",
]


@asynccontextmanager
async def open_database(database_url: str | None, data_dir: Path) -> AsyncIterator[str]:
    """The DSN of a database whose schema is up to date: `database_url`, or the embedded server's
    when that is None, as a role that can only read and write rows. The asyncio loop that the store
    needs runs while the context is open.

    Raises:
        EmbeddedPostgresError: the embedded server cannot start; the text says why.
        StoreUnavailable: the database cannot be reached.
        DatabaseRefused: there is no such database, or its user may not use it.
        SchemaTooNew, SchemaChanged, UnknownSchema: its schema is not one of this version's.
        SchemaLocked: another session keeps the schema locked; the text names it.
        SchemaInUse: the schema would have to be changed while a hub serves the database; the text
            names the hub.
    """
    async with _open_server(database_url, data_dir, run_for_command) as (admin, dsn):
        await _bring_up_to_date_alone(admin, dsn, COMMAND_WAIT_SECONDS)
        yield dsn


@asynccontextmanager
async def open_store(
    database_url: str | None, data_dir: Path, *, pool_size: int, lanes: int
) -> AsyncIterator[Store]:
    """The store of a command, over `open_database`: it may work beside a hub.

    Args:
        database_url: an external Postgres, or None for the embedded one below `data_dir`.
        data_dir: where the embedded server keeps its files.
        pool_size: connections for everything but sends.
        lanes: connections for sends; each has one statement in flight.

    Raises:
        UnsafeDatabase: the server may lose acknowledged messages (`synchronous_commit` is off).
    """
    async with (
        open_database(database_url, data_dir) as dsn,
        open_postgres_store(dsn, pool_size=pool_size, lanes=lanes) as store,
    ):
        yield store


@asynccontextmanager
async def open_hub_store(  # noqa: PLR0913  what a hub needs of its database
    database_url: str | None,
    data_dir: Path,
    *,
    pool_size: int,
    lanes: int,
    wait_seconds: float,
    bus_url: str | None = None,
    require_sync_standby: bool = False,
    run_server: Callable[[Path], AbstractAsyncContextManager[str]] = run_embedded,
    watch: StatementWatch = UNWATCHED,
) -> AsyncIterator[tuple[Store, Bus | None]]:
    """The store of a hub, and its bus if it is a node. The schema is brought up to date while no
    other hub serves the database; an up-to-date one is shared with other nodes.

    Args:
        database_url: as in `open_store`.
        data_dir: as in `open_store`.
        pool_size: as in `open_store`.
        lanes: as in `open_store`.
        wait_seconds: how long to wait for another hub to end.
        bus_url: what carries bulletins between nodes; None: the hub is the only one.
        require_sync_standby: whether the store must not be used without a synchronous standby.
        run_server: runs the embedded server, or finds the one that a parent process runs.
        watch: logs and traces the store's statements.

    Raises:
        AlreadyServed: the database is served by a hub that is not one of these nodes; the text
            names it.
        SchemaInUse: other nodes serve the database, and its schema would have to be changed.
        UnsafeDatabase: as in `open_store`.
        DatabaseUnfit: there is no synchronous standby, or the role may not see it.
        UnusableBus: there is no such bus.
    """
    async with (
        _open_server(database_url, data_dir, run_server) as (admin, dsn),
        open_standbys(dsn) if require_sync_standby else nullcontext() as standbys,
        _open_hold(admin, dsn, wait_seconds, ALONE if bus_url is None else SHARED) as hold,
    ):
        await hold.begin()
        async with (
            open_postgres_store(
                dsn, pool_size=pool_size, lanes=lanes, hold=hold, standbys=standbys, watch=watch
            ) as store,
            _open_bus(bus_url, store, dsn) as bus,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(hold.keep)
            if standbys is not None:
                nursery.start_soon(standbys.watch)
            yield store, bus
            nursery.cancel_scope.cancel()


@asynccontextmanager
async def _open_bus(url: str | None, store: Store, dsn: str) -> AsyncIterator[Bus | None]:
    if url is None:
        yield None
        return
    async with open_bus(url, await store.nodes.cell(), dsn) as bus:
        yield bus


async def check_standbys(database_url: str) -> None:
    """Check that a database has a synchronous standby.

    Raises:
        DatabaseUnfit: it has none, or the role may not see it.
        StoreUnavailable: it cannot be reached.
    """
    async with open_asyncio(), open_standbys(database_url):
        pass


@asynccontextmanager
async def open_beside(database_url: str | None, data_dir: Path) -> AsyncIterator[str]:
    """The DSN of a database as it is, without a migration, also while a hub serves it. The asyncio
    loop that its connections need runs while the context is open.

    Raises:
        EmbeddedPostgresError: there is no embedded database, or its server cannot start.
        NotRestored: a restore into the folder was interrupted.
    """
    require_whole(data_dir)
    server = run_beside(data_dir) if database_url is None else nullcontext(database_url)
    async with open_asyncio(), server as dsn:
        yield dsn


@asynccontextmanager
async def _open_server(
    database_url: str | None,
    data_dir: Path,
    run: Callable[[Path], AbstractAsyncContextManager[str]],
) -> AsyncIterator[tuple[str, str]]:
    """Two DSNs of a running server: of the role that may change the schema, and of the role for
    everything else. On an external server they are the same. `run`: runs the embedded server.

    Raises:
        NotRestored: a restore into the folder was interrupted.
    """
    require_whole(data_dir)
    server = run(data_dir) if database_url is None else nullcontext(database_url)
    async with open_asyncio(), server as admin:
        yield admin, admin if database_url is not None else await make_role(admin)


@asynccontextmanager
async def _open_hold(
    admin: str, dsn: str, wait_seconds: float, tenancy: Tenancy
) -> AsyncIterator[Hold]:
    """The hold on a database with an up-to-date schema. A node migrates only while none serves."""
    if tenancy is SHARED:
        await _bring_up_to_date_alone(admin, dsn, wait_seconds)
    async with open_hold(dsn, wait_seconds, tenancy) as hold:
        if tenancy is ALONE:
            await _bring_up_to_date(admin, dsn)
        yield hold


async def _bring_up_to_date_alone(admin: str, dsn: str, wait_seconds: float) -> None:
    """As `_bring_up_to_date`, but changes the schema only while no hub serves the database."""
    deadline = trio.current_time() + wait_seconds
    while files := await missing_files(admin):
        try:
            async with open_hold(dsn, 0, ALONE):
                await _bring_up_to_date(admin, dsn)
        except AlreadyServed as error:
            if trio.current_time() >= deadline:
                raise SchemaInUse(
                    f"{error}, and this version of Parlour would change its schema"
                    f" ({_some(files)}): end all hubs of the database before you start one of this"
                    " version"
                ) from None
            await trio.sleep(ASK_SECONDS)  # the hub may be of this version and have just migrated
    await _bring_up_to_date(admin, dsn)  # at most the rights of the role


def _some(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} others"


async def _bring_up_to_date(admin: str, dsn: str) -> None:
    await migrate(admin)
    if dsn != admin:
        await grant_rights(admin)
