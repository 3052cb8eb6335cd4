"""Positions of connections that can be recovered: the same on every store."""

import pytest

from persistence.interface import Store
from persistence.records import NoSuchUser
from persistence.recoveries import Recovery
from protocol.model import ChannelId, Reached
from tests.support.stores.records import NOBODY, make_user


async def test_the_positions_of_a_connection_are_found_by_its_key_for_a_limited_time(
    store: Store,
) -> None:
    ann = await make_user(store, "ann")
    positions = {ChannelId(5): Reached(7, 3), ChannelId(6): Reached(0)}
    first = await store.recoveries.save(b"one", ann.id, {})
    assert await store.recoveries.find(b"one", within=60) == Recovery(ann.id, {})
    assert await store.recoveries.save(b"one", ann.id, positions) >= first
    assert await store.recoveries.find(b"one", within=60) == Recovery(ann.id, positions)
    assert await store.recoveries.find(b"two", within=60) is None
    await store.recoveries.touch([b"one", b"two"])
    assert await store.recoveries.find(b"one", within=-60) is None
    assert await store.recoveries.purge(older_than=60) == 0
    assert await store.recoveries.purge(older_than=-60) == 1
    assert await store.recoveries.find(b"one", within=60) is None


async def test_positions_cannot_be_saved_for_an_unknown_user(store: Store) -> None:
    with pytest.raises(NoSuchUser):
        await store.recoveries.save(b"one", NOBODY, {})
