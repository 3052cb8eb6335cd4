"""A store that is unavailable for as long as a test wants."""

from typing import Any, Final

from attrs import define, evolve, field

from persistence.interface import Store
from persistence.records import StoreUnavailable

PARTS: Final = (
    "accounts", "sessions", "relations", "messages", "uploads", "health", "log", "audit",
)  # fmt: skip


@define
class Switch:
    """A part of a store that can be cut off."""

    _part: Any
    _state: dict[str, bool]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)
        if name in {"ended", "changes"}:  # contexts that report an outage by themselves
            return method

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self._state["away"]:
                raise StoreUnavailable("away")
            return await method(*args, **kwargs)

        return call


@define
class Outage:
    """A store that can be made unavailable."""

    state: dict[str, bool] = field(factory=lambda: {"away": False})

    def over(self, store: Store) -> Store:
        parts: dict[str, Any] = {name: Switch(getattr(store, name), self.state) for name in PARTS}
        return evolve(store, **parts)

    def begin(self) -> None:
        self.state["away"] = True

    def end(self) -> None:
        self.state["away"] = False
