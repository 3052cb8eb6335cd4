"""What a worker process gets from its parent, and how it notices that the parent has ended.

Guarantees: a process without a place is a hub of its own; programs that a worker starts do not
inherit its sockets. Must not know: how workers are started, what a hub does.
"""

import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final, Self, cast

import trio
from attrs import asdict, frozen

from hub.cluster.siblings import SUFFIX, Siblings

VARIABLE: Final = "PARLOUR_WORKER_PLACE"
BUS: Final = "postgres"
"""The bus of workers if the settings name no other one."""
CLOSE_PORT: Final = signal.SIGUSR1
"""To a worker: it has a successor, which takes new connections from now on."""
LEAVE: Final = signal.SIGUSR2
"""To a worker: move the clients to other workers, then end."""
LIFELINE: Final = 0  # standard input: a pipe that ends with the parent
TOTALS: Final = "totals"
TOTALS_SECONDS: Final = 8.0


class Leaving(Enum):
    """How a hub stops."""

    AT_ONCE = auto()
    AFTER_DRAIN = auto()
    TO_SUCCESSOR = auto()
    """Another worker has the same port already."""


LEAVING: Final[Mapping[int, Leaving]] = {
    signal.SIGINT: Leaving.AT_ONCE,  # from a person at a terminal, who waits
    signal.SIGTERM: Leaving.AFTER_DRAIN,
    LEAVE: Leaving.TO_SUCCESSOR,
}
"""How a hub stops, by the signal that it gets."""


@frozen
class WorkerPlace:
    """What a worker gets from its parent.

    Args:
        number: of the worker, from 1.
        name: of the node that it is.
        prefix: of the names of all workers of this parent.
        folder: has a socket of each worker, which are for the workers and their parent alone.
        port: descriptors of the sockets where clients connect; so are the next two.
        metrics: of those that serve the metrics.
        admin: of the admin socket.
    """

    number: int
    name: str
    prefix: str
    folder: str
    port: Sequence[int] = ()
    metrics: Sequence[int] = ()
    admin: Sequence[int] = ()

    @property
    def socket_path(self) -> Path:
        """The socket at which this worker responds to the others and the parent."""
        return Path(self.folder, f"{self.name}{SUFFIX}")

    @property
    def totals_path(self) -> Path:
        """The socket at which the parent sends the metrics of all workers to each connection."""
        return Path(self.folder, TOTALS)

    @property
    def siblings(self) -> Siblings:
        """The other workers."""
        return Siblings(Path(self.folder), self.name, self.number)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All descriptors of the place."""
        return (*self.port, *self.metrics, *self.admin)

    def text(self) -> str:
        """The place as the text of an environment variable."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self | None:
        """The place that the environment gives; None: the process is no worker."""
        text = environ.get(VARIABLE)
        return None if text is None else cls(**cast("dict[str, Any]", json.loads(text)))


def taken(descriptors: Sequence[int]) -> Sequence[socket.socket]:
    """The sockets of descriptors that a worker was given; the caller closes them."""
    found = [socket.socket(fileno=each) for each in descriptors]
    for each in found:
        each.set_inheritable(False)
        each.setblocking(False)  # noqa: FBT003  the standard library's signature
    return found


async def until_parent_ends() -> None:
    """Return when the parent of this worker has ended."""
    while True:
        await trio.lowlevel.wait_readable(LIFELINE)
        if not os.read(LIFELINE, 1):
            return


async def read_totals(place: Path) -> bytes:
    """The metrics of all workers.

    Raises:
        OSError: the parent does not listen.
        trio.TooSlowError: it does not respond in time.
    """
    page = bytearray()
    with trio.fail_after(TOTALS_SECONDS):
        async with await trio.open_unix_socket(str(place)) as stream:
            async for part in stream:
                page += part
    return bytes(page)
