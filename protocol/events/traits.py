"""The three kinds of events: those that may be dropped, and those that may not."""

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
