"""What a worker process is given by its parent, and how it knows that the parent has gone.

Guarantees: a worker that was given no place is a hub of its own; what it is given is closed to the
programs that it starts. Must not know: how workers are started, what a hub does.
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
"""What workers have who were given no other bus."""
CLOSE_PORT: Final = signal.SIGUSR1
"""To a worker: it has a successor, which takes what connects from now on."""
LEAVE: Final = signal.SIGUSR2
"""To a worker: its clients are to go to others, then it ends."""
LIFELINE: Final = 0  # standard input: a pipe that ends with the parent
TOTALS: Final = "totals"
TOTALS_SECONDS: Final = 8.0


class Leaving(Enum):
    """How a hub stops."""

    AT_ONCE = auto()
    AFTER_DRAIN = auto()
    TO_SUCCESSOR = auto()
    """Another one has the same port already."""


LEAVING: Final[Mapping[int, Leaving]] = {
    signal.SIGINT: Leaving.AT_ONCE,  # of a person who waits
    signal.SIGTERM: Leaving.AFTER_DRAIN,
    LEAVE: Leaving.TO_SUCCESSOR,
}
"""By the signal that says so."""


@frozen
class WorkerPlace:
    """Where a worker works.

    Args:
        number: of the worker, from 1.
        name: of the node that it is.
        prefix: of the names of all workers of this parent.
        folder: has a socket of each worker, which are for the workers and their parent alone.
        port: descriptors of the sockets where clients connect; so are the next two.
        metrics: where the metrics are shown.
        admin: where operators come in.
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
        """Where this worker answers the others and the parent."""
        return Path(self.folder, f"{self.name}{SUFFIX}")

    @property
    def totals_path(self) -> Path:
        """Where the parent shows the metrics of all workers to whoever connects."""
        return Path(self.folder, TOTALS)

    @property
    def siblings(self) -> Siblings:
        """The other workers."""
        return Siblings(Path(self.folder), self.name, self.number)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that are given."""
        return (*self.port, *self.metrics, *self.admin)

    def text(self) -> str:
        """As the environment has it."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self | None:
        """The place that the environment gives; None: the process is no worker."""
        text = environ.get(VARIABLE)
        return None if text is None else cls(**cast("dict[str, Any]", json.loads(text)))


def taken(descriptors: Sequence[int]) -> Sequence[socket.socket]:
    """The sockets of descriptors that a worker was given, for whoever closes them."""
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
        trio.TooSlowError: it does not answer.
    """
    page = bytearray()
    with trio.fail_after(TOTALS_SECONDS):
        async with await trio.open_unix_socket(str(place)) as stream:
            async for part in stream:
                page += part
    return bytes(page)
