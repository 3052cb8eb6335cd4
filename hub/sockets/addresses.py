"""The addresses on which the hub listens, and the names of these and of its peers.

Guarantees: it listens on every address of a host's name that this machine has, or on none; an IPv4
peer has the same name over an IPv4 and an IPv6 socket; the socket file that a dead hub left behind
is replaced, that of a living one is not. Must not know: what is spoken on a connection.
"""

import errno
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog

log = structlog.get_logger(__name__)

Place: TypeAlias = tuple[Any, ...]
"""A socket address, in the form that the standard library has for its family."""

BACKLOG: Final = 1_024
UNIX: Final = "unix:"
UNIX_PEER: Final = "unix"
"""The name of every peer that connects to a Unix socket."""
UNIX_MODE: Final = 0o660
NEW_SECONDS: Final = 60.0
_MAPPED: Final = "::ffff:"
_EVERY_ADDRESS: Final = "::"
_NOT_HERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
_PORT_ATTEMPTS: Final = 10


@contextmanager
def listening(host: str, port: int) -> Iterator[Sequence[socket.socket]]:
    """Listening sockets on all addresses of `host`, or on `unix:` and a path. Port 0 lets the
    system choose, the same one for all. They are closed on exit, and a socket's file is removed.

    Raises:
        OSError: an address cannot be resolved or bound; the text names it.
    """
    listeners = open_listeners(host, port)
    path = unix_path(host)
    with ExitStack() as stack:
        if path is not None:
            stack.enter_context(_removed_afterwards(path))
        for each in listeners:
            stack.enter_context(each)
        yield listeners


@contextmanager
def listening_at(path: Path, mode: int) -> Iterator[socket.socket]:
    """A listening Unix socket, whose file has that mode and is removed on exit.

    Raises:
        OSError: it cannot be bound.
    """
    listener = _listen_at(path, mode)
    with _removed_afterwards(path), listener:
        yield listener


@contextmanager
def _removed_afterwards(path: Path) -> Iterator[None]:
    """Remove the socket's file on exit, unless another socket has replaced it by then."""
    made = path.stat().st_ino
    try:
        yield
    finally:
        with suppress(OSError):
            if path.stat().st_ino == made:
                path.unlink()


def open_listeners(host: str, port: int) -> Sequence[socket.socket]:
    """As `listening`, but the caller closes them."""
    path = unix_path(host)
    try:
        if path is not None:
            return [_listen_at(path, UNIX_MODE)]
        for attempt in range(_PORT_ATTEMPTS):
            try:
                return _open_on_all(_addresses(host, port), host, _listen)
            except OSError as error:
                is_last = attempt == _PORT_ATTEMPTS - 1
                if port or error.errno != errno.EADDRINUSE or is_last:
                    raise
    except OSError as error:
        where = host if path is not None else f"{in_url(host)}:{port}"
        raise OSError(f"Cannot listen on {where}: {error.strerror or error}") from error
    raise AssertionError("unreachable")


def open_slots(host: str, port: int, count: int) -> Sequence[Sequence[socket.socket]]:
    """For each of `count` processes, sockets on all addresses of `host` that do not listen yet; the
    caller closes them. The system divides connections between the sockets that listen
    (SO_REUSEPORT); a Unix socket, which listens already, is the same for all processes.

    Raises:
        OSError: as `open_listeners`, also where another program's socket would share the port.
    """
    alone = open_listeners(host, port)
    if unix_path(host) is not None:
        return [alone] * count
    port = alone[0].getsockname()[1]
    _close_all(alone)
    addresses = _addresses(host, port)
    try:
        with ExitStack() as opened:
            slots: list[Sequence[socket.socket]] = []
            while len(slots) < count:
                slots.append(_open_on_all(addresses, host, _bind_shared))
                opened.callback(_close_all, slots[-1])
            opened.pop_all()
            return slots
    except OSError as error:
        where = f"{in_url(host)}:{port}"
        raise OSError(f"Cannot listen on {where}: {error.strerror or error}") from error


def unix_path(host: str) -> Path | None:
    """The path of a Unix socket, if that is where to listen."""
    return Path(host.removeprefix(UNIX)) if host.startswith(UNIX) else None


def in_url(host: str) -> str:
    """A host as it is written in URLs."""
    return f"[{host}]" if ":" in host else host


def url_of(scheme: str, host: str, listeners: Sequence[socket.socket]) -> str:
    """The URL of the hub, with the host that it was configured with."""
    if unix_path(host) is not None:
        return host
    return f"{scheme}://{in_url(host)}:{listeners[0].getsockname()[1]}"


def peer_of(address: object) -> str:
    """The IP address of a peer, from its socket address; of a Unix socket: `UNIX_PEER`."""
    if not address or not isinstance(address, tuple):
        return UNIX_PEER
    text = str(address[0]).partition("%")[0]  # without the interface of a link-local one
    return text.removeprefix(_MAPPED) if "." in text else text


def _addresses(host: str, port: int) -> list[tuple[int, Place]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((int(family), address) for family, _, _, _, address in found))


def _open_on_all(
    addresses: Sequence[tuple[int, Place]], host: str, open_one: Callable[..., socket.socket]
) -> list[socket.socket]:
    """Open a socket on each address that this machine has; a name may have others besides."""
    opened: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, address in addresses:
            if opened:
                port = opened[0].getsockname()[1]
                address = (address[0], port, *address[2:])  # noqa: PLW2901  the same for all
            try:
                opened.append(open_one(family, address, is_every=host == _EVERY_ADDRESS))
            except OSError as error:
                if error.errno not in _NOT_HERE:
                    raise
                missing = error
                log.warning("address_not_here", address=address[0], reason=error.strerror)
        if missing is not None and not opened:
            raise missing
    except OSError:
        _close_all(opened)
        raise
    return opened


def _close_all(sockets: Sequence[socket.socket]) -> None:
    for each in sockets:
        each.close()


def _listen(family: int, address: Place, *, is_every: bool) -> socket.socket:
    listener = _bind(family, address, is_every=is_every, option=socket.SO_REUSEADDR)
    try:
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _bind_shared(family: int, address: Place, *, is_every: bool) -> socket.socket:
    return _bind(family, address, is_every=is_every, option=socket.SO_REUSEPORT)


def _bind(family: int, address: Place, *, is_every: bool, option: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:  # `::` is every address, also of IPv4
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not is_every)
        bound.bind(address)
        bound.setblocking(False)  # noqa: FBT003  the standard library's signature
    except OSError:
        bound.close()
        raise
    return bound


def _listen_at(path: Path, mode: int) -> socket.socket:
    """A listening Unix socket, whose file has this mode. A stale file is replaced."""
    if _is_stale(path):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(path))
        path.chmod(mode)
        listener.listen(BACKLOG)
        listener.setblocking(False)  # noqa: FBT003  the standard library's signature
    except OSError:
        listener.close()
        raise
    return listener


def remove_stale(folder: Path, pattern: str) -> None:
    """Remove the socket files that killed hubs left behind in a folder; none that is newer than
    `NEW_SECONDS`, because its hub may be about to listen.
    """
    for path in folder.glob(pattern):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > NEW_SECONDS and _is_stale(path):
                path.unlink()


def _is_stale(path: Path) -> bool:
    """Whether there is a socket on which no process listens any more."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return False  # a file of another kind is not ours: binding will fail
    except FileNotFoundError:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            return True
    return False
