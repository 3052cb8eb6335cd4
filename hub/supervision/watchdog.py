"""Shows a supervisor again and again that the hub works: feeds its watchdog, as systemd calls it.

Guarantees: it is fed by a task, after the Hub has acted on a letter, so not while the loop or the
Hub hangs. The Hub waits for neither a database nor a client, so their absence does not stop the
feeding. Must not know: what the supervisor does when it is not fed.
"""

from contextlib import suppress
from typing import Final

import trio
from attrs import define

from hub.actor.hub import Hub
from hub.supervision.supervisor import Supervisor, extension

START_SECONDS: Final = 30.0
"""How much time a starting hub asks for, again and again: it may take any time, but not hang."""
MEALS: Final = 3  # within the time for which the supervisor waits


@define
class Watchdog:
    """Feeds the watchdog of one process.

    Args:
        supervisor: has the watchdog.
        hub: has to act on a letter before each feed, once it is set.
    """

    supervisor: Supervisor
    hub: Hub | None = None

    async def feed(self) -> None:
        """Feed the watchdog until cancelled; return once the hub is set, if the supervisor has no
        watchdog, and at once if there is no supervisor.
        """
        if self.supervisor.address is None:
            return
        patience = self.supervisor.watchdog_seconds
        pause = min(START_SECONDS, patience or START_SECONDS) / MEALS
        while self.hub is None or patience is not None:
            if self.hub is None:
                self.supervisor.notify(f"WATCHDOG=1\n{extension(START_SECONDS)}")
            else:
                with suppress(trio.BrokenResourceError):  # it has stopped, and the server will
                    await self.hub.barrier()
                self.supervisor.notify("WATCHDOG=1")
            await trio.sleep(pause)
