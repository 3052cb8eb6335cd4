"""Whether the server lives, and whether it takes work."""

import pytest

from persistence.interface import Store
from tests.support.clients.websocket import Refused
from tests.support.stores.outage import Outage
from tests.support.world import World, open_world


async def test_health_and_readiness(world: World) -> None:
    assert (await world.call("GET", "/healthz")).json == {"status": "ok"}
    assert (await world.call("GET", "/readyz")).json == {"status": "ready"}
    world.services.status.accepting = False
    stopping = await world.call("GET", "/readyz")
    assert (stopping.status, stopping.json) == (503, {"status": "stopping"})
    assert (await world.call("GET", "/healthz")).status == 200


async def test_readiness_tells_and_a_new_socket_is_refused_with_503(memory_store: Store) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.person("ann")
        outage.begin()
        ready = await world.call("GET", "/readyz")
        assert (ready.status, ready.json) == (503, {"status": "store_unavailable"})
        assert (await world.call("GET", "/healthz")).status == 200
        with pytest.raises(Refused) as refused:
            await world.websocket(Cookie=ann.cookie)
        assert refused.value.status == 503
        outage.end()
        assert (await world.call("GET", "/readyz")).status == 200
        await (await ann.open()).close_in_silence()
