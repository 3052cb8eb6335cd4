"""Uploads in Postgres: what is known of files that are kept elsewhere."""

from typing import Final

from attrs import frozen

from persistence.postgres.database.bridge import Database, Record
from persistence.records import Upload
from protocol.model import UserId

_ADD: Final = """
    INSERT INTO uploads (url, owner_id, mime_type, name, size, width, height)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_VISIBLE: Final = """
    SELECT url, owner_id, mime_type, name, size, width, height
      FROM uploads WHERE url = $2 AND may_see_upload($1, url)
"""


@frozen
class PostgresUploads:
    """Implements `persistence.interface.Uploads`."""

    database: Database

    async def add(self, upload: Upload) -> None:
        """See the interface."""
        await self.database.fetch(
            _ADD, upload.url, upload.owner_id, upload.mime_type, upload.name, upload.size,
            upload.width, upload.height,
        )  # fmt: skip

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """See the interface."""
        row = await self.database.fetch_one(_VISIBLE, user_id, url)
        return None if row is None else _upload(row)


def _upload(row: Record) -> Upload:
    return Upload(
        row["url"], UserId(row["owner_id"]), row["mime_type"], row["name"], row["size"],
        row["width"], row["height"],
    )  # fmt: skip
