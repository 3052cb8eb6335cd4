"""Whether the process lives and whether it takes work, for supervisors and load balancers."""

from collections.abc import Sequence
from typing import Final, NotRequired, TypedDict

import trio

from hub.rest.endpoint import JSON, Call, Endpoint
from persistence.records import DatabaseUnfit, StoreUnavailable
from protocol.dialects.private_messages.rest import REST
from protocol.shapes.timestamps import Timestamp, timestamp

CHECK_SECONDS: Final = 2.0


class LaneObject(TypedDict):
    """A lane, which stores the messages of a part of the channels, and since when that fails."""

    lane: int
    since: Timestamp


class StatusObject(TypedDict):
    """The state of the process. `reason`: why a database that can be reached cannot be used.
    `lanes`: with `posts_fail`.
    """

    status: str
    reason: NotRequired[str]
    lanes: NotRequired[Sequence[LaneObject]]


async def alive(call: Call) -> JSON[StatusObject]:
    """Always 200, which shows that the event loop runs."""
    del call
    return JSON({"status": "ok"})


async def ready(call: Call) -> JSON[StatusObject]:
    """200 while new work is taken, the store can be reached and takes writes, and the last messages
    were stored.
    """
    status = call.services.status
    if status.is_leaving or status.is_draining or not status.accepting:
        return JSON({"status": "stopping"}, 503)
    with trio.move_on_after(CHECK_SECONDS):
        try:
            await call.services.store.health.check()
            call.services.log_watch.require_certainty()
        except DatabaseUnfit as error:
            return JSON({"status": "store_unavailable", "reason": error.why.value}, 503)
        except StoreUnavailable:
            return JSON({"status": "store_unavailable"}, 503)
        failing = call.services.messaging.failing()
        if failing:
            lanes: list[LaneObject] = [
                {"lane": number, "since": timestamp(since)} for number, since in failing.items()
            ]
            return JSON({"status": "posts_fail", "lanes": lanes}, 503)
        return JSON({"status": "ready"})
    return JSON({"status": "store_unavailable"}, 503)


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/healthz",
        "Check that the process runs",
        alive,
        {200: "the process runs"},
        open_to_all=True,
    ),
    Endpoint(
        "GET",
        "/readyz",
        "Check whether the hub takes new work",
        ready,
        {
            200: "ready",
            503: "the hub is stopping, the store is unavailable, or messages cannot be stored",
        },
        open_to_all=True,
    ),
)
