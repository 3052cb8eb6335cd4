"""Removes files from disk: those that nothing names any more, and those that nobody knows.

Guarantees: a file goes when the store says that nothing names it; one that the store does not know
goes when it is older than `UNKNOWN_SECONDS`, as after a crash between writing it and storing what
it is. Of a folder in which the store knows no file at all nothing is removed: then it is another
database's. What fails is logged and tried again. Must not know: who may see a file.
"""

from collections.abc import Sequence
from typing import Final

import structlog
import trio
from attrs import define, field

from hub.files.folder import UploadFolder
from persistence.interface import Uploads
from persistence.records import StoreUnavailable

log = structlog.get_logger(__name__)

BATCH: Final = 500  # files that are looked at in one statement
UNKNOWN_SECONDS: Final = 3_600.0


@define
class FileCollector:
    """Removes files.

    Args:
        uploads: what is known of files.
        folder: where they are.
        interval: how often it looks, in seconds.

    `removed`: how many it has removed since the start.
    """

    uploads: Uploads
    folder: UploadFolder
    interval: float
    removed: int = field(default=0, init=False)

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._remove_unknown_now_and_then)
            while True:
                while await self.collect():
                    pass
                await trio.sleep(self.interval)

    async def collect(self) -> bool:
        """Remove what nothing names any more: `BATCH` files at a time, those first that were named
        last. Returns whether there may be more. Several may do so at once.
        """
        try:
            looked_at = await self.uploads.collect(limit=BATCH)
            gone = [url for url, is_gone in looked_at.items() if is_gone]
            if gone:
                await self._remove(gone)
                await self.uploads.forget(gone)
        except StoreUnavailable as error:
            log.warning("files_not_collected", reason=str(error))
            return False
        return bool(looked_at)

    async def remove_unknown(self) -> None:
        """Remove old files that the store does not know."""
        unknown: list[str] = []
        is_ours = False
        try:
            for day in await trio.to_thread.run_sync(self.folder.days):
                urls = await trio.to_thread.run_sync(self.folder.older_than, UNKNOWN_SECONDS, day)
                for first in range(0, len(urls), BATCH):
                    batch = urls[first : first + BATCH]
                    known = await self.uploads.known(batch)
                    is_ours = is_ours or bool(known)
                    unknown += [url for url in batch if url not in known]
            if is_ours and unknown:
                await self._remove(unknown)
        except (StoreUnavailable, OSError) as error:
            log.warning("unknown_files_not_removed", reason=str(error))
        else:
            if unknown:
                log.warning("unknown_files", count=len(unknown), are_removed=is_ours)

    async def _remove_unknown_now_and_then(self) -> None:
        while True:
            await trio.sleep(UNKNOWN_SECONDS)
            await self.remove_unknown()

    async def _remove(self, urls: Sequence[str]) -> None:
        """What cannot be removed is unknown from now on, and tried again with what else is."""
        errors = await trio.to_thread.run_sync(self.folder.remove, urls)
        for error in errors:
            log.warning("file_not_removed", reason=str(error))
        self.removed += len(urls) - len(errors)
        log.info("files_removed", count=len(urls) - len(errors))
