"""Requests to a provider: JSON objects over HTTP.

Guarantees: no redirect is followed, no body is longer than `MAX_BYTES` or compressed, certificates
are checked; every failure of a request is `NoAnswer`. The HTTP client is imported for the first
request, off the event loop. Must not know: what is requested, nor how long that may take.
"""

import importlib
import ssl
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any, Final

import trio
from attrs import define, field, frozen

from protocol.errors import WireError
from protocol.parsing.jsontext import parse_object

MAX_BYTES: Final = 262_144
OK: Final = 200
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class NoAnswer(Exception):
    """There is no usable response; the text is the reason, for the log."""


@frozen
class Answered:
    """A response whose body is a JSON object."""

    status: int
    content: Mapping[str, object] = field(repr=False)


@define
class Fetching:
    """Sends requests.

    Args:
        context: has the certificates that are trusted; None: those that the system trusts.
    """

    context: ssl.SSLContext | None = None

    async def get(self, url: str) -> Mapping[str, object]:
        """A document.

        Raises:
            NoAnswer: it cannot be fetched.
        """
        answered = await self._send("GET", url)
        if answered.status != OK:
            raise NoAnswer(f"{url} answered {answered.status}")
        return answered.content

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answered:
        """The response to a form, which may be an error.

        Raises:
            NoAnswer: there is no response, or its body is not a JSON object.
        """
        return await self._send("POST", url, data=form, headers=headers)

    async def _send(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        http = await trio.to_thread.run_sync(importlib.import_module, "httpx2")
        if self.context is None:
            self.context = await trio.to_thread.run_sync(http.create_ssl_context)
        sent = {**_HEADERS, **(headers or {})}
        try:
            async with (
                http.AsyncClient(
                    verify=self.context, follow_redirects=False, timeout=None
                ) as client,
                client.stream(method, url, data=data, headers=sent) as response,
            ):
                body = await _body(response)
                return Answered(response.status_code, _object(body))
        except NoAnswer as error:
            raise NoAnswer(f"{url}: {error}") from None
        except Exception as error:
            raise NoAnswer(f"{url}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """The first cause of an error, because the client's own errors often have no text."""
    cause = error.__cause__ or error.__context__
    return f"{type(error).__name__}: {error}" if cause is None else _reason(cause)


async def _body(response: Any) -> bytes:  # noqa: ANN401  of a module that is imported late
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NoAnswer("it is compressed, although that was not asked for")
    body = bytearray()
    async with aclosing(response.aiter_raw()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > MAX_BYTES:
                raise NoAnswer(f"it has more than {MAX_BYTES} bytes")
    return bytes(body)


def _object(body: bytes) -> Mapping[str, object]:
    try:
        return parse_object(body)
    except WireError as error:
        raise NoAnswer(error.text) from None
