"""A stored file as a response.

Guarantees: it is read a piece at a time, when the peer has taken the one before it; a Range that
RFC 9110 wants to be ignored is ignored; if a file cannot be read to its end, the response is broken
off, so that no client takes a part for the whole. Must not know: whose file it is, where files are.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import formatdate
from secrets import token_hex
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hub.http.conditional import unless_known, wanted_ranges
from persistence.records import StoreError

PART_BYTES: Final = 65_536
MAX_RANGES: Final = 100
_RANGE: Final = re.compile(r"(\d*)-(\d*)")
_END: Final = b"\r\n"

Read: TypeAlias = Callable[[int, int], Awaitable[bytes]]
"""(first byte, number of bytes) -> these bytes; fewer only at the end. Raises StoreError."""


class StoredFile(Response):
    """A file, or parts of it.

    Args:
        read: reads it.
        piece_bytes: how much is read at a time.
        size: of the file, in bytes.
        modified: when it was written, in seconds since 1970.
        media_type: its type.
        headers: more headers.
    """

    def __init__(
        self,
        read: Read,
        *,
        piece_bytes: int,
        size: int,
        modified: float,
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.read, self.piece_bytes, self.size = read, piece_bytes, size
        version = hashlib.md5(f"{modified}-{size}".encode(), usedforsecurity=False)
        self.init_headers(
            {
                "accept-ranges": "bytes",
                "content-length": str(size),
                "last-modified": formatdate(modified, usegmt=True),
                "etag": f'"{version.hexdigest()}"',
                **(headers or {}),
            }
        )
        self._parts: Sequence[tuple[bytes, int, int]] = [(b"", 0, size)]
        self._end = b""
        self._first = b""

    def take(self, ranges: str) -> None:
        """Make it a response with some ranges.

        Args:
            ranges: of `hub.http.conditional.wanted_ranges`.
        """
        spans = _merged([_span(each, self.size) for each in ranges.split(",")])
        if len(spans) > MAX_RANGES:
            return  # a request for so many gets all
        self.status_code = 206
        kind, length = self.headers["content-type"], 0
        named = {span: f"bytes {span[0]}-{span[1] - 1}/{self.size}" for span in spans}
        if len(spans) == 1:
            self._parts = [(b"", *spans[0])]
            self.headers["content-range"] = named[spans[0]]
        else:
            boundary = token_hex(13)
            head = f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: "
            between = [b"", *[_END] * (len(spans) - 1)]
            self._parts = [
                (before + f"{head}{named[span]}\r\n\r\n".encode("latin-1"), *span)
                for before, span in zip(between, spans, strict=True)
            ]
            self._end = f"\r\n--{boundary}--".encode()
            self.headers["content-type"] = f"multipart/byteranges; boundary={boundary}"
        length = sum(len(head) + end - start for head, start, end in self._parts) + len(self._end)
        self.headers["content-length"] = str(length)

    async def begin(self) -> None:
        """Read the first piece, before the response begins. Raises StoreError."""
        _, start, end = self._parts[0]
        self._first = await self.read(start, min(self.piece_bytes, end - start))
        if not self._first:
            raise StoreError("The file is shorter than it was")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One response, as ASGI asks."""
        del receive
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            try:
                await self._send(send)
            except StoreError:
                return  # with a connection that is closed before the end
        await send({"type": "http.response.body", "body": self._end})

    async def _send(self, send: Send) -> None:
        async def put(part: bytes) -> None:
            await send({"type": "http.response.body", "body": part, "more_body": True})

        piece, self._first = self._first, b""
        for head, start, end in self._parts:
            if head:
                await put(head)
            at = start
            while at < end:
                piece = piece or await self.read(at, min(self.piece_bytes, end - at))
                if not piece:
                    raise StoreError("The file is shorter than it was")
                for first in range(0, len(piece), PART_BYTES):
                    await put(piece[first : first + PART_BYTES])
                at, piece = at + len(piece), b""


async def as_asked(request: Request, file: StoredFile) -> Response:
    """The file, parts of it, or 304.

    Args:
        request: a GET or HEAD.
        file: the whole of it.

    Raises:
        HttpError: 412 or 416.
        StoreError: it cannot be read.
    """
    response = unless_known(request, file)
    if response is not file:
        return response
    ranges = wanted_ranges(request, file, file.size)
    if ranges is not None:
        file.take(ranges)
    if request.method != "HEAD" and file.size:
        await file.begin()
    return file


def _span(text: str, size: int) -> tuple[int, int]:
    """The first byte of a range that has one, and the one after the last."""
    found = _RANGE.fullmatch(text.strip().removeprefix("bytes="))
    first, last = ("0", "") if found is None else found.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _merged(spans: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Without those that overlap or touch, in order; one that is alone stays as it is."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
