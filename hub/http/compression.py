"""Compressed responses: the encoding that a client accepts, and middleware that compresses JSON.

Guarantees: an encoding is used only if the request accepts it (RFC 9110 section 12.5.3); a response
that depends on that says so in Vary; what takes long runs in a thread. Must not know: what is
served, whose requests are trusted.
"""

import gzip
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, TypeAlias

import brotli
import trio
from attrs import define, field, frozen
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEAST_BYTES: Final = 1_024  # a smaller response fits into one packet anyway
THREAD_BYTES: Final = 131_072  # from here on, compressing would block the loop for a millisecond
_JSON: Final = "application/json"
_WEIGHT: Final = re.compile(r"\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)


@frozen
class Encoding:
    """One way to compress. `name` is that of the header Content-Encoding."""

    name: str
    compress: Callable[[bytes], bytes]


ONCE: Final = (
    Encoding("br", partial(brotli.compress, quality=11)),
    Encoding("zstd", partial(zstd.compress, level=19)),
    Encoding("gzip", partial(gzip.compress, compresslevel=9, mtime=0)),
)
"""For what is compressed once and sent often: the smallest first."""

EACH_TIME: Final = (
    Encoding("zstd", partial(zstd.compress, level=3)),
    Encoding("br", partial(brotli.compress, quality=4)),
    Encoding("gzip", partial(gzip.compress, compresslevel=4, mtime=0)),
)
"""For what is compressed to be sent once: the fastest for its size first."""


def accepted(request: Headers, offered: Sequence[Encoding]) -> Encoding | None:
    """The encoding that a client prefers, of equal ones the first; None: it accepts none."""
    weights: dict[str, float] = {}
    for part in ",".join(request.getlist("accept-encoding")).lower().split(","):
        name, semicolon, parameter = part.partition(";")
        weight = _WEIGHT.fullmatch(parameter)
        weights[name.strip()] = float(weight[1]) if weight else float(not semicolon)
    others = weights.get("*", 0.0)
    best = max(offered, key=lambda each: weights.get(each.name, others))
    return best if weights.get(best.name, others) > 0 else None


MayCompress: TypeAlias = Callable[[Headers], bool]


@frozen(eq=False)
class JsonCompression:
    """ASGI middleware: the JSON of `app` goes out compressed.

    Args:
        app: responds to requests, each with one body.
        may_compress: whether the response to a request with these headers may be.
    """

    app: ASGIApp
    may_compress: MayCompress

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI asks."""
        headers = Headers(scope=scope)
        encoding = accepted(headers, EACH_TIME) if self.may_compress(headers) else None
        await self.app(scope, receive, _Sending(send, encoding).take)


@define
class _Sending:
    """One response: its head waits for its body, if it is JSON."""

    _send: Send
    _encoding: Encoding | None
    _start: Message | None = field(default=None, init=False)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_undecided_json(message):
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            message = await self._smaller(start, message)
            await self._send(start)
        await self._send(message)

    async def _smaller(self, start: Message, message: Message) -> Message:
        """The body, compressed if that is worth it; the head says so."""
        headers, body = MutableHeaders(raw=start["headers"]), message.get("body", b"")
        headers.add_vary_header("Accept-Encoding")
        if self._encoding is None or len(body) < LEAST_BYTES or message.get("more_body", False):
            return message
        body = await _compressed(body, self._encoding)
        headers["Content-Encoding"] = self._encoding.name
        headers["Content-Length"] = str(len(body))
        return {**message, "body": body}


async def _compressed(content: bytes, encoding: Encoding) -> bytes:
    if len(content) < THREAD_BYTES:
        return encoding.compress(content)
    return await trio.to_thread.run_sync(encoding.compress, content)


def _is_undecided_json(start: Message) -> bool:
    """Whether a response is JSON whose encoding was not chosen already."""
    headers = Headers(raw=start["headers"])
    is_decided = "accept-encoding" in headers.get("vary", "").lower()
    return headers.get("content-type") == _JSON and not is_decided
