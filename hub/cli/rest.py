"""A few REST calls for the terminal client, on the standard library.

Guarantees: every call has a deadline; an error response becomes `CallFailed` with the server's
text. Must not know: any path of the API.
"""

import http.client
import json
from http.cookies import SimpleCookie
from typing import Final, cast
from urllib.parse import urlsplit

import trio
from attrs import frozen

from protocol.websocket.handshake import HOST_PREFIX

CALL_SECONDS: Final = 10.0


class CallFailed(Exception):
    """The server refused, or cannot be reached; the text is for people."""


@frozen
class Response:
    """A 2xx response: its JSON body and the cookies it set."""

    body: object
    cookies: dict[str, str]


async def call(
    url: str, method: str, path: str, body: object = None, *, cookie: str | None = None
) -> Response:
    """One request to the hub at `url`.

    Args:
        url: the hub's address, e.g. `http://127.0.0.1:8000`.
        method: the HTTP method.
        path: path and query.
        body: sent as JSON when not None.
        cookie: value of the Cookie header.

    Raises:
        CallFailed: no 2xx response within ten seconds.
    """
    return await trio.to_thread.run_sync(_call, url, method, path, body, cookie)


def _call(url: str, method: str, path: str, body: object, cookie: str | None) -> Response:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise CallFailed(f"{url} is no http:// or https:// address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=CALL_SECONDS)
    headers = {"Accept": "application/json"}
    if cookie is not None:
        headers["Cookie"] = cookie
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
    except (OSError, http.client.HTTPException) as error:
        raise CallFailed(f"{url} cannot be reached: {error}") from None
    finally:
        connection.close()
    if response.status >= http.HTTPStatus.BAD_REQUEST:
        raise CallFailed(_reason(response.status, text))
    return Response(
        json.loads(text) if text else None,
        {name.removeprefix(HOST_PREFIX): morsel.value for name, morsel in cookies.items()},
    )


def below(url: str, path: str) -> str:
    """The target of a request for `path` of a hub whose address may have a path of its own."""
    return urlsplit(url).path.rstrip("/") + path


def _reason(status: int, text: bytes) -> str:
    try:
        body = cast("object", json.loads(text))
    except ValueError:
        body = None
    if isinstance(body, dict) and isinstance(body.get("error"), str):
        return cast("str", body["error"])
    return f"The server responded with status {status}"
