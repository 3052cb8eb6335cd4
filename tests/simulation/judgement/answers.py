"""What a REST response may be when something fails or a session has ended."""

from typing import TYPE_CHECKING

import trio

from tests.support.clients.http import Reply

if TYPE_CHECKING:
    from tests.simulation.device import Device

FAILURE_SECONDS = 20.0  # after a failed call, in which something may still be refused because of it


def is_transient(device: "Device", reply: Reply, what: str) -> bool:
    """Whether the same call may rightly get another response later."""
    sim = device.sim
    match reply.status:
        case 401:
            sim.require(not device.has_sessions, f"{device.name} is not let in over REST")
            return True
        case 503:
            failed = trio.current_time() - sim.weather.failed_at < FAILURE_SECONDS
            sim.require(failed, f"{device.name} cannot {what}: {reply.text}")
            return True
        case status:
            return status == 429
