"""The responses of endpoints: JSON, parts as they come, or an error with a text and a code."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeAlias, TypedDict, TypeVar

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")


class HttpError(Exception):
    """A response other than success.

    Args:
        status: the HTTP status.
        code: the stable code.
        text: what a person reads.
        headers: more headers.
        details: more fields of the body.
    """

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.headers = headers or {}
        self.details = details or {}
        super().__init__(text)


class JSON(Response, Generic[T]):
    """A JSON response. Never cached, because it shows what one user may see.

    The documentation shows what a handler is declared to return, such as `JSON[UserObject]`.
    """

    media_type = "application/json"

    def __init__(
        self, content: T, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            orjson.dumps(content), status, {"Cache-Control": "no-store", **(headers or {})}
        )


Put: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Sends a part, and returns when the peer takes more."""


class Streamed(Response):
    """A response in parts, which goes out as they come.

    Args:
        produce: makes the parts, and passes them to the function that it is called with; the head
            leaves with the first one, which may be empty. It is cancelled when the peer leaves.
    """

    def __init__(self, produce: Callable[[Put], Awaitable[None]]) -> None:
        self.status_code = 200
        self._produce = produce
        # keeps a proxy (nginx) from holding parts back until more have come
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        del receive

        async def put(part: bytes) -> None:
            await send({"type": "http.response.body", "body": part, "more_body": True})

        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        if scope["method"] != "HEAD":
            await self._produce(put)
        await send({"type": "http.response.body"})


class JsonLines(Streamed):
    """JSON objects, each on a line."""

    media_type = "application/x-ndjson"


class ZipFile(Streamed):
    """A ZIP file."""

    media_type = "application/zip"


class RequestErrorObject(TypedDict):
    """An error of the server itself, before any endpoint has seen the request."""

    error: str
    code: str


class UndecidedErrorObject(TypedDict):
    """An error where it is unknown which dialect was meant: in the spellings of all."""

    error: str
    message: str
    code: str


def undecided_error(error: HttpError) -> JSON[UndecidedErrorObject]:
    """The response for an error where it is unknown which dialect was meant."""
    body: UndecidedErrorObject = {"error": error.text, "message": error.text, "code": error.code}
    return JSON(body, error.status, error.headers)
