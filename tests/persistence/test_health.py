"""Health, and which log it is: the same on every store."""

import trio

from persistence.interface import Store


async def test_the_store_says_that_it_is_well(store: Store) -> None:
    await store.health.check()


async def test_a_log_is_another_one_once_somebody_has_seen_it_go_back(store: Store) -> None:
    first = await store.log.epoch()
    assert await store.log.epoch() == first
    second = await store.log.new_epoch(first)
    assert second != first
    assert await store.log.new_epoch(first) == second  # who saw the same, too
    assert await store.log.epoch() == second
    await store.log.changed(first)


async def test_who_waits_for_another_log_is_told(store: Store) -> None:
    first = await store.log.epoch()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.log.changed, first)
        await store.log.new_epoch(first)
