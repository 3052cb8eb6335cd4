"""Removes files that nothing names any more, and files that the store does not know.

Guarantees: a file is removed when nothing in the store names it; a file that the store does not
know, as after a crash between writing and recording it, when it is older than `UNKNOWN_SECONDS`. If
the store knows none of the files of that age, no unknown file is removed, because the file store is
then that of another database. Several hubs may collect at once. A failure is logged, and the
removal is tried again. Must not know: who may see a file.
"""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

import structlog
import trio
from attrs import define, field

from hub.files.store import FilesUnavailable
from hub.files.uploads import UploadFiles, url_of
from persistence.interface import Uploads
from persistence.records import StoreUnavailable

log = structlog.get_logger(__name__)

BATCH: Final = 500  # files in one statement
UNKNOWN_SECONDS: Final = 3_600.0


@define
class FileCollector:
    """Removes files.

    Args:
        uploads: the records of files in the store.
        files: the files themselves.
        interval: seconds between two collections.

    `removed`: how many it has removed since the start.
    """

    uploads: Uploads
    files: UploadFiles
    interval: float
    removed: int = field(default=0, init=False)

    async def run(self) -> None:
        """Collect every `interval` seconds, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._remove_unknown_now_and_then)
            while True:
                while await self.collect():
                    pass
                await trio.sleep(self.interval)

    async def collect(self) -> bool:
        """Remove files that nothing names any more: looks at `BATCH` at a time, the ones that were
        named last first. Returns whether there may be more. Several hubs may do so at once.
        """
        try:
            looked_at = await self.uploads.collect(limit=BATCH)
            gone = [url for url, is_gone in looked_at.items() if is_gone]
            if gone:
                await self._remove(gone)
                await self.uploads.forget(gone)
        except (StoreUnavailable, FilesUnavailable) as error:
            log.warning("files_not_collected", reason=str(error))
            return False
        return bool(looked_at)

    async def remove_unknown(self) -> None:
        """Remove old files that the store does not know."""
        unknown: list[str] = []
        is_ours = False
        try:
            torn = await self.files.store.remove_torn(UNKNOWN_SECONDS)
            async with aclosing(self.files.listed()) as pages:
                async for page in pages:
                    urls = sorted({url_of(each.key) for each in page if each.age > UNKNOWN_SECONDS})
                    for first in range(0, len(urls), BATCH):
                        batch = urls[first : first + BATCH]
                        known = await self.uploads.known(batch)
                        is_ours = is_ours or bool(known)
                        unknown += [url for url in batch if url not in known]
            for first in range(0, len(unknown) if is_ours else 0, BATCH):
                await self._remove(unknown[first : first + BATCH])
        except (StoreUnavailable, FilesUnavailable) as error:
            log.warning("unknown_files_not_removed", reason=str(error))
        else:
            if torn:
                log.warning("torn_files_removed", count=torn)
            if unknown:
                log.warning("unknown_files", count=len(unknown), are_removed=is_ours)

    async def _remove_unknown_now_and_then(self) -> None:
        while True:
            await trio.sleep(UNKNOWN_SECONDS)
            await self.remove_unknown()

    async def _remove(self, urls: Sequence[str]) -> None:
        """Remove files. One that cannot be removed is tried again later, as an unknown file."""
        failed = await self.files.remove(urls)
        for reason in failed.values():
            log.warning("file_not_removed", reason=reason)
        self.removed += len(urls) - len(failed)
        log.info("files_removed", count=len(urls) - len(failed))
