"""Positions of connections that can be recovered, in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import define, evolve

from persistence.memory.tables import RecoveryRow, Tables
from persistence.records import NoSuchUser
from persistence.recoveries import Recovery
from protocol.model import ChannelId, Reached, UserId


@define
class MemoryRecoveries:
    """Implements `persistence.interface.Recoveries`."""

    tables: Tables

    async def save(
        self, key: bytes, user_id: UserId, positions: Mapping[ChannelId, Reached]
    ) -> datetime:
        """See the interface."""
        if user_id not in self.tables.users:
            raise NoSuchUser(user_id)
        row = RecoveryRow(Recovery(user_id, dict(positions)), self.tables.now())
        self.tables.recoveries[key] = row
        return row.touched_at

    async def find(self, key: bytes, *, within: float) -> Recovery | None:
        """See the interface."""
        row = self.tables.recoveries.get(key)
        if row is None or row.touched_at < self.tables.now() - timedelta(seconds=within):
            return None
        return row.recovery

    async def touch(self, keys: Sequence[bytes]) -> None:
        """See the interface."""
        rows = self.tables.recoveries
        for key in rows.keys() & set(keys):
            rows[key] = evolve(rows[key], touched_at=self.tables.now())

    async def purge(self, *, older_than: float) -> int:
        """See the interface."""
        rows, limit = self.tables.recoveries, self.tables.now() - timedelta(seconds=older_than)
        old = [key for key, row in rows.items() if row.touched_at < limit]
        for key in old:
            del rows[key]
        return len(old)
