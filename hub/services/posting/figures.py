"""What a lane and its sequencer count of themselves. Must not know: who reads it."""

from typing import Final

from attrs import define, field

from persistence.figures import Spread

BATCH_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 512)


@define
class LaneFigures:
    """Since the start.

    `stored`: messages that were stored, without repeats. `doubtful`: of which the sender was told
    `unavailable`, and which may be stored or not. `batches`: messages in one statement. `commits`:
    the seconds that each statement took until it was committed. `queued`: the seconds that the
    first message of each batch had waited for it.
    """

    stored: int = 0
    doubtful: int = 0
    batches: Spread = field(factory=lambda: Spread(BATCH_SIZES), init=False)
    commits: Spread = field(factory=Spread, init=False)
    queued: Spread = field(factory=Spread, init=False)


@define
class OrderFigures:
    """Since the start.

    `held`: what came before its predecessor. `reads`: of the log, for what is missing. `found`:
    what was read there and would not have been delivered otherwise. `skipped`: what came of other
    nodes and nobody here wants.
    """

    held: int = 0
    reads: int = 0
    found: int = 0
    skipped: int = 0
