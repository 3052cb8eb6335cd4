"""A part of a store whose calls wait until the test lets them go on."""

from typing import Any

import trio
from attrs import define, field


@define
class Held:
    """A part whose `methods` wait.

    Args:
        part: carries the calls out.
        methods: the methods that wait.
        answered: whether the calls wait after they were carried out, not before.
        asked: set once one of them waits.
        go_on: set by the test.
        calls: the arguments of the calls so far.
    """

    part: Any
    methods: tuple[str, ...]
    answered: bool = False
    asked: trio.Event = field(factory=trio.Event, init=False)
    go_on: trio.Event = field(factory=trio.Event, init=False)
    calls: list[tuple[Any, ...]] = field(factory=list, init=False)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.part, name)
        if name not in self.methods:
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(args)
            if self.answered:
                answer = await method(*args, **kwargs)
                await self._wait()
                return answer
            await self._wait()
            return await method(*args, **kwargs)

        return call

    async def _wait(self) -> None:
        self.asked.set()
        await self.go_on.wait()
