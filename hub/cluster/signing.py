"""A bus that delivers only the bulletins of the nodes of one database.

Guarantees: a bulletin that arrives was published, unchanged, by a process with the key that the
database keeps for its nodes; anything else arrives as `NOT_SIGNED`, which is no bulletin. A signed
bulletin may arrive again: its number shows whether it counts. Must not know: what is in a bulletin,
the engine.
"""

import hmac
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from attrs import define, field, frozen

from persistence.bus import Bus

NOT_SIGNED: Final = b""
KEY: Final = "bulletins"
"""The name of the key among the secrets of the database."""
_BYTES: Final = 24  # of SHA-256
_CHARS: Final = 32  # of the signature in base64: a bus may carry text alone


@define
class SignedBus:
    """Implements `Bus`.

    Args:
        bus: carries the signed bulletins.
        key: that the nodes share.
    """

    _bus: Bus
    _key: bytes = field(repr=False)
    max_bytes: int = field(init=False)

    @max_bytes.default
    def _max_bytes(self) -> int:
        return self._bus.max_bytes - _CHARS

    async def publish(self, data: bytes) -> None:
        """See `Bus`."""
        await self._bus.publish(self._signature(data) + data)

    @asynccontextmanager
    async def bulletins(self) -> AsyncIterator[AsyncIterator[bytes | None]]:
        """See `Bus`."""
        async with self._bus.bulletins() as bulletins:
            yield _Verified(self, bulletins)

    def verified(self, data: bytes) -> bytes:
        """The bulletin without its signature; `NOT_SIGNED`: it has none, or a wrong one."""
        signature, bulletin = data[:_CHARS], data[_CHARS:]
        is_signed = hmac.compare_digest(signature, self._signature(bulletin))
        return bulletin if is_signed else NOT_SIGNED

    def _signature(self, data: bytes) -> bytes:
        return b64encode(hmac.digest(self._key, data, "sha256")[:_BYTES])


@frozen
class _Verified:
    """An iterator, not a generator: when its reader stops, nothing has to be closed."""

    bus: SignedBus
    bulletins: AsyncIterator[bytes | None]

    def __aiter__(self) -> AsyncIterator[bytes | None]:
        return self

    async def __anext__(self) -> bytes | None:
        data = await anext(self.bulletins)
        return None if data is None else self.bus.verified(data)
