"""A bus carries bulletins between the nodes of one cell. The log is the truth; a bus only delivers
its content sooner.

Guarantees: a bulletin arrives whole or not at all. It may be lost, repeated, late, or overtake
another one, whichever engine carries it. Must not know: the content of a bulletin.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

MAX_BYTES: Final = 262_144  # of one bulletin, on every engine
PUBLISH_SECONDS: Final = 2.0
BEGIN_SECONDS: Final = 5.0  # after which a reader starts without a connection
_CELL: Final = re.compile("[a-z0-9_-]{1,40}")


class BusUnavailable(Exception):
    """A bulletin was not published, or may not have been; the text says why, without secrets."""


class Bus(Protocol):
    """One node's way to all nodes of its cell. `max_bytes`: of one bulletin; the publisher must not
    exceed it.
    """

    max_bytes: int

    async def publish(self, data: bytes) -> None:
        """Publish a bulletin, within 2 s.

        Raises:
            BusUnavailable: the publishing failed. The bulletin may arrive nevertheless, unless the
                bus refused it.
            ValueError: it is larger than `max_bytes`.
        """

    def bulletins(self) -> AbstractAsyncContextManager[AsyncIterator[bytes | None]]:
        """The bulletins of every node, including this one, from now on. None: some may have been
        missed. A None comes first, and whenever listening began anew, the bus was emptied or
        trimmed, or the reader was too far behind. Connects again by itself. The context is entered
        once listening has begun, or after 5 s without a connection.
        """


def require_size(data: bytes) -> None:
    """Raises ValueError for a bulletin that is larger than `MAX_BYTES`."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"a bulletin of {len(data)} bytes: {MAX_BYTES} are allowed")


def require_cell(cell: str) -> str:
    """Check the name of a cell, which becomes a part of names on a server.

    Raises:
        ValueError: it is no name of 1 to 40 of the characters a-z, 0-9, _ and -.
    """
    if _CELL.fullmatch(cell) is None:
        raise ValueError(f"a cell is called by 1 to 40 of a-z, 0-9, _ and -, not {cell!r}")
    return cell
