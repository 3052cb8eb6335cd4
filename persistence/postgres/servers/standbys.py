"""Whether a primary has a synchronous standby, which has each message before it is acknowledged.

Guarantees: the loss of the last one, and the return of one, are logged within about a second.
Making a commit wait for a standby is up to Postgres. Must not know: what is stored.

Source: PostgreSQL manual, section 27.2.2 (pg_stat_replication).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import structlog
import trio

from persistence.postgres.database.bridge import Connections, Record, open_connections
from persistence.postgres.database.session import SESSION, connect
from persistence.records import DatabaseUnfit, StoreUnavailable, Unfit

log = structlog.get_logger(__name__)

LOOK_SECONDS: Final = 1.0
_SESSION: Final = {**SESSION, "application_name": "parlour standbys"}
# A role without this right gets the rows of all standbys, with NULL for their state.
_LOOK: Final = """
    SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS may_see,
           EXISTS (SELECT FROM pg_stat_replication
                    WHERE sync_state IN ('sync', 'quorum')) AS has_one
"""


class StandbysHidden(DatabaseUnfit):
    """The role may not see whether there is a standby, until an operator grants it the right."""

    heals = False

    def __init__(self) -> None:
        super().__init__(Unfit.STANDBYS_HIDDEN)


class SyncStandbys:
    """The synchronous standbys of a primary.

    Args:
        connections: to the primary.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._has_one = True

    def require(self) -> None:
        """Raises DatabaseUnfit: there was none at the last look."""
        if not self._has_one:
            raise DatabaseUnfit(Unfit.NO_SYNC_STANDBY)

    async def look(self) -> None:
        """Look once. Raises DatabaseUnfit if there is none or it is hidden; StoreUnavailable."""
        _require_one(await self._connections.ask(_LOOK))

    async def watch(self) -> None:
        """Look every second, and log changes, until cancelled."""
        while True:
            await trio.sleep(LOOK_SECONDS)
            has_one = self._has_one
            try:
                await self.look()
                has_one = True
            except DatabaseUnfit as error:
                if error.why in (Unfit.NO_SYNC_STANDBY, Unfit.STANDBYS_HIDDEN):
                    has_one = False
            except StoreUnavailable:
                pass  # other parts of the store report that
            if has_one != self._has_one:
                self._has_one = has_one
                (log.warning if has_one else log.error)(
                    "sync_standby_back" if has_one else "sync_standby_lost"
                )


def _require_one(rows: Sequence[Record]) -> None:
    (row,) = rows
    if not row["may_see"]:
        raise StandbysHidden
    if not row["has_one"]:
        raise DatabaseUnfit(Unfit.NO_SYNC_STANDBY)


@asynccontextmanager
async def open_standbys(dsn: str) -> AsyncIterator[SyncStandbys]:
    """The synchronous standbys of a database, at least one. Needs `bridge.open_asyncio`.

    Raises:
        DatabaseUnfit: there is none, or the role may not see it.
        StoreUnavailable: the server cannot be reached.
    """
    open_one = partial(connect, dsn, _SESSION)
    async with open_connections(1, open_one, name="standbys") as connections:
        standbys = SyncStandbys(connections)
        await standbys.look()
        yield standbys
