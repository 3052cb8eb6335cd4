"""REST calls of commands, on the standard library.

Guarantees: every call has a deadline; an error response becomes `CallFailed` with the server's
text. Must not know: any path of the API.
"""

import http.client
import json
import socket
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Final, cast
from urllib.parse import urlsplit

import trio
from attrs import frozen

from hub.settings.sources import reason_of
from hub.sockets.addresses import UNIX
from protocol.websocket.handshake import HOST_PREFIX

CALL_SECONDS: Final = 10.0


class CallFailed(Exception):
    """The server refused, or cannot be reached; the text is for people.

    Args:
        text: what is wrong.
        code: that of the server's refusal.
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
) -> Response:
    """One request to the hub at `url`.

    Args:
        url: the hub's address, e.g. `http://127.0.0.1:8000`, or `unix:` and the path of a socket.
        method: the HTTP method.
        path: path and query.
        body: sent as JSON when not None.
        cookie: value of the Cookie header.
        token: the bearer token.

    Raises:
        CallFailed: no 2xx response within ten seconds.
    """
    given = {"Cookie": cookie, "Authorization": None if token is None else f"Bearer {token}"}
    headers = {name: value for name, value in given.items() if value is not None}
    return await trio.to_thread.run_sync(_call, url, method, path, body, headers)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=CALL_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(url: str) -> http.client.HTTPConnection:
    if url.startswith(UNIX):
        return _UnixConnection(url.removeprefix(UNIX))
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise CallFailed(f"{url} is no http:// or https:// address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname, parts.port, timeout=CALL_SECONDS)


def _call(url: str, method: str, path: str, body: object, given: Mapping[str, str]) -> Response:
    connection = _connection(url)
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
    """The target of a request for `path` of a hub whose address may have a path of its own."""
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
