"""What holds for every call: during an outage it gets 503 and the time to try again."""

import pytest

from persistence.interface import Store
from tests.support.stores.outage import Outage
from tests.support.world import open_world


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/messages/conversations"),
        ("GET", "/api/auth/session"),
        ("POST", "/api/auth/logout"),
        ("PUT", "/api/messages/1/read"),
    ],
)
async def test_rest_returns_503_with_retry_after_during_an_outage(
    memory_store: Store, method: str, path: str
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store)) as world:
        ann = await world.person("ann")
        outage.begin()
        reply = await ann.call(method, path)
        assert (reply.status, reply.json["code"]) == (503, "unavailable")
        assert int(reply.headers["retry-after"]) > 0
        outage.end()
        assert (await ann.call(method, path)).status == 200
