"""Uploads in Postgres: the metadata of files that are stored elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from persistence.postgres.database.bridge import Database, Record
from persistence.records import Gone, NoSuchUser, StorageFull
from persistence.uploads import DAY, Upload
from protocol.model import UserId

_ADD: Final = "SELECT add_upload($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS full"
_COLUMNS: Final = "url, owner_id, mime_type, name, size, width, height"
_VISIBLE: Final = f"SELECT {_COLUMNS} FROM uploads WHERE url = $2 AND may_see_upload($1, url)"
_OF_USER: Final = f"""
    SELECT {_COLUMNS} FROM uploads WHERE owner_id = $1 AND url COLLATE "C" > $2
     ORDER BY url COLLATE "C" LIMIT $3
"""


@frozen
class PostgresUploads:
    """Implements `persistence.interface.Uploads`."""

    database: Database

    async def add(
        self, upload: Upload, *, quota: int = 0, total: int = 0, grace: float = DAY
    ) -> StorageFull | None:
        """See the interface."""
        try:
            row = await self.database.fetch_one(
                _ADD, upload.url, upload.owner_id, upload.mime_type, upload.name, upload.size,
                upload.width, upload.height, quota, total, grace,
            )  # fmt: skip
        except Gone:
            raise NoSuchUser(upload.owner_id) from None
        return None if row is None or row["full"] is None else StorageFull(row["full"])

    async def of_user(self, user_id: UserId, *, after: str, limit: int) -> Sequence[Upload]:
        """See the interface."""
        rows = await self.database.fetch(_OF_USER, user_id, after, limit)
        return [_upload(row) for row in rows]

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """See the interface."""
        row = await self.database.fetch_one(_VISIBLE, user_id, url)
        return None if row is None else _upload(row)

    async def collect(self, *, limit: int) -> Mapping[str, bool]:
        """See the interface."""
        rows = await self.database.fetch("SELECT * FROM collect_uploads($1)", limit)
        return {row["address"]: row["is_gone"] for row in rows}

    async def forget(self, urls: Sequence[str]) -> None:
        """See the interface."""
        await self.database.fetch("DELETE FROM loose_uploads WHERE url = ANY ($1::text[])", urls)

    async def known(self, urls: Sequence[str]) -> frozenset[str]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT url FROM uploads WHERE url = ANY ($1::text[])", urls
        )
        return frozenset(row["url"] for row in rows)


def _upload(row: Record) -> Upload:
    return Upload(
        row["url"], UserId(row["owner_id"]), row["mime_type"], row["name"], row["size"],
        row["width"], row["height"],
    )  # fmt: skip
