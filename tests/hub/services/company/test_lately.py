"""Values are remembered for some seconds, for a bounded number of keys."""

import trio
from trio.testing import MockClock

from hub.services.company.lately import MAX_NOTED, Lately


async def test_a_value_is_known_until_its_time_is_over(autojump_clock: MockClock) -> None:
    lately = Lately[str, int](10.0)
    lately.note("ann", 1)
    await trio.sleep(6)
    lately.note("ben", 2)
    lately.note("ann", 3)
    await trio.sleep(6)
    assert (lately.get("ann"), lately.get("ben"), lately.get("eve")) == (3, 2, None)
    await trio.sleep(6)
    assert dict(lately.items()) == {}


async def test_the_oldest_is_forgotten_first(autojump_clock: MockClock) -> None:
    lately = Lately[int, bool](10.0)
    for key in range(MAX_NOTED + 1):
        lately.note(key, value=True)
    assert (lately.get(0), lately.get(1), len(dict(lately.items()))) == (None, True, MAX_NOTED)
