"""A store of which one call takes a way that a test chooses."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from attrs import define, evolve

from persistence.interface import Store

Way: TypeAlias = Callable[..., Awaitable[Any]]
"""Gets the call itself, then its arguments, and gives its result."""


@define
class Interception:
    """Of `part`.`name`, as long as `way` is set."""

    part: str
    name: str
    way: Way | None = None

    def over(self, store: Store) -> Store:
        """The store, whose call is intercepted."""
        intercepted: Any = _Part(getattr(store, self.part), self)
        return evolve(store, **{self.part: intercepted})


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
