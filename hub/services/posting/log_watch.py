"""Which log the hub works with, and what is done when it is another one than before.

Guarantees: once the log went back (a failover that lost its end, a restore) or another hub has
served it, nothing that was known of it is used any more: no lane stores a message before all lanes
have forgotten their positions, and every connection is closed, so that its client comes back and
names its position. Until that is done, sends and new connections are refused; as long as it cannot
be done, as while another hub serves, open connections are closed too. Must not know: dialects, SQL,
what a lane does.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
import trio

from hub.actor.hub import Hub
from hub.services.posting.sequencer import Sequencer, WentBack
from persistence.interface import Log, Messages, Store
from persistence.records import StoreUnavailable
from protocol.errors import START_OVER
from protocol.model import ChannelId

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 0.5


class LogWatch:
    """Knows the log's epoch.

    Args:
        log: reports when it is another one.
        messages: the messages in it.
        hub: closes connections.
        sequencers: one for each lane: what it has delivered.
        epoch: the epoch of the log when the sequencers began.
    """

    def __init__(
        self,
        log: Log,
        messages: Messages,
        hub: Hub,
        sequencers: Sequence[Sequencer],
        epoch: str,
    ) -> None:
        self._log = log
        self._messages = messages
        self._hub = hub
        self.sequencers = sequencers
        self._epoch = epoch
        self._busy = 0
        self._idle = trio.Event()
        self._why_not: str | None = None  # why sends are refused; None: they are not
        self._seen: str | None = None  # the epoch of a log that was seen to go back
        self._in_doubt = trio.Event()
        self._one_at_a_time = trio.Lock()
        self.begun_anew = 0
        """How often all clients had to start over since the hub started."""

    @property
    def epoch(self) -> str:
        """A position in the log is valid only together with this."""
        return self._epoch

    @property
    def is_certain(self) -> bool:
        """Whether positions are valid. If not, sends are refused until the log was looked at."""
        return self._why_not is None

    def require_certainty(self) -> None:
        """Raises StoreUnavailable: see `is_certain`."""
        if self._why_not is not None:
            raise StoreUnavailable(self._why_not)

    @contextmanager
    def posting(self) -> Iterator[str]:
        """Messages that are stored inside are delivered inside; no position is forgotten meanwhile.
        Yields the epoch.

        Raises:
            StoreUnavailable: see `is_certain`.
        """
        self.require_certainty()
        self._busy += 1
        try:
            yield self._epoch
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    def delivered(self, channel_ids: Collection[ChannelId]) -> Mapping[ChannelId, int]:
        """How far each of these channels was delivered, where that is known."""
        found = {
            channel_id: max(each.delivered(channel_id) for each in self.sequencers)
            for channel_id in channel_ids
        }
        return {channel_id: seq for channel_id, seq in found.items() if seq}

    async def went_back(self, proof: WentBack, seen: str) -> None:
        """The log was seen to go back. Not to be called while `posting`.

        Args:
            proof: where it went back.
            seen: the epoch that the log had before that.

        Raises:
            StoreUnavailable: the log cannot be looked at now; `run` tries again.
        """
        if seen != self._epoch or self._why_not is not None:
            await self._begin_anew()
            return
        log.error(
            "log_went_back",
            channel_id=proof.channel_id,
            delivered_seq=proof.delivered,
            found_seq=proof.found,
        )
        self._doubt(str(proof))
        self._seen = seen
        await self._begin_anew()

    async def run(self) -> None:
        """Check which log it is, until cancelled."""
        logged = ""
        while True:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._look)
                await self._in_doubt.wait()
                nursery.cancel_scope.cancel()
            try:
                await self._begin_anew()
                logged = ""
            except StoreUnavailable as error:
                # another hub may hold the lock for hours, so each reason is logged once
                if logged != (logged := str(error)):
                    log.warning("log_not_looked_at", reason=logged)
                await self._hub.send_back(None, START_OVER)  # perhaps another hub serves them
                await trio.sleep(RETRY_SECONDS)

    async def _look(self) -> None:
        known = self._epoch
        await self._log.changed(known)
        async with self._one_at_a_time:
            if known == self._epoch and self._why_not is None:
                log.error("log_changed", epoch=known)
                self._doubt("the log is another one, or another hub has served it")

    def _doubt(self, why: str) -> None:
        self._why_not = why
        self._in_doubt.set()

    async def _begin_anew(self) -> None:
        """If the log is in doubt, forget everything that was known of it, and have all clients
        start over.
        """
        async with self._one_at_a_time:
            if self._why_not is None:
                return
            while self._busy:
                self._idle = trio.Event()
                await self._idle.wait()
            seen = self._seen
            epoch = await (self._log.epoch() if seen is None else self._log.new_epoch(seen))
            unsettled = {each for lane in self.sequencers for each in lane.unsettled}
            if unsettled:  # clients that come back find what is committed until then
                await self._messages.settle(unsettled)
            floor = await self._messages.last_id()
            for each in self.sequencers:
                each.begin_anew(floor)
            log.warning("log_begun_anew", epoch=epoch, newest_message_id=floor)
            self._epoch, self._seen, self._why_not = epoch, None, None
            self.begun_anew += 1
            self._in_doubt = trio.Event()
        await self._hub.send_back(None, START_OVER)


async def begin_log(
    store: Store,
    *,
    lanes: int,
    hold_seconds: float = 0.0,
    in_sync: Callable[[], float] = trio.current_time,
) -> tuple[Sequence[Sequencer], str]:
    """The sequencers of so many lanes, of which nothing has been delivered yet, and the log's
    epoch. `hold_seconds`, `in_sync`: see `Sequencer`.

    Raises:
        StoreUnavailable: the log cannot be read.
    """
    epoch = await store.log.epoch()
    floor = await store.messages.last_id()
    sequencers = [
        Sequencer(store, floor, hold_seconds=hold_seconds, in_sync=in_sync) for _ in range(lanes)
    ]
    return sequencers, epoch
