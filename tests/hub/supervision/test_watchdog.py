"""When the watchdog of a supervisor is fed, and when not."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import trio
from attrs import frozen
from trio.testing import MockClock

from hub.actor.hub import INBOX_LETTERS, Hub
from hub.actor.listeners import RoomListeners
from hub.supervision.supervisor import Supervisor, extension
from hub.supervision.watchdog import START_SECONDS, Watchdog
from persistence.interface import Store
from protocol.model import UserId
from tests.support.stores.outage import Outage
from tests.support.world import open_world

PATIENCE: Final = 60.0
STARTING: Final = f"WATCHDOG=1\n{extension(START_SECONDS)}"
FED: Final = "WATCHDOG=1"


@frozen
class Listener:
    """A supervisor's socket."""

    socket: socket.socket
    supervisor: Supervisor

    def heard(self) -> list[str]:
        """The notifications received since the last call."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(1_000).decode())
            except BlockingIOError:
                return found

    @asynccontextmanager
    async def fed_by(self, hub: Hub | None) -> AsyncIterator[Watchdog]:
        """While a hub feeds its watchdog."""
        async with trio.open_nursery() as nursery:
            watchdog = Watchdog(self.supervisor, hub)
            nursery.start_soon(watchdog.feed)
            yield watchdog
            nursery.cancel_scope.cancel()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(path)
        made.setblocking(False)
        yield Listener(made, Supervisor(path, PATIENCE))


def new_hub() -> Hub:
    def ignore(user_id: UserId, *, connected: bool) -> None:
        pass

    return Hub(ignore, RoomListeners([]))


async def test_a_start_may_take_any_time(listener: Listener, autojump_clock: MockClock) -> None:
    async with listener.fed_by(None):
        for _ in range(100):
            await trio.sleep(START_SECONDS / 2)
            assert set(listener.heard()) == {STARTING}


async def test_a_hub_that_works_feeds_the_watchdog_in_time(
    listener: Listener, autojump_clock: MockClock
) -> None:
    hub = new_hub()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        async with listener.fed_by(hub):
            for _ in range(10):
                await trio.sleep(PATIENCE / 2)
                assert set(listener.heard()) == {FED}
        nursery.cancel_scope.cancel()


async def test_a_hub_that_reads_no_letters_does_not_feed_the_watchdog(
    listener: Listener, autojump_clock: MockClock
) -> None:
    """Although the event loop still runs."""
    async with listener.fed_by(new_hub()):
        await trio.sleep(3 * PATIENCE)
    assert listener.heard() == []


async def test_a_hub_with_a_full_inbox_does_not_feed_the_watchdog(
    listener: Listener, autojump_clock: MockClock
) -> None:
    hub = new_hub()
    for _ in range(INBOX_LETTERS):
        await hub.send_back(None)
    async with listener.fed_by(hub):
        await trio.sleep(3 * PATIENCE)
    assert listener.heard() == []


async def test_a_watchdog_fed_at_the_start_is_not_fed_by_a_hub_that_hangs(
    listener: Listener, autojump_clock: MockClock
) -> None:
    async with listener.fed_by(None) as watchdog:
        await trio.sleep(PATIENCE)
        assert listener.heard() != []
        watchdog.hub = new_hub()
        await trio.sleep(10 * PATIENCE)
    assert listener.heard() == []


async def test_a_hub_without_its_database_feeds_the_watchdog(
    memory_store: Store, listener: Listener, autojump_clock: MockClock
) -> None:
    outage = Outage()
    async with (
        open_world(outage.over(memory_store)) as world,
        listener.fed_by(world.services.hub),
    ):
        outage.begin()
        for _ in range(20):
            await trio.sleep(PATIENCE / 2)
            assert set(listener.heard()) == {FED}
        outage.end()


async def test_a_hub_that_has_stopped_feeds_the_watchdog_until_the_process_ends(
    listener: Listener, autojump_clock: MockClock
) -> None:
    """Its database may take a while to stop."""
    hub = new_hub()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        await hub.barrier()
        nursery.cancel_scope.cancel()
    async with listener.fed_by(hub):
        await trio.sleep(PATIENCE)
    assert set(listener.heard()) == {FED}


async def test_without_a_watchdog_only_the_start_is_reported(
    listener: Listener, autojump_clock: MockClock
) -> None:
    watchdog = Watchdog(Supervisor(listener.supervisor.address))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watchdog.feed)
        await trio.sleep(START_SECONDS)
        assert set(listener.heard()) == {STARTING}
        watchdog.hub = new_hub()
    assert listener.heard() == []


async def test_without_a_supervisor_nothing_is_done() -> None:
    await Watchdog(Supervisor()).feed()
