"""A condition that holds at times: when it began and ended last."""

from math import inf

import trio
from attrs import define


@define
class Sight:
    """Whether a user has a right, and when they last got and lost it."""

    is_open: bool
    opened_at: float = -inf
    closed_at: float = -inf

    def change(self, *, is_open: bool) -> None:
        if is_open != self.is_open:
            self.is_open = is_open
            if is_open:
                self.opened_at = trio.current_time()
            else:
                self.closed_at = trio.current_time()

    def was_open_since(self, at: float) -> bool:
        """Whether it was open at some time since then."""
        return self.is_open or self.closed_at >= at

    def was_closed_since(self, at: float) -> bool:
        """Whether it was closed at some time since then."""
        return not self.is_open or self.opened_at >= at
