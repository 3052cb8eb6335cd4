"""Tells a supervisor how the process is, as sd_notify(3) of systemd does.

Guarantees: without a supervisor nothing happens, and one that does not listen ends nothing. Must
not know: what is told.
"""

import socket
from collections.abc import Mapping
from typing import Final

from attrs import frozen

VARIABLE: Final = "NOTIFY_SOCKET"


@frozen
class Supervisor:
    """Whoever started the process. `address`: of the socket where it listens, if it does."""

    address: str | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Supervisor":
        """The one that the environment names."""
        address = environ.get(VARIABLE)
        if address is not None and address.startswith("@"):  # it has no file
            address = f"\0{address[1:]}"
        return cls(address)

    def tell(self, state: str) -> None:
        """Send assignments, one on each line."""
        if self.address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)  # noqa: FBT003  the standard library's signature
            try:
                out.sendto(state.encode(), self.address)
            except OSError:
                return  # it has gone, or does not listen
