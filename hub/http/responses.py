"""What an endpoint responds with: JSON, or an error with a text and a stable code."""

from collections.abc import Mapping
from typing import Generic, TypedDict, TypeVar

import orjson
from starlette.responses import Response

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

    What a handler declares to return, such as `JSON[UserObject]`, is what its documentation shows.
    """

    media_type = "application/json"

    def __init__(
        self, content: T, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(
            orjson.dumps(content), status, {"Cache-Control": "no-store", **(headers or {})}
        )


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
