"""A running hub removes messages that are older than the retention period."""

from datetime import UTC, datetime, timedelta

import pytest
import trio
from attrs import define, frozen
from trio.testing import MockClock

from hub.services.people.retention import BATCH, SECONDS, Retention
from persistence.interface import Store
from persistence.memory import open_memory_store
from protocol.model import Channel
from tests.support.stores.outage import Outage
from tests.support.stores.records import make_channel, make_users, say
from tests.support.world import open_world


@define
class Time:
    now: datetime


@frozen
class Old:
    """A store in memory, on a clock of its own."""

    store: Store
    time: Time


@pytest.fixture
def old() -> Old:
    time = Time(datetime(2026, 1, 1, tzinfo=UTC))
    return Old(open_memory_store(now=lambda: time.now), time)


async def test_a_sweep_removes_old_messages_in_batches(old: Old, autojump_clock: MockClock) -> None:
    ann, ben = await make_users(old.store, "ann", "ben")
    channel = await make_channel(old.store, ann, ben)
    await say(old.store, ann, channel, *["old"] * (2 * BATCH + 1))
    old.time.now += timedelta(days=10)
    await say(old.store, ann, channel, "new")
    began = trio.current_time()
    assert await Retention(old.store.log, 9).sweep() == 2 * BATCH + 1
    assert trio.current_time() > began  # other tasks ran in between
    assert await contents(old.store, channel) == ["new"]
    assert await Retention(old.store.log, 9).sweep() == 0


async def test_sweeps_run_every_hour_and_an_outage_only_postpones_one(
    old: Old, autojump_clock: MockClock
) -> None:
    ann, ben = await make_users(old.store, "ann", "ben")
    channel = await make_channel(old.store, ann, ben)
    await say(old.store, ann, channel, "old")
    old.time.now += timedelta(days=10)
    outage = Outage()
    store = outage.over(old.store)
    async with trio.open_nursery() as nursery:
        outage.begin()
        nursery.start_soon(Retention(store.log, 9).run)
        await trio.sleep(1)
        outage.end()
        await trio.sleep(SECONDS - 2)
        assert await contents(old.store, channel) == ["old"]
        await trio.sleep(2)
        assert await contents(old.store, channel) == []
        nursery.cancel_scope.cancel()


async def contents(store: Store, channel: Channel) -> list[str]:
    page = await store.messages.channel_page(channel.id, before=None, limit=9)
    return [each.content for each in page]


async def test_a_running_hub_removes_old_messages(old: Old, autojump_clock: MockClock) -> None:
    ann, ben = await make_users(old.store, "ann", "ben")
    channel = await make_channel(old.store, ann, ben)
    await say(old.store, ann, channel, "old")
    old.time.now += timedelta(days=10)
    async with open_world(old.store, retention_days=9):
        await trio.sleep(1)
        assert await contents(old.store, channel) == []
