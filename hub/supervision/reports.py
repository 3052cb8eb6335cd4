"""What a worker reports to its parent, in the words of sd_notify(3).

Guarantees: only who may open the folder of the workers can report; what is not understood changes
nothing. Must not know: what follows from a report.
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
    """Of one worker.

    `ready`: it works. `heard_at`: when it was heard last. `waiting`: what it said last while it
    was not ready, for whoever supervises the parent.
    """

    _socket: trio.socket.SocketType
    heard_at: float = field(factory=trio.current_time)
    ready: trio.Event = field(factory=trio.Event)
    waiting: str = ""

    async def listen(self, changed: trio.lowlevel.ParkingLot) -> None:
        """Take what is reported, until cancelled; who is parked in `changed` goes on."""
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
