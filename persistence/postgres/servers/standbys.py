"""Whether a primary has a synchronous standby, which has each message before it is acknowledged.

Guarantees: that there is none any more, and that there is one again, is in the log within about a
second. A commit that waits for a standby is the business of Postgres. Must not know: what is
stored.

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
# A role without this right gets the rows of all standbys, and NULL for what they are.
_LOOK: Final = """
    SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS may_see,
           EXISTS (SELECT FROM pg_stat_replication
                    WHERE sync_state IN ('sync', 'quorum')) AS has_one
"""


class StandbysHidden(DatabaseUnfit):
    """The role may not see whether there is one, until somebody grants it the right."""

    heals = False

    def __init__(self) -> None:
        super().__init__(Unfit.STANDBYS_HIDDEN)


class SyncStandbys:
    """Those of the primary.

    Args:
        connections: to it.
    """

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._has_one = True

    def require(self) -> None:
        """Raises DatabaseUnfit: there was none when somebody looked last."""
        if not self._has_one:
            raise DatabaseUnfit(Unfit.NO_SYNC_STANDBY)

    async def look(self) -> None:
        """Raises DatabaseUnfit, StoreUnavailable."""
        _require_one(await self._connections.ask(_LOOK))

    async def watch(self) -> None:
        """Look until cancelled."""
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
                pass  # others say so
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
    """The synchronous standbys of a database, of which there is one. Needs `bridge.open_asyncio`.

    Raises:
        DatabaseUnfit: there is none, or the role may not see it.
        StoreUnavailable: the server cannot be reached.
    """
    open_one = partial(connect, dsn, _SESSION)
    async with open_connections(1, open_one, name="standbys") as connections:
        standbys = SyncStandbys(connections)
        await standbys.look()
        yield standbys
