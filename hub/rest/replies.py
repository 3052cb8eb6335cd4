"""Commands and answers over HTTP: refusal -> status and error.

Guarantees: a request waits for the answer to its command; every refusal has a status and a stable
code. Must not know: any particular endpoint, how a dialect spells an error.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import trio
from attrs import frozen
from starlette.responses import PlainTextResponse, Response

from hub.http.responses import JSON, HttpError
from hub.services.asker import Asker
from hub.services.commands import Commands
from protocol.answers import Answer
from protocol.commands import RequestCommand
from protocol.errors import ERROR_TEXTS, ErrorCode, WireError
from protocol.events import Refused
from protocol.rest import RestDialect

RETRY_SECONDS: Final = "2"

CONTENT_CODES: Final = (
    ErrorCode.CONTENT_EMPTY,
    ErrorCode.CONTENT_TOO_LONG,
    ErrorCode.CONTENT_INVALID,
)
"""The codes of 400 for a message's content."""


@frozen
class ErrorWording:
    """How an endpoint words a refusal."""

    status: int
    code: str
    text: str

    def error(self) -> HttpError:
        """The error with these words: a new one, because raising it adds a traceback to it."""
        return HttpError(self.status, self.code, self.text)


NO_USER: Final = ErrorWording(404, "user_not_found", "User not found")


_STATUS: Final[Mapping[ErrorCode, HTTPStatus]] = {
    ErrorCode.RECIPIENT_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.CHANNEL_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.MESSAGE_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.CONVERSATION_NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    ErrorCode.STAFF_ONLY: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_A_MEMBER: HTTPStatus.FORBIDDEN,
    ErrorCode.READ_ONLY: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_YOURS: HTTPStatus.FORBIDDEN,
    ErrorCode.TOO_LATE: HTTPStatus.FORBIDDEN,
    ErrorCode.TOO_MANY_REACTIONS: HTTPStatus.CONFLICT,
    ErrorCode.HISTORY_UNAVAILABLE: HTTPStatus.FORBIDDEN,
    ErrorCode.KEY_CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.UNSTORABLE: HTTPStatus.UNPROCESSABLE_ENTITY,
}


async def answer_to(commands: Commands, asker: Asker, command: RequestCommand) -> Answer:
    """Carry a command out and wait for its answer."""
    answers: list[Answer] = []
    answered = trio.Event()

    def reply(answer: Answer) -> None:
        answers.append(answer)
        answered.set()

    await commands.carry_out(asker, command, reply)
    await answered.wait()
    return answers[0]


def unavailable() -> HttpError:
    """The error while the store is unavailable; the request may be repeated."""
    code = ErrorCode.UNAVAILABLE
    retry = {"Retry-After": RETRY_SECONDS}
    return HttpError(HTTPStatus.SERVICE_UNAVAILABLE, code, ERROR_TEXTS[code], retry)


def refusal_error(refused: Refused, wording: Mapping[ErrorCode, ErrorWording]) -> HttpError:
    """The error for a refusal, in the endpoint's own words where it has some."""
    words = wording.get(refused.code)
    if words is not None:
        return words.error()
    match refused.code:
        case ErrorCode.UNAVAILABLE | ErrorCode.LOOKUP_FAILED:
            return unavailable()
        case ErrorCode.RATE_LIMITED as code:
            retry = {"Retry-After": str(refused.retry_after)}
            return HttpError(HTTPStatus.TOO_MANY_REQUESTS, code, refused.text, retry)
        case code:
            return HttpError(_STATUS.get(code, HTTPStatus.BAD_REQUEST), code, refused.text)


def too_many_requests() -> HttpError:
    """Too many requests of the user wait."""
    text = "Too many of your requests are waiting"
    return HttpError(429, "too_many_requests", text, {"Retry-After": "1"})


def unauthorized(surface: RestDialect) -> Response:
    """The response to a request without a live session, in the spelling of a dialect."""
    headers = {"WWW-Authenticate": "Bearer"} if surface.cookie is None else {}
    if isinstance(surface.unauthorized, str):
        return PlainTextResponse(surface.unauthorized, 401, headers)
    return JSON(surface.unauthorized, 401, headers)


def error_response(surface: RestDialect, error: HttpError) -> Response:
    """An error in the spelling of a dialect."""
    body = {**surface.error(error.status, error.text, error.code), **error.details}
    return JSON(body, error.status, error.headers)


def from_wire(error: WireError, text: str | None = None) -> HttpError:
    """The error for a malformed request, with the code of `error`; `text` replaces its text."""
    details = {} if error.field is None else {"field": error.field}
    return HttpError(400, error.code, text or error.text, details=details)
