"""Has new messages found.

Guarantees: most of the time nothing is done, so that what others store hardly waits for this; an
outage only postpones it. On an idle hub a message is found within two seconds; one that stores more
for long than is made found meanwhile (docs/search.md) is behind by the rest. Must not know: SQL.
"""

from collections.abc import Sequence
from typing import Final

import structlog
import trio
from attrs import frozen

from persistence.records import StoreUnavailable
from persistence.search import Search

log = structlog.get_logger(__name__)

SECONDS: Final = 1.0  # between two looks
BATCH: Final = 200  # messages of one statement
PAUSES: Final = 19  # times as long as a statement took
LEAST_PAUSE: Final = 0.05


@frozen
class Indexing:
    """Has new messages found.

    Args:
        search: where.
        languages: in which the forms of a word are known.
    """

    search: Search
    languages: Sequence[str]

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            began = trio.current_time()
            try:
                done = await self.search.index(self.languages, limit=BATCH)
            except StoreUnavailable as error:
                log.warning("messages_not_indexed", reason=str(error))
                done = None
            took = trio.current_time() - began
            await trio.sleep(max(PAUSES * took, LEAST_PAUSE) if done else SECONDS)
