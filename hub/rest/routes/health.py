"""Whether the process lives and whether it takes work, for supervisors and load balancers."""

from typing import Final, TypedDict

import trio

from hub.rest.endpoint import JSON, Call, Endpoint
from persistence.records import StoreUnavailable
from protocol.dialects.private_messages.rest import REST

CHECK_SECONDS: Final = 2.0


class StatusObject(TypedDict):
    """How the process is."""

    status: str


async def alive(call: Call) -> JSON[StatusObject]:
    """Always 200: the event loop answers."""
    del call
    return JSON({"status": "ok"})


async def ready(call: Call) -> JSON[StatusObject]:
    """200 while new work is taken and the store can be reached."""
    if not call.services.status.accepting:
        return JSON({"status": "stopping"}, 503)
    with trio.move_on_after(CHECK_SECONDS):
        try:
            await call.services.store.health.check()
        except StoreUnavailable:
            return JSON({"status": "store_unavailable"}, 503)
        return JSON({"status": "ready"})
    return JSON({"status": "store_unavailable"}, 503)


SURFACE: Final = REST
ENDPOINTS: Final = (
    Endpoint("GET", "/healthz", "The process lives", alive, {200: "it does"}, open_to_all=True),
    Endpoint(
        "GET",
        "/readyz",
        "New work is taken",
        ready,
        {200: "ready", 503: "stopping, or the store is away"},
        open_to_all=True,
    ),
)
