"""Which log it is, in memory: it never goes back by itself."""

import secrets
from collections.abc import Awaitable

import trio
from attrs import define, field


@define
class MemoryLog:
    """Implements `persistence.interface.Log`."""

    _epoch: str = field(factory=lambda: secrets.token_hex(8))
    _begun: trio.Event = field(factory=trio.Event)

    async def epoch(self) -> str:
        """See the interface."""
        return self._epoch

    async def new_epoch(self, seen: str) -> str:
        """See the interface."""
        if seen == self._epoch:
            self._epoch = secrets.token_hex(8)
            self._begun.set()
            self._begun = trio.Event()
        return self._epoch

    def changed(self, epoch: str) -> Awaitable[None]:
        """See the interface."""
        return self._changed(epoch)

    async def _changed(self, epoch: str) -> None:
        while self._epoch == epoch:
            await self._begun.wait()
