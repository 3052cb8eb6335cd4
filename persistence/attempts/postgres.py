"""Attempts in Postgres, for all nodes: see the table `attempts`, and routines/attempts.sql.

Guarantees: the table names neither accounts nor networks, only hashes of them. Must not know: what
an attempt is.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from attrs import frozen

from persistence.attempts import Full, Window
from persistence.postgres.database.bridge import Database

_TAKE: Final = "SELECT refused, wait FROM take_attempts($1, $2, $3)"
_GIVE_BACK: Final = "SELECT give_attempts_back($1, $2)"


@frozen
class PostgresAttempts:
    """Implements `persistence.attempts.Attempts`.

    Args:
        database: the server.
    """

    database: Database

    async def take(self, windows: Sequence[Window]) -> Full | None:
        """See the interface."""
        limits, seconds = [each.limit for each in windows], [each.seconds for each in windows]
        row = await self.database.fetch_one(_TAKE, _keys(windows), limits, seconds)
        if row is None or row["refused"] is None:
            return None
        return Full(windows[row["refused"] - 1], row["wait"])

    async def give_back(self, windows: Sequence[Window], *, forget: Sequence[Window] = ()) -> None:
        """See the interface."""
        await self.database.fetch(_GIVE_BACK, _keys(windows), _keys(forget))


def _keys(windows: Sequence[Window]) -> Sequence[bytes]:
    return [sha256(f"{each.kind.value} {each.key}".encode()).digest() for each in windows]
