"""Responses that never change while the hub runs.

Guarantees: each is made, and compressed for each encoding, at most once, at the first request,
however many come at that time; a client that has it gets 304. Must not know: what it is.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

import trio
from attrs import define, field, frozen
from starlette.requests import Request
from starlette.responses import Response

from hub.http.compression import ONCE, Encoding, accepted
from hub.http.conditional import unless_known

LEAST_BYTES: Final = 256
REVALIDATED: Final = "no-cache"  # requested each time; the response is mostly 304
FOR_EVER: Final = "public, max-age=31536000, immutable"

T = TypeVar("T")


@define(eq=False)
class Lazy(Generic[T]):
    """A value that is made once, in a thread, at its first use.

    Args:
        make: makes it.
    """

    make: Callable[[], T]
    _made: list[T] = field(factory=list, init=False)  # one, or none yet
    _making: trio.Lock = field(factory=trio.Lock, init=False)

    async def get(self) -> T:
        """The value; a caller waits while it is being made."""
        if not self._made:
            async with self._making:
                if not self._made:
                    self._made.append(await trio.to_thread.run_sync(self.make))
        return self._made[0]


@frozen(eq=False)
class Static:
    """A body, as it is and compressed.

    Args:
        content: the body.
        media_type: its type.
        headers: more headers.
        encodings: the ways to compress it, the best first.
    """

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(factory=dict)
    encodings: Sequence[Encoding] = ONCE
    _tag: str = field(init=False)
    _bodies: dict[str, Lazy[bytes]] = field(factory=dict, init=False)

    @_tag.default
    def _hash(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:32]

    async def answer(self, request: Request, caching: str = REVALIDATED) -> Response:
        """The response to a GET or HEAD; `caching` is its Cache-Control."""
        is_worth_it = len(self.content) >= LEAST_BYTES
        encoding = accepted(request.headers, self.encodings) if is_worth_it else None
        headers = {**self.headers, "Cache-Control": caching, "Vary": "Accept-Encoding"}
        tag, body = self._tag, self.content
        if encoding is not None:
            headers["Content-Encoding"] = encoding.name
            tag += f"-{encoding.name}"  # other bytes, another strong tag
            body = await self._compressed(encoding)
        headers["ETag"] = f'"{tag}"'
        return unless_known(request, Response(body, media_type=self.media_type, headers=headers))

    async def _compressed(self, encoding: Encoding) -> bytes:
        if encoding.name not in self._bodies:  # it takes 10 ms and more
            self._bodies[encoding.name] = Lazy(partial(encoding.compress, self.content))
        return await self._bodies[encoding.name].get()
