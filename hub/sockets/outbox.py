"""What waits to be written to one connection.

Guarantees: bytes are bounded; frames leave in the order they were offered; a control frame
overtakes whole frames but never lands inside one. When room runs short, ephemeral frames are shed
first and counted. Must not know: sockets, tasks, what a frame means.
"""

from enum import Enum, auto

MAX_CONTROL_BACKLOG = 4_096


class Offered(Enum):
    """What became of a frame. `OVERFLOW`: no room for a frame that must not be lost silently."""

    TAKEN = auto()
    SHED = auto()
    OVERFLOW = auto()


class Outbox:
    """A queue of encoded frames.

    Args:
        capacity: bytes it may hold. Ephemeral frames may fill half of it.
    """

    __slots__ = ("_capacity", "_control", "_frames", "_remainder", "shed", "size")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._remainder = b""  # the unsent end of bytes that were already partly written
        self._control = b""
        self._frames: list[bytes] = []
        self.size = 0
        self.shed = 0

    def __bool__(self) -> bool:
        return self.size > 0

    @property
    def is_half_full(self) -> bool:
        """Whether ephemeral frames are no longer taken."""
        return self.size > self._capacity >> 1

    def offer(self, frame: bytes, *, ephemeral: bool) -> Offered:
        """Queue `frame` if there is room for its class."""
        size = self.size + len(frame)
        if ephemeral and size > self._capacity >> 1:
            self.shed += 1
            return Offered.SHED
        if size > self._capacity:
            return Offered.OVERFLOW
        self._frames.append(frame)
        self.size = size
        return Offered.TAKEN

    def offer_control(self, frame: bytes) -> Offered:
        """Queue a control frame in front of whole frames; a flood of them overflows."""
        if len(self._control) + len(frame) > MAX_CONTROL_BACKLOG:
            return Offered.OVERFLOW
        self._control += frame
        self.size += len(frame)
        return Offered.TAKEN

    def take(self, limit: int) -> bytes:
        """Remove and return what comes next: at most `limit` bytes, but at least one frame."""
        frames = self._frames
        if len(frames) == 1 and not self._remainder and not self._control:
            self.size = 0
            return frames.pop()
        parts = [self._remainder, self._control]
        taken = len(self._remainder) + len(self._control)
        self._remainder = self._control = b""
        if self.size <= limit:
            parts += frames
            frames.clear()
            self.size = 0
            return b"".join(parts)
        count = 0
        while count < len(frames) and (taken == 0 or taken + len(frames[count]) <= limit):
            taken += len(frames[count])
            count += 1
        parts += frames[:count]
        del frames[:count]
        self.size -= taken
        return b"".join(parts)

    def put_back(self, rest: bytes) -> None:
        """Put back the unsent end of what `take` returned; it goes out before anything else."""
        self._remainder = rest + self._remainder
        self.size += len(rest)

    def discard(self) -> None:
        """Drop whole frames; what was partly written stays."""
        self._frames.clear()
        self._control = b""
        self.size = len(self._remainder)

    def take_shed(self) -> int:
        """How many ephemeral frames were shed since the last call."""
        shed, self.shed = self.shed, 0
        return shed
