"""Uploads in memory: what is known of files that are kept elsewhere."""

from attrs import define

from persistence.memory.tables import Tables
from persistence.records import Upload
from protocol.model import UserId


@define
class MemoryUploads:
    """Implements `persistence.interface.Uploads`."""

    tables: Tables

    async def add(self, upload: Upload) -> None:
        """See the interface."""
        self.tables.uploads[upload.url] = upload

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """See the interface."""
        return self.tables.uploads[url] if self.tables.may_see_upload(user_id, url) else None
