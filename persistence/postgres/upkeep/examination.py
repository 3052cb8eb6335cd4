"""Reads the state of a database for `parlour doctor`.

Guarantees: nothing in the database is changed. Must not know: which state is healthy.
"""

import time
from collections.abc import Sequence
from statistics import median
from typing import Final

import asyncpg
from attrs import frozen

from persistence.postgres.database.bridge import in_asyncio
from persistence.postgres.database.session import SESSION, connect_to_read, refusals_in_words
from persistence.postgres.upkeep.snapshot import PATIENCE_SECONDS

COMMITS: Final = 21
_SESSION: Final = {**SESSION, "application_name": "parlour doctor"}
_SETTINGS: Final = ("fsync", "full_page_writes", "synchronous_commit")
_CLOCK: Final = "SELECT extract(epoch FROM clock_timestamp())::float8"
# Writes an empty record to the server's write-ahead log, which makes the commit wait for the disk
# (and a standby) as every other one does.
_COMMIT: Final = "SELECT pg_logical_emit_message(true, 'parlour', '')"


@frozen
class Examination:
    """The state of a database.

    Args:
        server: the version of Postgres, as `server_version_num`.
        switched_off: the settings for the safety of commits that are off.
        ahead: how many seconds the server's clock is ahead of ours.
        commit: the median of the seconds that a commit takes; None: no commit is possible.
    """

    server: int
    switched_off: Sequence[str]
    ahead: float
    commit: float | None


async def examine(dsn: str) -> Examination:
    """Look at a database. Needs `bridge.open_asyncio`.

    Raises:
        StoreUnavailable, DatabaseRefused: the database cannot be used.
    """

    async def look() -> Examination:
        with refusals_in_words():
            connection = await connect_to_read(dsn, _SESSION, within=PATIENCE_SECONDS)
            try:
                return await _examine(connection)
            finally:
                connection.terminate()

    return await in_asyncio(look)


async def _examine(connection: asyncpg.Connection) -> Examination:
    values = {
        name: await connection.fetchval("SELECT current_setting($1)", name) for name in _SETTINGS
    }
    before = time.time()
    theirs = await connection.fetchval(_CLOCK)
    ahead = theirs - (before + time.time()) / 2
    return Examination(
        server=connection.get_server_version().major * 10_000,
        switched_off=[name for name, value in values.items() if value == "off"],
        ahead=ahead,
        commit=await _commit_seconds(connection),
    )


async def _commit_seconds(connection: asyncpg.Connection) -> float | None:
    took = []
    try:
        for _ in range(COMMITS):
            began = time.perf_counter()
            await connection.execute(_COMMIT)
            took.append(time.perf_counter() - began)
    except asyncpg.PostgresError:
        return None  # for example on a standby, or for a role without the right
    return median(took)
