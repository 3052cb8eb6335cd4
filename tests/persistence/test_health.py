"""Health, and the epoch of the log: the same on every store."""

import trio

from persistence.interface import Store


async def test_the_health_check_passes(store: Store) -> None:
    await store.health.check()


async def test_a_new_epoch_is_made_once_for_all_callers_that_saw_the_old_one(store: Store) -> None:
    first = await store.log.epoch()
    assert await store.log.epoch() == first
    second = await store.log.new_epoch(first)
    assert second != first
    assert await store.log.new_epoch(first) == second  # a second caller gets the same
    assert await store.log.epoch() == second
    await store.log.changed(first)


async def test_waiting_for_another_epoch_ends_when_there_is_one(store: Store) -> None:
    first = await store.log.epoch()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.log.changed, first)
        await store.log.new_epoch(first)
