"""Reports the state of the process to its supervisor, as sd_notify(3) of systemd does.

Guarantees: without a supervisor nothing happens, and one that does not listen causes no error. Must
not know: what is reported.
"""

import socket
from collections.abc import Mapping
from typing import Final

import structlog
from attrs import frozen

log = structlog.get_logger(__name__)

VARIABLE: Final = "NOTIFY_SOCKET"
WATCHDOG_MICROSECONDS: Final = "WATCHDOG_USEC"
WATCHDOG_PID: Final = "WATCHDOG_PID"
_MICRO: Final = 1_000_000


@frozen
class Supervisor:
    """The program that started the process, such as systemd.

    Args:
        address: of the socket where it listens, if it does.
        watchdog_seconds: how long the process may be silent before it counts as hung; None: it may
            be silent.
    """

    address: str | None = None
    watchdog_seconds: float | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str], pid: int) -> "Supervisor":
        """The one that the environment names to the process `pid`."""
        address = environ.get(VARIABLE)
        if address is not None and address.startswith("@"):  # an abstract address, without a file
            address = f"\0{address[1:]}"
        return cls(address, _watchdog_seconds(environ, pid))

    def notify(self, state: str) -> None:
        """Send assignments, one on each line."""
        if self.address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)  # noqa: FBT003  the standard library's signature
            try:
                out.sendto(state.encode(), self.address)
            except OSError:
                return  # it has gone, or does not listen


def extension(seconds: float) -> str:
    """The assignment that asks for so much time from now, whatever the supervisor's limit is."""
    return f"EXTEND_TIMEOUT_USEC={round(seconds * _MICRO)}"


def _watchdog_seconds(environ: Mapping[str, str], pid: int) -> float | None:
    given = environ.get(WATCHDOG_MICROSECONDS)
    if given is None or environ.get(WATCHDOG_PID, str(pid)) != str(pid):
        return None  # or it is meant for a process that has started this one
    if not (given.isascii() and given.isdigit() and int(given)):
        log.warning("watchdog_not_understood", variable=WATCHDOG_MICROSECONDS, value=given)
        return None
    return int(given) / _MICRO
