"""Indexes new messages, so that searches find them.

Guarantees: most of the time it pauses, so that other statements hardly wait for it; an outage only
postpones it. On an idle hub a message can be found within two seconds; if a hub stores more for
long than is indexed meanwhile (docs/search.md), the rest is found later. Must not know: SQL.
"""

from collections.abc import Sequence
from typing import Final

import structlog
import trio
from attrs import frozen

from persistence.records import StoreUnavailable
from persistence.search import Search

log = structlog.get_logger(__name__)

SECONDS: Final = 1.0  # until the next check, when all messages are indexed
BATCH: Final = 200  # messages of one statement
PAUSES: Final = 19  # a pause is so many times as long as the statement before it
LEAST_PAUSE: Final = 0.05


@frozen
class Indexing:
    """Indexes new messages.

    Args:
        search: the index.
        languages: whose forms of words are indexed.
    """

    search: Search
    languages: Sequence[str]

    async def run(self) -> None:
        """Index messages until cancelled."""
        while True:
            began = trio.current_time()
            try:
                done = await self.search.index(self.languages, limit=BATCH)
            except StoreUnavailable as error:
                log.warning("messages_not_indexed", reason=str(error))
                done = None
            took = trio.current_time() - began
            await trio.sleep(max(PAUSES * took, LEAST_PAUSE) if done else SECONDS)
