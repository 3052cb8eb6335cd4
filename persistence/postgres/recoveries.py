"""Positions of connections that can be recovered, in Postgres."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from persistence.postgres.database.bridge import Database
from persistence.records import Gone, NoSuchUser
from persistence.recoveries import Recovery
from protocol.model import ChannelId, Reached, UserId

_SAVE: Final = """
    INSERT INTO recoveries (key, user_id, channel_ids, seqs, revs) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (key) DO UPDATE SET channel_ids = EXCLUDED.channel_ids, seqs = EXCLUDED.seqs,
                                    revs = EXCLUDED.revs, touched_at = now()
    RETURNING touched_at
"""
_FIND: Final = """
    SELECT user_id, channel_ids, seqs, revs FROM recoveries
     WHERE key = $1 AND touched_at >= now() - make_interval(secs => $2)
"""
_PURGE: Final = """
    DELETE FROM recoveries WHERE touched_at < now() - make_interval(secs => $1) RETURNING user_id
"""


@frozen
class PostgresRecoveries:
    """Implements `persistence.interface.Recoveries`."""

    database: Database

    async def save(
        self, key: bytes, user_id: UserId, positions: Mapping[ChannelId, Reached]
    ) -> datetime:
        """See the interface."""
        seqs = [reached.seq for reached in positions.values()]
        revs = [reached.rev for reached in positions.values()]
        try:
            (row,) = await self.database.fetch(_SAVE, key, user_id, list(positions), seqs, revs)
        except Gone:
            raise NoSuchUser(user_id) from None
        saved: datetime = row["touched_at"]
        return saved

    async def find(self, key: bytes, *, within: float) -> Recovery | None:
        """See the interface."""
        row = await self.database.fetch_one(_FIND, key, within)
        if row is None:
            return None
        ids = map(ChannelId, row["channel_ids"])
        reached = map(Reached, row["seqs"], row["revs"])
        return Recovery(UserId(row["user_id"]), dict(zip(ids, reached, strict=True)))

    async def touch(self, keys: Sequence[bytes]) -> None:
        """See the interface."""
        await self.database.fetch(
            "UPDATE recoveries SET touched_at = now() WHERE key = ANY ($1::bytea[])", keys
        )

    async def purge(self, *, older_than: float) -> int:
        """See the interface."""
        return len(await self.database.fetch(_PURGE, older_than))
