"""Sockets that the supervisor opened for the process, as by sd_listen_fds(3) of systemd.

Guarantees: sockets that are meant for another process are left alone; one to which no client could
connect is refused with an error that names it; programs that the hub starts do not inherit them.
Must not know: what is spoken on a connection.
"""

import socket
from collections.abc import Mapping, Sequence
from typing import Final

FIRST: Final = 3  # after standard input, output and errors
COUNT: Final = "LISTEN_FDS"
PID: Final = "LISTEN_PID"
NAMES: Final = "LISTEN_FDNAMES"
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


def inherited(environ: Mapping[str, str], pid: int) -> Sequence[socket.socket]:
    """The listening sockets that the environment gives to the process `pid`; the caller closes
    them.

    Raises:
        OSError: the number is malformed, or a descriptor is no listening socket; the text names it.
    """
    given = environ.get(COUNT)
    if given is None or environ.get(PID) != str(pid):
        return ()
    if not (given.isascii() and given.isdigit()):
        raise OSError(f"{COUNT}={given} is no number of sockets")
    names = environ.get(NAMES, "").split(":")
    numbers = range(FIRST, FIRST + int(given))
    if len(names) != len(numbers):
        return [_listener(number, "a socket") for number in numbers]
    return [_listener(number, name) for number, name in zip(numbers, names, strict=True)]


def host_of(listener: socket.socket) -> str:
    """The address that it listens on, as the setting `host` would name it."""
    address = listener.getsockname()
    if isinstance(address, tuple):
        return str(address[0])
    path = address.decode().replace("\0", "@", 1) if isinstance(address, bytes) else address
    return f"unix:{path}"


def _listener(number: int, name: str) -> socket.socket:
    try:
        found = socket.socket(fileno=number)
    except OSError:
        raise _refusal(number, name, "is no socket") from None
    if found.type != socket.SOCK_STREAM or found.family not in _FAMILIES:
        raise _refusal(number, name, "is neither a TCP nor a Unix stream socket")
    if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise _refusal(number, name, "does not listen")
    found.set_inheritable(False)
    found.setblocking(False)  # noqa: FBT003  the standard library's signature
    return found


def _refusal(number: int, name: str, flaw: str) -> OSError:
    return OSError(f"{COUNT} gives {name} (descriptor {number}), which {flaw}")
