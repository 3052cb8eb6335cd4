"""A small HTTP/1.1 client for tests, over any trio stream."""

import gzip
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import brotli
import h11
import trio
from attrs import frozen

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


_DECODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "br": brotli.decompress,
    "gzip": gzip.decompress,
    "identity": bytes,
    "zstd": zstd.decompress,
}


@frozen
class Reply:
    """A response. Header names are lower case; each occurs once, except `set-cookie`, of which the
    first one is kept.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    set_cookies: Sequence[str] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def content(self) -> bytes:
        """The body, decoded as Content-Encoding says."""
        decode = _DECODERS[self.headers.get("content-encoding", "identity")]
        return decode(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class NoResponse(AssertionError):
    """The connection ended before a response."""


async def request(
    stream: trio.abc.Stream,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    state: h11.Connection | None = None,
) -> Reply:
    """One request on an open connection. `body` is sent as JSON, bytes as they are."""
    state = state or h11.Connection(h11.CLIENT)
    sent = {"Host": "parlour.test", **(headers or {})}
    payload = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    if payload or method in ("POST", "PUT"):
        sent.setdefault("Content-Length", str(len(payload)))
    data = state.send(h11.Request(method=method, target=path, headers=list(sent.items()))) or b""
    if payload:
        data += state.send(h11.Data(data=payload)) or b""
    data += state.send(h11.EndOfMessage()) or b""
    await stream.send_all(data)
    reply = await _reply(stream, state)
    assert not state.trailing_data[0], f"after the response: {state.trailing_data[0]!r}"
    return reply


async def _reply(stream: trio.abc.Stream, state: h11.Connection) -> Reply:
    status, headers, body = 0, {}, b""
    cookies: list[str] = []
    while True:
        event = state.next_event()
        if event is h11.NEED_DATA:
            state.receive_data(bytes(await stream.receive_some()))
        elif isinstance(event, h11.Response):
            status = event.status_code
            lines = [(name.decode(), value.decode()) for name, value in event.headers]
            cookies = [value for name, value in lines if name == "set-cookie"]
            headers = dict(reversed(lines))
            assert len(headers) == len(lines) - max(len(cookies) - 1, 0), event.headers
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return Reply(status, headers, body, cookies)
        elif isinstance(event, h11.ConnectionClosed):
            raise NoResponse("the server closed the connection without one")


def form(content: bytes, name: str, field: str = "file") -> tuple[bytes, dict[str, str]]:
    """A body with one file, as browsers send it, and its headers."""
    boundary = "b0undary"
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
            "Content-Type: text/html\r\n\r\n"
        ).encode()
        + content
        + f"\r\n--{boundary}--\r\n".encode()
    )
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
