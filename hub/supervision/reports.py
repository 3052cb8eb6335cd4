"""What a worker reports to its parent, in the format of sd_notify(3).

Guarantees: only processes that may open the folder of the workers can report; lines that are not
understood are ignored. Must not know: how the parent acts on a report.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import trio
from attrs import define, field

MAX_BYTES: Final = 4_096
_READY: Final = "READY=1"
_WAITING: Final = ("STATUS=", "EXTEND_TIMEOUT_USEC=")


@define
class Reports:
    """The reports of one worker.

    `ready`: the worker works. `heard_at`: when its last report came. `waiting`: its last report
    while it was not ready, for the parent's supervisor.
    """

    _socket: trio.socket.SocketType
    heard_at: float = field(factory=trio.current_time)
    ready: trio.Event = field(factory=trio.Event)
    waiting: str = ""

    async def listen(self, changed: trio.lowlevel.ParkingLot) -> None:
        """Take reports, until cancelled; each one wakes the tasks that are parked in `changed`."""
        while True:
            data = await self._socket.recv(MAX_BYTES)
            self.heard_at = trio.current_time()
            lines = data.decode(errors="replace").splitlines()
            if _READY in lines:
                self.ready.set()
            elif not self.ready.is_set():
                self.waiting = "\n".join(each for each in lines if each.startswith(_WAITING))
            changed.unpark_all()


@contextmanager
def open_reports(path: Path) -> Iterator[Reports]:
    """Reports that come in at a socket file, which is removed on exit."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(path))
        try:
            yield Reports(trio.socket.from_stdlib_socket(made))
        finally:
            path.unlink(missing_ok=True)
