"""A store with one method that a test can replace."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import trio
from attrs import define, evolve, field

from persistence.interface import Store

Way: TypeAlias = Callable[..., Awaitable[Any]]
"""The replacement: gets the method itself, then the arguments, and returns the result."""


@define
class Interception:
    """Replaces the method `name` of `part`, as long as `way` is set."""

    part: str
    name: str
    way: Way | None = None

    def over(self, store: Store) -> Store:
        """The store with the method intercepted."""
        intercepted: Any = _Part(getattr(store, self.part), self)
        return evolve(store, **{self.part: intercepted})


@define
class Late:
    """A replacement: the call is carried out, and its result is returned when the test sets
    `may_arrive`.
    """

    carried_out: trio.Event = field(factory=trio.Event)
    may_arrive: trio.Event = field(factory=trio.Event)

    async def __call__(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        result = await call(*args, **kwargs)
        self.carried_out.set()
        await self.may_arrive.wait()
        return result


@define
class Held:
    """A replacement: the call is carried out when the test sets `may_go`."""

    may_go: trio.Event = field(factory=trio.Event)

    async def __call__(self, call: Any, *args: Any, **kwargs: Any) -> Any:
        await self.may_go.wait()
        return await call(*args, **kwargs)


@define
class _Part:
    _part: Any
    _interception: Interception

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._part, name)
        if name != self._interception.name:
            return call

        async def intercepted(*args: Any, **kwargs: Any) -> Any:
            if self._interception.way is None:
                return await call(*args, **kwargs)
            return await self._interception.way(call, *args, **kwargs)

        return intercepted
