"""A store whose log takes as long as a test wants."""

from typing import Any

import trio
from attrs import define, evolve, field

from persistence.interface import Store


@define
class _Stalling:
    """The messages of a store; every call waits while the stall lasts."""

    _part: Any
    _stall: "Stall"

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._stall.passed.wait()
            return await method(*args, **kwargs)

        return call


@define
class Stall:
    """A stall that a test begins and ends; at first there is none."""

    passed: trio.Event = field(factory=trio.Event)

    def __attrs_post_init__(self) -> None:
        self.passed.set()

    def over(self, store: Store) -> Store:
        messages: Any = _Stalling(store.messages, self)
        return evolve(store, messages=messages)

    def begin(self) -> None:
        self.passed = trio.Event()

    def end(self) -> None:
        self.passed.set()
