"""What a worker process is given by its parent, and how it knows that the parent has gone.

Guarantees: a worker that was given no place is a hub of its own; what it is given is closed to the
programs that it starts. Must not know: how workers are started, what a hub does.
"""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self, cast

import trio
from attrs import asdict, frozen

VARIABLE: Final = "PARLOUR_WORKER_PLACE"
BUS: Final = "postgres"
"""What workers have who were given no other bus."""
LIFELINE: Final = 0  # standard input: a pipe that ends with the parent
SOCKET: Final = ".sock"


@frozen
class WorkerPlace:
    """Where a worker works.

    Args:
        number: of the worker, from 1.
        name: of the node that it is.
        folder: has a socket of each worker, which are for the workers and their parent alone.
        port: descriptors of the sockets where clients connect; so are the next two.
        metrics: where the metrics are shown.
        admin: where operators come in.
    """

    number: int
    name: str
    folder: str
    port: Sequence[int] = ()
    metrics: Sequence[int] = ()
    admin: Sequence[int] = ()

    @property
    def socket_path(self) -> Path:
        """Where this worker answers the others and the parent."""
        return Path(self.folder, f"{self.name}{SOCKET}")

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
