"""Which log it is, and whether it is this hub's; a part of `persistence.interface`.

Guarantees: an epoch is the same as long as every position in the log means what it meant when it
was read, and another one once the log may have gone back: a failover, a restore, another database.
Must not know: messages, channels.
"""

from collections.abc import Awaitable
from typing import Protocol


class Log(Protocol):
    """The log as a whole."""

    async def epoch(self) -> str:
        """Which log it is. Messages are stored in this one alone, until it is asked again.

        Raises:
            StoreUnavailable: nobody can say, for example because the server is a standby, or
                another hub serves it.
        """

    async def new_epoch(self, seen: str) -> str:
        """The log was seen to go back: it is another one from now on, unless somebody has said so
        since it was `seen`. Returns and raises as `epoch`, with the same consequence.
        """

    def changed(self, epoch: str) -> Awaitable[None]:
        """Is there once what was read from the log that had this epoch may not be all that there
        was, or more than there is: it is another log, or another hub has served it since that was
        asked.
        """
