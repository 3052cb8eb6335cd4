"""Attempts, in both stores."""

from persistence.attempts import Full, Kind, Window
from persistence.interface import Store

NETWORK = Window(Kind.NETWORK, "192.0.2.1", 3, 60.0)
PLACE = Window(Kind.PLACE, "1 192.0.2.1", 2, 60.0)
ALL = (NETWORK, PLACE)


def full(found: Full | None, window: Window) -> bool:
    """Whether this window was reported as full, with a wait of at most its seconds."""
    return found is not None and found.window == window and 0.0 < found.wait <= window.seconds


async def test_each_window_has_a_limit_and_the_first_full_one_refuses(
    store: Store,
) -> None:
    """A refused attempt is counted in the windows before the full one."""
    attempts = store.attempts
    assert [await attempts.take(ALL) for _ in range(2)] == [None, None]
    assert full(await attempts.take(ALL), PLACE)
    assert full(await attempts.take(ALL), NETWORK)
    assert await attempts.take([Window(Kind.ACCOUNT, NETWORK.key, 1, 60.0)]) is None
    assert await attempts.take([]) is None


async def test_attempts_that_are_given_back_or_forgotten_do_not_count(store: Store) -> None:
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


async def test_a_changed_limit_holds_at_once(store: Store) -> None:
    attempts = store.attempts
    assert await attempts.take([NETWORK]) is None
    fewer = Window(Kind.NETWORK, NETWORK.key, 1, 60.0)
    assert full(await attempts.take([fewer]), fewer)
    assert await attempts.take([NETWORK]) is None
