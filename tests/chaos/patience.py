"""How long a campaign waits for what must happen."""

from collections.abc import Callable
from typing import Final

import trio

from tests.support.timing.time_limit import where_it_stands

PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.02


class Hung(Exception):
    """No message is acknowledged any more, or a fault has no effect."""


async def until(holds: Callable[[], bool], what: Callable[[], str], seconds: float) -> None:
    """Wait for something that other processes do and that nothing reports.

    Raises:
        Hung: it does not hold within so many seconds; the text has the reason, and the stacks of
            all tasks.
    """
    with trio.move_on_after(seconds):
        while not holds():  # noqa: ASYNC110  no event reports it
            await trio.sleep(LOOK_SECONDS)
        return
    raise Hung(f"not in {seconds:g} s: {what()}\n{where_it_stands(None)}")
