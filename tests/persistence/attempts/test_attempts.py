"""Attempts, in both stores."""

from persistence.attempts import Full, Kind, Window
from persistence.interface import Store

NETWORK = Window(Kind.NETWORK, "192.0.2.1", 3, 60.0)
PLACE = Window(Kind.PLACE, "1 192.0.2.1", 2, 60.0)
ALL = (NETWORK, PLACE)


def full(found: Full | None, window: Window) -> bool:
    """Whether that is it, for no longer than its seconds."""
    return found is not None and found.window == window and 0.0 < found.wait <= window.seconds


async def test_so_many_are_allowed_in_each_window_and_the_first_full_one_refuses(
    store: Store,
) -> None:
    """What it refuses is counted in those before it."""
    attempts = store.attempts
    assert [await attempts.take(ALL) for _ in range(2)] == [None, None]
    assert full(await attempts.take(ALL), PLACE)
    assert full(await attempts.take(ALL), NETWORK)
    assert await attempts.take([Window(Kind.ACCOUNT, NETWORK.key, 1, 60.0)]) is None
    assert await attempts.take([]) is None


async def test_one_that_is_given_back_does_not_count_nor_what_is_forgotten(store: Store) -> None:
    attempts = store.attempts
    for _ in range(2):
        assert await attempts.take(ALL) is None
    await attempts.give_back(ALL)
    assert await attempts.take(ALL) is None
    assert full(await attempts.take([PLACE]), PLACE)
    await attempts.give_back([NETWORK], forget=[PLACE])
    assert [await attempts.take([PLACE]) for _ in range(2)] == [None, None]
    assert await attempts.take([NETWORK]) is None
    await attempts.give_back([Window(Kind.PLACE, "never", 1, 1.0)], forget=[NETWORK])
    assert await attempts.take([NETWORK]) is None


async def test_a_limit_that_is_another_one_holds_at_once(store: Store) -> None:
    attempts = store.attempts
    assert await attempts.take([NETWORK]) is None
    fewer = Window(Kind.NETWORK, NETWORK.key, 1, 60.0)
    assert full(await attempts.take([fewer]), fewer)
    assert await attempts.take([NETWORK]) is None
