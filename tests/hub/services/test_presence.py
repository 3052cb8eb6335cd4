"""Who is looked up when somebody comes or goes."""

import pytest
import trio
from structlog.testing import capture_logs
from trio.testing import MockClock

from persistence.interface import Store
from tests.support.stores.outage import Outage
from tests.support.world import open_world


@pytest.mark.parametrize(
    ("path", "is_shown"),
    [("/ws", True), ("/ws/chat", False), ("/messagepal", False)],
)
async def test_an_audience_is_looked_up_only_if_a_connected_dialect_shows_presence(
    memory_store: Store, autojump_clock: MockClock, path: str, is_shown: bool
) -> None:
    outage = Outage()
    async with open_world(outage.over(memory_store), presence_grace=1.0) as world:
        ann, ben = await world.person("ann"), await world.person("ben")
        _, goes = await ann.open(path), await ben.open(path)
        await trio.sleep(1)
        outage.begin()
        with capture_logs() as logs:
            await goes.close_in_silence()
            await trio.sleep(5)  # grace, and a retry
        failed = {line["event"] for line in logs}
        assert ("presence_not_checked" in failed) is is_shown
        outage.end()
