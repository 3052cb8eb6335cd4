"""Connects to a Redis or Valkey server.

Guarantees: the text of an error says what an operator has to fix, and holds no password; behind
Sentinels, the connection is to the server that they name, and only if that server reports the role
of the primary. Must not know: streams, bulletins.
"""

import logging
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import trio
from attrs import frozen
from coredis.connection import BaseConnection, TCPConnection, TCPLocation
from coredis.exceptions import (
    AuthenticationFailureError,
    AuthenticationRequiredError,
    AuthorizationError,
    BusyLoadingError,
    ClusterResponseError,
    MovedError,
    ReadOnlyError,
    RedisError,
    WrongTypeError,
)

from persistence.bus import BusUnavailable
from persistence.bus.redis_url import Login, Tls, parse_url

# coredis logs each broken connection with a traceback; our own log has one line in words instead.
logging.getLogger("coredis").setLevel(logging.CRITICAL + 1)

CONNECT_SECONDS: Final = 2.0
SENTINEL_SECONDS: Final = 0.5  # for each of them: a dead one must not use up the time of the others
MIN_VERSION: Final = 7
_WORDS: Final[Mapping[type[Exception], str]] = {
    AuthenticationRequiredError: "the server wants a password",
    AuthenticationFailureError: "the server refuses the user or the password",
    ReadOnlyError: "the server is a read-only replica",
    BusyLoadingError: "the server still loads its data",
    MovedError: "the server belongs to a Redis Cluster, which cannot be used",
    ClusterResponseError: "the server belongs to a Redis Cluster, which cannot be used",
    WrongTypeError: "the stream's key holds something else",
}
_WORDS_BY_CODE: Final[Mapping[str, str]] = {
    "OOM": "the server is full: its maxmemory is used up",
    "MISCONF": "the server accepts nothing because it cannot save its data",
    "MASTERDOWN": "the server is a replica without its primary",
}


