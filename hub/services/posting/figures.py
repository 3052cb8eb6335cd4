"""The figures of a lane and its sequencer. Must not know: who reads them."""

from typing import Final

from attrs import define, field

from persistence.figures import Spread

BATCH_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 512)


@define
class LaneFigures:
    """Since the start.

    `stored`: messages that were stored, without repeats. `doubtful`: messages whose sender got
    `unavailable`, and that may be stored or not. `batches`: messages in one statement. `commits`:
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

    `held`: arrivals that came before their predecessor. `reads`: reads of the log for missing ones.
    `found`: arrivals that were read there and would not have been delivered otherwise. `skipped`:
    positions that were skipped, because no connection here may get their messages.
    """

    held: int = 0
    reads: int = 0
    found: int = 0
    skipped: int = 0
