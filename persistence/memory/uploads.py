"""Uploads in memory: the metadata of files that are stored elsewhere."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from attrs import define

from persistence.memory.tables import Tables
from persistence.records import NoSuchUser, StorageFull
from persistence.uploads import DAY, Upload
from protocol.model import UserId


@define
class MemoryUploads:
    """Implements `persistence.interface.Uploads`."""

    tables: Tables

    async def add(
        self, upload: Upload, *, quota: int = 0, total: int = 0, grace: float = DAY
    ) -> StorageFull | None:
        """See the interface."""
        owner = upload.owner_id
        if owner not in self.tables.users:
            raise NoSuchUser(owner)
        has = sum(each.size for each in self.tables.uploads.values() if each.owner_id == owner)
        if 0 < quota < has + upload.size:
            return StorageFull.OF_OWNER
        if 0 < total < sum(each.size for each in self.tables.uploads.values()) + upload.size:
            return StorageFull.OF_ALL
        self.tables.uploads[upload.url] = upload
        self.tables.loosen(upload.url, timedelta(seconds=grace))
        return None

    async def of_user(self, user_id: UserId, *, after: str, limit: int) -> Sequence[Upload]:
        """See the interface."""
        urls = sorted(
            url
            for url, each in self.tables.uploads.items()
            if each.owner_id == user_id and url > after
        )
        return [self.tables.uploads[url] for url in urls[:limit]]

    async def visible(self, user_id: UserId, url: str) -> Upload | None:
        """See the interface."""
        return self.tables.uploads[url] if self.tables.may_see_upload(user_id, url) else None

    async def collect(self, *, limit: int) -> Mapping[str, bool]:
        """See the interface."""
        now = self.tables.clock()
        due = sorted((at, url) for url, at in self.tables.loose if at <= now)[-limit:]
        for at, url in due:
            if self.tables.is_named(url):
                self.tables.loose.remove((url, at))
            else:
                self.tables.uploads.pop(url, None)
        return {url: url not in self.tables.uploads for _, url in due}

    async def forget(self, urls: Sequence[str]) -> None:
        """See the interface."""
        self.tables.loose = [each for each in self.tables.loose if each[0] not in urls]

    async def known(self, urls: Sequence[str]) -> frozenset[str]:
        """See the interface."""
        return frozenset(urls) & self.tables.uploads.keys()
