"""Values that were noted a moment ago, to compare with what arrives late from another node.

Guarantees: memory is bounded, by time and by number: the oldest value is forgotten first. Must not
know: what the values mean.
"""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

import trio
from attrs import define, field

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MAX_NOTED = 10_000


@define
class Lately(Generic[K, V]):
    """Values by key, each for some seconds after it was noted last."""

    seconds: float
    _noted: dict[K, tuple[float, V]] = field(factory=dict, init=False)  # the oldest first

    def note(self, key: K, value: V) -> None:
        """Note a value, which replaces an earlier one."""
        now = trio.current_time()
        self._noted.pop(key, None)
        self._forget_old(now)
        if len(self._noted) >= MAX_NOTED:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = now, value

    def get(self, key: K) -> V | None:
        """The value that was noted lately, if any."""
        self._forget_old(trio.current_time())
        found = self._noted.get(key)
        return None if found is None else found[1]

    def items(self) -> Iterator[tuple[K, V]]:
        """All keys and values that were noted lately."""
        self._forget_old(trio.current_time())
        return ((key, value) for key, (_, value) in self._noted.items())

    def _forget_old(self, now: float) -> None:
        long_ago = now - self.seconds
        while self._noted:
            oldest = next(iter(self._noted))
            if self._noted[oldest][0] > long_ago:
                return
            del self._noted[oldest]
