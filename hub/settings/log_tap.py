"""Follows the log lines of one user while they are written, whatever the level of the log is.

Guarantees: a follower gets lines that name the user, and no others; one that reads too slowly does
not delay anything: lines are dropped, and one in their place has their number; without followers,
nothing is kept or looked at. Lines come as values, already without secrets. Must not know: how
lines are written.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final, TypeAlias

import trio
from attrs import define, field

from hub.settings.log_ids import USER

LINES: Final = 1_024  # not yet read by a follower
DROPPED: Final = "log_lines_dropped"
"""The event of the line in the place of those that were dropped, with their `count`."""
Line: TypeAlias = Mapping[str, object]
"""`event`, `level`, `timestamp`, the ids, and the other values of the line."""


@define(eq=False)
class Follower:
    """Reads lines: `async for line in follower`, until the process ends its work.

    Args:
        user_id: of the user whose lines are followed.
        room: how many may wait.
    """

    user_id: int
    room: int = LINES
    _dropped: int = field(default=0, init=False)
    """How many lines had no room, and no line has reported yet."""
    _token: trio.lowlevel.TrioToken = field(factory=trio.lowlevel.current_trio_token, init=False)
    _give: trio.MemorySendChannel[Line] = field(init=False)
    _take: trio.MemoryReceiveChannel[Line] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._give, self._take = trio.open_memory_channel[Line](self.room)

    def __aiter__(self) -> "Follower":
        return self

    async def __anext__(self) -> Line:
        try:
            if self._dropped and not self._take.statistics().current_buffer_used:
                return self._notice()
            return await self._take.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def end(self) -> None:
        """End after the lines that wait."""
        self._give.close()

    def offer(self, line: Line) -> None:
        """Add a line, which another thread may have written."""
        if trio.lowlevel.in_trio_run():
            self._put(line)
        else:
            self._token.run_sync_soon(self._put, line)

    def _put(self, line: Line) -> None:
        waiting = self._give.statistics().current_buffer_used
        if waiting + bool(self._dropped) >= self.room:
            self._dropped += 1
            return
        with suppress(trio.ClosedResourceError):  # a thread's line, after the end
            if self._dropped:
                self._give.send_nowait(self._notice())
            self._give.send_nowait(line)

    def _notice(self) -> Line:
        count, self._dropped = self._dropped, 0
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return {"event": DROPPED, "level": "warning", "timestamp": now, "count": count}


class LogTap(dict[int, list[Follower]]):
    """The followers of each user. It is false while there are none."""

    def followers_of(self, line: Line) -> Sequence[Follower]:
        """The followers of the user of a line."""
        user_id = line.get(USER)
        return self.get(user_id, ()) if isinstance(user_id, int) else ()

    def end(self) -> None:
        """End all followers after the lines that wait."""
        for followers in self.values():
            for follower in followers:
                follower.end()

    @contextmanager
    def follow(self, user_id: int, *, room: int = LINES) -> Iterator[Follower]:
        """The lines of a user that are written until the context is left.

        Args:
            user_id: of the user.
            room: how many may wait to be read.
        """
        follower = Follower(user_id, room)
        self.setdefault(user_id, []).append(follower)
        try:
            yield follower
        finally:
            self[user_id].remove(follower)
            if not self[user_id]:
                del self[user_id]


tap: Final = LogTap()
"""The tap of the process's log."""
