"""A file on disk as a response.

Guarantees: it is read in a thread, a part of `PART_BYTES` at a time, when the peer has taken the
one before it; a Range that RFC 9110 wants to be ignored is ignored. Must not know: whose file it
is.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from hub.http.conditional import unless_known, wanted_ranges

PART_BYTES: Final = 65_536
_RANGE_HEADERS: Final = (b"range", b"if-range")


class StoredFile(FileResponse):
    """A file, or what is wanted of it: `ranges` stands for the request's header Range, which
    Starlette would answer with 400 where it is to be ignored.
    """

    chunk_size = PART_BYTES
    ranges: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One response, as ASGI asks."""
        headers = [header for header in scope["headers"] if header[0] not in _RANGE_HEADERS]
        if self.ranges is not None:
            headers.append((b"range", self.ranges.encode()))
        await super().__call__({**scope, "headers": headers}, receive, send)


def as_asked(request: Request, file: StoredFile) -> Response:
    """The file, parts of it, or 304.

    Args:
        request: a GET or HEAD.
        file: made with `stat_result`.

    Raises:
        HttpError: 412 or 416.
    """
    response = unless_known(request, file)
    if response is file:
        file.ranges = wanted_ranges(request, file, int(file.headers["content-length"]))
    return response
