"""Submissions that wait because another transaction holds their conversation.

Guarantees: those of one conversation keep the order in which they were put; how long each has
waited is known, however often it is tried. Must not know: what holds them, or how they are stored.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import trio
from attrs import define, field, frozen

T = TypeVar("T")


@frozen
class _Waiting(Generic[T]):
    """A submission, and since when it has waited."""

    item: T
    since: float


@define
class Standstill(Generic[T]):
    """The submissions that wait, by conversation.

    Args:
        where: the conversation of a submission.
    """

    _where: Callable[[T], object]
    _queues: dict[object, list[_Waiting[T]]] = field(factory=dict, init=False)
    # the submissions that are being tried, by identity: they may have to wait again
    _tried: dict[int, _Waiting[T]] = field(factory=dict, init=False)

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def hold(self, item: T) -> None:
        """Have a submission wait, behind those of its conversation."""
        tried = self._tried.get(id(item))
        waiting = _Waiting(item, trio.current_time()) if tried is None else tried
        self._queues.setdefault(self._where(item), []).append(waiting)

    def others(self, items: Sequence[T]) -> Sequence[T]:
        """The submissions in whose conversation none waits. The others wait from now on."""
        if not self._queues:
            return items
        others: list[T] = []
        for item in items:
            if self._where(item) in self._queues:
                self.hold(item)
            else:
                others.append(item)
        return others

    def take(self) -> Sequence[T]:
        """All submissions that wait, to be tried now."""
        waiting = [each for queue in self._queues.values() for each in queue]
        self._tried = {id(each.item): each for each in waiting}
        self._queues.clear()
        return [each.item for each in waiting]

    def has_waited(self, item: T, seconds: float) -> bool:
        """Whether a submission that is being tried has waited for so long."""
        tried = self._tried.get(id(item))
        return tried is not None and trio.current_time() - tried.since >= seconds
