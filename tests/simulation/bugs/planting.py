"""How a mistake is planted."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tests.simulation.run import Simulation


class Bug(Protocol):
    """Plants a mistake for as long as the context is open."""

    def __call__(self, sim: "Simulation") -> AbstractContextManager[None]: ...


@contextmanager
def replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    """An attribute is replaced while the context is open."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)
