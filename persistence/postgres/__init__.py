"""The store in Postgres.

Guarantees: what `persistence.interface` promises, durably. Only this package knows SQL, asyncpg and
asyncio.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from persistence.attempts.postgres import PostgresAttempts
from persistence.figures import Held, StoreFigures
from persistence.interface import Store
from persistence.nodes.postgres import PostgresNodes
from persistence.postgres.accounts import PostgresAccounts
from persistence.postgres.channels import PostgresChannels
from persistence.postgres.contents.mentions import PostgresMentions
from persistence.postgres.contents.notes import PostgresNotes
from persistence.postgres.contents.revisions import PostgresRevisions
from persistence.postgres.contents.threads import PostgresThreads
from persistence.postgres.database.audit import PostgresAudit
from persistence.postgres.database.bridge import (
    Database,
    open_connections,
    open_database,
)
from persistence.postgres.database.hold import Hold
from persistence.postgres.database.log import Expected, PostgresLog
from persistence.postgres.database.session import (
    CONNECT_SECONDS,
    LANE_SESSION,
    PLANNING_SESSION,
    connect_safely,
    leave,
    require_writable,
)
from persistence.postgres.database.statements import UNWATCHED, StatementWatch
from persistence.postgres.invitations import PostgresInvitations
from persistence.postgres.lists.channels import PostgresLists
from persistence.postgres.lists.search import PostgresSearch
from persistence.postgres.messages import PostgresMessages
from persistence.postgres.recoveries import PostgresRecoveries
from persistence.postgres.relations import PostgresRelations
from persistence.postgres.servers.standbys import SyncStandbys
from persistence.postgres.sessions import PostgresSessions
from persistence.postgres.uploads import PostgresUploads
from persistence.postgres.workspaces import PostgresWorkspaces

LARGE: Final = 2  # connections for large lists: more would take the server from all other work


_STATE: Final = """
    SELECT pg_is_in_recovery() AS is_standby,
           current_setting('transaction_read_only')::bool AS is_read_only
"""


class PostgresHealth:
    """Whether the server responds, and takes writes.

    Args:
        database: the server.
        hold: the hub's hold on the database; None: the store is not a hub's.
        standbys: the synchronous standbys that are required; None: none are.
    """

    def __init__(
        self, database: Database, hold: Hold | None, standbys: SyncStandbys | None
    ) -> None:
        self._database = database
        self._hold = hold
        self._standbys = standbys

    async def check(self) -> None:
        """See the interface."""
        for row in await self._database.fetch(_STATE):
            require_writable(is_standby=row["is_standby"], is_read_only=row["is_read_only"])
        if self._standbys is not None:
            self._standbys.require()
        if self._hold is not None:
            self._hold.hub  # noqa: B018  raises


@asynccontextmanager
async def open_postgres_store(
    dsn: str,
    *,
    pool_size: int,
    lanes: int,
    hold: Hold | None = None,
    standbys: SyncStandbys | None = None,
    watch: StatementWatch = UNWATCHED,
) -> AsyncIterator[Store]:
    """The store of a database whose schema is up to date. Needs `bridge.open_asyncio`.

    Args:
        dsn: the database.
        pool_size: connections for everything but sends and large lists.
        lanes: connections for sends; each has one statement in flight.
        hold: messages are stored while it is held; None: the store is not a hub's.
        standbys: the synchronous standbys that the store's health requires; None: none.
        watch: logs and traces the store's statements.

    Raises:
        StoreUnavailable: the server cannot be reached.
        UnsafeDatabase: the server may lose acknowledged messages.
    """
    expected, planned = Expected(), partial(connect_safely, dsn, PLANNING_SESSION)
    connect = expected.checking(partial(connect_safely, dsn, LANE_SESSION), CONNECT_SECONDS)

    def era() -> int:
        """A lost hold may mean a lost server, whose sessions may be dead without a sign."""
        return 0 if hold is None else hold.losses

    async with (
        open_database(dsn, pool_size, watch, era) as database,
        open_connections(LARGE, planned, name="lists", watch=watch, era=era) as large,
        open_connections(lanes, connect, leave, name="lanes", watch=watch, era=era) as sends,
    ):
        workspaces, planning = PostgresWorkspaces(database), Database(dsn, large)
        yield Store(
            accounts=PostgresAccounts(database),
            sessions=PostgresSessions(database),
            relations=PostgresRelations(database),
            messages=PostgresMessages(sends, hold, database),
            notes=PostgresNotes(database),
            revisions=PostgresRevisions(sends, hold, database),
            mentions=PostgresMentions(database),
            threads=PostgresThreads(database),
            workspaces=workspaces,
            invitations=PostgresInvitations(workspaces),
            channels=PostgresChannels(database, planning),
            lists=PostgresLists(database, planning),
            search=PostgresSearch(database),
            uploads=PostgresUploads(database),
            recoveries=PostgresRecoveries(database),
            health=PostgresHealth(database, hold, standbys),
            log=PostgresLog(database, expected, hold),
            nodes=PostgresNodes(database),
            audit=PostgresAudit(database),
            attempts=PostgresAttempts(database),
            figures=StoreFigures(
                (database.figures, large.figures, sends.figures),
                Held() if hold is None else hold,
            ),
        )
