"""REST calls of commands, on the standard library.

Guarantees: no call waits for longer than a limit for a silent hub; an error response becomes
`CallFailed` with the server's text. Must not know: any path of the API.
"""

import http.client
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from http.cookies import SimpleCookie
from typing import Final, TypeVar, cast
from urllib.parse import urlsplit

import trio
from attrs import frozen

from hub.settings.reasons import reason_of
from hub.settings.setting import ConfigError
from hub.sockets.addresses import UNIX
from protocol.websocket.handshake import HOST_PREFIX

T = TypeVar("T")

CALL_SECONDS: Final = 10.0
PART_BYTES: Final = 65_536


class CallFailed(Exception):
    """The server refused, or cannot be reached; the text is for people.

    Args:
        text: what is wrong.
        code: the error code of the response, if it has one.
    """

    def __init__(self, text: str, code: str | None = None) -> None:
        super().__init__(text)
        self.code = code


@frozen
class Response:
    """A 2xx response: its JSON body and the cookies it set."""

    body: object
    cookies: dict[str, str]


async def call(
    url: str,
    method: str,
    path: str,
    body: object = None,
    *,
    cookie: str | None = None,
    token: str | None = None,
    seconds: float = CALL_SECONDS,
) -> Response:
    """One request to the hub at `url`.

    Args:
        url: the hub's address, e.g. `http://127.0.0.1:8000`, or `unix:` and the path of a socket.
        method: the HTTP method.
        path: path and query.
        body: sent as JSON when not None.
        cookie: value of the Cookie header.
        token: the bearer token.
        seconds: how long the hub may be silent.

    Raises:
        CallFailed: there is no response in time, or it is an error.
        ConfigError: `url` is not an address.
    """
    given = {"Cookie": cookie, "Authorization": None if token is None else f"Bearer {token}"}
    headers = {name: value for name, value in given.items() if value is not None}
    return await trio.to_thread.run_sync(_call, url, method, path, body, headers, seconds)


@asynccontextmanager
async def open_stream(
    url: str, path: str, *, token: str | None, idle_seconds: float
) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
    """Send a GET and read its response as it arrives: yields a function that returns the next part,
    of at most `PART_BYTES`; b"" at the end.

    Args:
        url: as `call`; so are the next two.
        path: see there.
        token: see there.
        idle_seconds: how long the hub may be silent.

    Raises:
        CallFailed: the request is refused, or the response breaks off; also raised by the function.
        ConfigError: `url` is not an address.
    """
    connection = _connection(url, idle_seconds)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def ask() -> http.client.HTTPResponse:
        connection.request("GET", below(url, path), headers=headers)
        response = connection.getresponse()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise _failure(response.status, response.read())
        return response

    async def in_thread(work: Callable[[], T]) -> T:
        try:
            return await trio.to_thread.run_sync(work, abandon_on_cancel=True)
        except (OSError, http.client.HTTPException) as error:
            raise CallFailed(f"{url} broke off: {str(error) or type(error).__name__}") from None

    try:
        response = await in_thread(ask)
        yield partial(in_thread, partial(response.read1, PART_BYTES))
    finally:
        if connection.sock is not None:  # an abandoned thread may still read it
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(url: str, seconds: float) -> http.client.HTTPConnection:
    if url.startswith(UNIX):
        return _UnixConnection(url.removeprefix(UNIX), seconds)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{url} is no address: {error}") from None
    if parts.scheme not in ("http", "https") or host is None:
        raise ConfigError(f"{url} is no http:// or https:// address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(host, port, timeout=seconds)


def _call(
    url: str, method: str, path: str, body: object, given: Mapping[str, str], seconds: float
) -> Response:
    connection = _connection(url, seconds)
    headers = {"Accept": "application/json", **given}
    payload = None
    if body is not None:
        payload = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, below(url, path), payload, headers)
        response = connection.getresponse()
        text = response.read()
        cookies = SimpleCookie()
        for value in response.headers.get_all("Set-Cookie", []):
            cookies.load(value)
    except OSError as error:
        raise CallFailed(f"{url} cannot be reached: {reason_of(error)}") from None
    except http.client.HTTPException:
        raise CallFailed(f"{url} cannot be reached: what answers there speaks no HTTP") from None
    finally:
        connection.close()
    if response.status >= http.HTTPStatus.BAD_REQUEST:
        raise _failure(response.status, text)
    return Response(
        json.loads(text) if text else None,
        {name.removeprefix(HOST_PREFIX): morsel.value for name, morsel in cookies.items()},
    )


def below(url: str, path: str) -> str:
    """The target of a request for `path` at a hub whose address may have a path of its own."""
    if url.startswith(UNIX):
        return path
    return urlsplit(url).path.rstrip("/") + path


def _failure(status: int, text: bytes) -> CallFailed:
    try:
        body = cast("object", json.loads(text))
    except ValueError:
        body = None
    match body:
        case {"error": str(reason), "code": str(code)}:
            return CallFailed(reason, code)
        case {"error": str(reason)}:
            return CallFailed(reason)
        case _:
            return CallFailed(f"The server responded with status {status}")
