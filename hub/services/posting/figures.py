"""What a lane counts of itself. Must not know: who reads it."""

from typing import Final

from attrs import define, field

from persistence.figures import Spread

BATCH_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 512)


@define
class LaneFigures:
    """Since the start.

    `stored`: messages that were stored, without repeats. `found`: that were stored although the
    lane did not learn of it, and were delivered later. `doubtful`: of which the sender was told
    `unavailable`, and which may be stored or not. `batches`: messages in one statement. `commits`:
    the seconds that each statement took until it was committed. `queued`: the seconds that the
    first message of each batch had waited for it.
    """

    stored: int = 0
    found: int = 0
    doubtful: int = 0
    batches: Spread = field(factory=lambda: Spread(BATCH_SIZES), init=False)
    commits: Spread = field(factory=Spread, init=False)
    queued: Spread = field(factory=Spread, init=False)
