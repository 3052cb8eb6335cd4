"""Closing every connection without all of them coming back at once.

Guarantees: connections are closed in a random order, `BATCH` at a time, in the time that is given;
a few of them at once. Must not know: why.
"""

import random
from typing import Final

import trio

from hub.actor.hub import Hub
from hub.actor.letters import Close, CloseAll
from protocol.errors import GOING_AWAY

BATCH: Final = 500
PAUSE_SECONDS: Final = 0.2  # between two batches, or less if there are many


async def say_goodbye(hub: Hub, within: float) -> None:
    """Ask every connection to close, and every one that may still come; returns when all were.

    Args:
        hub: has the connections.
        within: how many seconds that may take.
    """
    clients = list(hub.clients())
    random.shuffle(clients)
    batches = max(0, len(clients) - 1) // BATCH
    pause = min(PAUSE_SECONDS, within / (batches + 1))
    for first in range(0, batches * BATCH, BATCH):
        await hub.post(Close(clients[first : first + BATCH], GOING_AWAY))
        await trio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  no secret
    rest = CloseAll(GOING_AWAY)
    await hub.post(rest)
    await rest.done.wait()
