"""Closing every connection without all of them coming back at once.

Guarantees: connections are closed in a random order; by `say_goodbye`, `BATCH` at a time, in the
time that is given, or all at once if they are few; by `hand_over`, a few at a time, over the
seconds that are given. Must not know: why they are closed.
"""

import math
import random
from collections.abc import Sequence
from typing import Final

import trio

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Close, CloseAll
from protocol.errors import GOING_AWAY, START_OVER

BATCH: Final = 500
PAUSE_SECONDS: Final = 0.2  # between two batches, or less if there are many
STEP_SECONDS: Final = 0.1  # between two batches that are handed over
RETURNS_PER_SECOND: Final = 300  # reconnects that a node can take on one core, over Socket.IO


async def say_goodbye(hub: Hub, within: float) -> None:
    """Ask every connection to close, also new ones from now on; returns when all were asked.

    Args:
        hub: has the connections.
        within: how many seconds that may take.
    """
    clients = _shuffled(hub)
    batches = max(0, len(clients) - 1) // BATCH
    pause = min(PAUSE_SECONDS, within / (batches + 1))
    for first in range(0, batches * BATCH, BATCH):
        await hub.post(Close(clients[first : first + BATCH], GOING_AWAY))
        await trio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  no secret
    rest = CloseAll(GOING_AWAY)
    await hub.post(rest)
    await rest.done.wait()


def seconds_to_return(hub: Hub) -> float:
    """In how many seconds other nodes can take every connection that is open now."""
    return len(hub.clients()) / RETURNS_PER_SECOND


async def hand_over(hub: Hub, seconds: float) -> None:
    """Close every connection that is open now, so that it comes back to another node: a few at a
    time, within so many seconds.
    """
    clients = _shuffled(hub)
    steps = max(1, min(len(clients), round(seconds / STEP_SECONDS)))
    size = math.ceil(len(clients) / steps)
    for first in range(0, len(clients), size or 1):
        await trio.sleep(seconds / steps * random.uniform(0.5, 1.0))  # noqa: S311  no secret
        await hub.post(Close(clients[first : first + size], START_OVER))


def _shuffled(hub: Hub) -> Sequence[Client]:
    """Its clients in a random order."""
    clients = list(hub.clients())
    random.shuffle(clients)
    return clients
