"""Base classes of events that move no position: ephemeral ones, and those never dropped."""

from typing import ClassVar


class Ephemeral:
    """Base of events that a slow client may miss. They move no position."""

    __slots__ = ()
    ephemeral: ClassVar[bool] = True
    position: ClassVar[None] = None


class Reliable:
    """Base of events that are never dropped and move no position."""

    __slots__ = ()
    ephemeral: ClassVar[bool] = False
    position: ClassVar[None] = None
