"""Shows a supervisor again and again that the hub works: feeds its watchdog, as systemd calls it.

Guarantees: it is fed by a task, after the Hub has acted on a letter, so not while the loop or the
Hub hangs. That waits for neither a database nor a client, so their absence keeps nothing back. Must
not know: what the supervisor does when it is not fed.
"""

from contextlib import suppress
from typing import Final

import trio
from attrs import define

from hub.actor.hub import Hub
from hub.supervision.supervisor import Supervisor, extension

START_SECONDS: Final = 30.0
"""How much time a hub that starts asks for, again and again: it may take any, but not hang."""
MEALS: Final = 3  # while the supervisor is patient


@define
class Watchdog:
    """What feeds the watchdog of one process.

    Args:
        supervisor: has it.
        hub: proves that it works, once it is there.
    """

    supervisor: Supervisor
    hub: Hub | None = None

    async def feed(self) -> None:
        """Feed it until cancelled, or as long as the supervisor wants that."""
        if self.supervisor.address is None:
            return
        patience = self.supervisor.watchdog_seconds
        pause = min(START_SECONDS, patience or START_SECONDS) / MEALS
        while self.hub is None or patience is not None:
            if self.hub is None:
                self.supervisor.tell(f"WATCHDOG=1\n{extension(START_SECONDS)}")
            else:
                with suppress(trio.BrokenResourceError):  # it has stopped, and the server will
                    await self.hub.barrier()
                self.supervisor.tell("WATCHDOG=1")
            await trio.sleep(pause)
