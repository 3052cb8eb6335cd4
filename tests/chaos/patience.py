"""How long a campaign waits for what must happen."""

from collections.abc import Callable
from typing import Final

import trio

from tests.support.timing.time_limit import where_it_stands

PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.02


class Hung(Exception):
    """Nothing is acknowledged any more, or a fault has no effect."""


async def until(holds: Callable[[], bool], what: Callable[[], str], seconds: float) -> None:
    """Wait for something that other processes do, and tell nobody.

    Raises:
        Hung: it does not hold in so many seconds; the text says what, and where all tasks stand.
    """
    with trio.move_on_after(seconds):
        while not holds():  # noqa: ASYNC110  nobody tells
            await trio.sleep(LOOK_SECONDS)
        return
    raise Hung(f"not in {seconds:g} s: {what()}\n{where_it_stands(None)}")
