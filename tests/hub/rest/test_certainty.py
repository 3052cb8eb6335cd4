"""Which requests are served while it is uncertain what the log contains."""

import pytest
import trio

from hub.services.posting.sequencer import WentBack
from persistence.interface import Store
from persistence.records import StoreUnavailable
from protocol.model import ChannelId
from tests.support.stores.intercept import Interception
from tests.support.world import open_world

PAGE = "https://chat.example.org"


async def test_while_the_log_is_uncertain_only_health_checks_and_metrics_are_served(
    memory_store: Store,
) -> None:
    last_id = Interception("messages", "last_id")

    async def away(*_: object) -> None:
        raise StoreUnavailable("away")

    token = "t" * 32
    async with open_world(
        last_id.over(memory_store), metrics_token=token, allowed_origins=(PAGE,)
    ) as world:
        ann = await world.person("ann")
        watch = world.services.log_watch
        last_id.way = away
        with pytest.raises(StoreUnavailable):
            await watch.went_back(WentBack(ChannelId(1), 3, 2), watch.epoch)
        assert not watch.is_certain
        for path in ("/", "/api/users/me", "/no/such/path", "/socket.io/?EIO=4&transport=polling"):
            reply = await ann.call("GET", path, headers={"Origin": PAGE})
            assert (reply.status, reply.json["code"]) == (503, "unavailable")
            assert reply.headers["retry-after"] == "2"
            assert reply.headers["access-control-allow-origin"] == PAGE  # so its script may read it
        for path in ("/healthz", "/private_messages/healthz"):
            assert (await world.call("GET", path)).status == 200
        named = {"Authorization": f"Bearer {token}"}
        assert (await world.call("GET", "/metrics", headers=named)).status == 200
        last_id.way = None
        while not watch.is_certain:
            await trio.lowlevel.checkpoint()
        assert (await ann.ask("GET", "/api/users/me")).status == 200
