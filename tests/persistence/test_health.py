"""Health: the same on every store."""

from persistence.interface import Store


async def test_the_store_says_that_it_is_well(store: Store) -> None:
    await store.health.check()