class RedisConnection:
    """One connection. `ended`: set when it has ended."""

    def __init__(self, location: TCPLocation, connection: BaseConnection, login: Login) -> None:
        self.location = location
        self.ended = trio.Event()
        self._connection = connection
        self._login = login

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Connect, and carry requests until the connection ends."""
        try:
            await self._connection.run(task_status=task_status)
        finally:
            self.ended.set()

    async def ask(self, command: bytes, *arguments: bytes | int) -> Any:  # noqa: ANN401  a reply of Redis
        """The reply of the server to a command.

        Raises:
            BusUnavailable: the server refuses, or the connection has ended.
        """
        try:
            return await self._connection.create_request(command, *arguments)
        except Exception as error:  # noqa: BLE001  coredis raises what ended the connection
            raise BusUnavailable(self._login.without_secrets(in_words(error))) from None

    def require_version(self) -> None:
        """Raises BusUnavailable if the server is too old."""
        version = self._connection.server_version or "0"
        if int(version.partition(".")[0]) < MIN_VERSION:
            raise BusUnavailable(f"the server is of version {version}: Redis 7 or Valkey is needed")

    def close(self) -> None:
        """End the connection and its pending requests."""
        self._connection.invalidate()
        self.ended.set()


@frozen
class RedisServer:
    """A server, or the Sentinels that know which server it is.

    Args:
        places: hosts and ports of the server or of the Sentinels.
        name: what the Sentinels call the primary; None: there are none.
        database: which of the server's databases.
        login, sentinel_login: credentials for the server and for the Sentinels.
        tls: None: connections are not encrypted.
    """

    places: Sequence[tuple[str, int]]
    name: str | None
    database: int
    login: Login
    sentinel_login: Login
    tls: ssl.SSLContext | None

    async def connect(self, nursery: trio.Nursery) -> RedisConnection:
        """A connection to the server, or to the primary.

        Args:
            nursery: runs the connection's task.

        Raises:
            BusUnavailable: no connection could be opened within 2 s.
        """
        with trio.move_on_after(CONNECT_SECONDS):
            if self.name is None:
                location = TCPLocation(*self.places[0])
            else:
                location = await self.ask_sentinels(nursery)
            connection = await self._open(nursery, location, self.login, self.database)
            try:
                connection.require_version()
                if self.name is not None:
                    await _require_primary(connection)
            except BaseException:
                connection.close()
                raise
            return connection
        raise BusUnavailable(f"no connection within {CONNECT_SECONDS:g} s")

    async def ask_sentinels(self, nursery: trio.Nursery) -> TCPLocation:
        """The address of the primary, from the first Sentinel that knows it.

        Raises:
            BusUnavailable: no Sentinel knows it.
        """
        reasons: list[str] = []
        for place in self.places:
            with trio.move_on_after(SENTINEL_SECONDS) as patience:
                try:
                    return await self._ask_sentinel(nursery, TCPLocation(*place))
                except BusUnavailable as error:
                    reasons.append(str(error))
            if patience.cancelled_caught:
                reasons.append(f"no answer from {place[0]}:{place[1]}")
        raise BusUnavailable(f"no Sentinel knows a primary {self.name!r}: {'; '.join(reasons)}")

    async def _ask_sentinel(self, nursery: trio.Nursery, location: TCPLocation) -> TCPLocation:
        sentinel = await self._open(nursery, location, self.sentinel_login, database=0)
        try:
            name = (self.name or "").encode()
            found = await sentinel.ask(b"SENTINEL GET-MASTER-ADDR-BY-NAME", name)
        finally:
            sentinel.close()
        if found is None:
            raise BusUnavailable(f"{location} does not know that name")
        host, port = found
        return TCPLocation(host.decode(), int(port))

    async def _open(
        self, nursery: trio.Nursery, location: TCPLocation, login: Login, database: int
    ) -> RedisConnection:
        raw = TCPConnection(
            location,
            connect_timeout=None,  # the caller sets a deadline
            username=login.username,
            password=login.password,
            db=database,
            ssl_context=self.tls,
        )
        connection = RedisConnection(location, raw, login)
        try:
            await nursery.start(connection.run)
        except RedisError as error:
            await trio.lowlevel.checkpoint_if_cancelled()  # RedisError also means that
            raise BusUnavailable(login.without_secrets(in_words(error))) from None
        return connection


async def _require_primary(connection: RedisConnection) -> None:
    role = await connection.ask(b"ROLE")
    if role[0] != b"master":
        raise BusUnavailable(f"{connection.location}, which the Sentinels name, is no primary")


async def close_if_moved(
    server: RedisServer, connection: RedisConnection, nursery: trio.Nursery
) -> None:
    """End a connection to a former primary, once the Sentinels name another server."""
    if server.name is None:
        return
    try:
        location = await server.ask_sentinels(nursery)
    except BusUnavailable:
        return  # no Sentinel knows the primary now
    if location != connection.location:
        connection.close()


def server_of(url: str) -> RedisServer:
    """The server of a URL.

    Raises:
        ValueError: `parse_url` refuses the URL, or a file that it names cannot be used; the text
            repeats neither user nor password.
    """
    parsed = parse_url(url)
    return RedisServer(
        parsed.places,
        parsed.name,
        parsed.database,
        parsed.login,
        parsed.sentinel_login,
        None if parsed.tls is None else _context(parsed.tls),
    )


def _context(tls: Tls) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca_certs)
        if tls.certfile is not None:
            context.load_cert_chain(tls.certfile, tls.keyfile)
    except OSError as error:
        raise ValueError(f"a file that the URL of a Redis names cannot be used: {error}") from None
    return context


def in_words(error: Exception) -> str:
    """Why a request failed, at the server or on the way to it, in words."""
    text = str(error)
    if isinstance(error, AuthorizationError):
        return f"the user lacks a right on the server: {text}"
    known = _WORDS.get(type(error)) or _WORDS_BY_CODE.get(text.partition(" ")[0])
    if known is not None:
        return known
    causes = [each.strerror or str(each) for each in _causes(error)]
    return ": ".join([text, *causes[-1:]])


def _causes(error: BaseException) -> Iterator[OSError]:
    """The operating system's errors behind an error, from the outside in."""
    below = [error.__cause__, *getattr(error, "exceptions", ())]
    for each in below:
        if isinstance(each, OSError):
            yield each
        if each is not None:
            yield from _causes(each)
