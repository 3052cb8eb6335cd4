"""The bus of the simulation: the faults that its random numbers may cause, on a mock clock."""

from collections.abc import AsyncIterator
from random import Random

import pytest
import trio
from trio.testing import MockClock

from persistence.bus import BusUnavailable
from persistence.bus.memory import Medium, MemoryBus, Weather

SENT = [b"%d" % number for number in range(200)]
LAST = b"last"


async def heard_of(medium: Medium, autojump_clock: MockClock) -> list[bytes | None]:
    """The bulletins that one member receives while another publishes one every 10 ms; the last one
    is published in calm weather.
    """
    bus, other = medium.member(), medium.member()
    async with bus.bulletins() as heard:
        assert await anext(heard) is None
        for data in SENT:
            await other.publish(data)
            await trio.sleep(0.01)
        await trio.sleep(10)
        medium.weather = Weather()
        await other.publish(LAST)
        return await up_to_last(heard)


async def up_to_last(heard: AsyncIterator[bytes | None]) -> list[bytes | None]:
    found: list[bytes | None] = []
    async for data in heard:
        if data == LAST:
            break
        found.append(data)
    return found


async def test_calm_weather_changes_nothing(autojump_clock: MockClock) -> None:
    assert await heard_of(Medium(), autojump_clock) == SENT


async def test_slow_weather_keeps_the_order(autojump_clock: MockClock) -> None:
    assert await heard_of(Medium(Weather(Random(1), slowest=0.5)), autojump_clock) == SENT


async def test_some_bulletins_are_lost(autojump_clock: MockClock) -> None:
    heard = await heard_of(Medium(Weather(Random(1), lost=0.3)), autojump_clock)
    assert 50 < len(heard) < 199
    assert heard == [data for data in SENT if data in heard]


async def test_some_bulletins_arrive_twice(autojump_clock: MockClock) -> None:
    heard = await heard_of(Medium(Weather(Random(1), repeated=0.3, slowest=0.1)), autojump_clock)
    assert len(heard) > 220
    assert set(heard) == set(SENT)


async def test_some_bulletins_are_overtaken(autojump_clock: MockClock) -> None:
    heard = await heard_of(Medium(Weather(Random(1), overtaken=0.3, slowest=0.5)), autojump_clock)
    assert heard != SENT
    assert sorted(map(str, heard)) == sorted(map(str, SENT))


async def test_the_same_seed_gives_the_same_faults(autojump_clock: MockClock) -> None:
    storms = [Medium(Weather(Random(3), 0.2, 0.2, 0.2, 0.5)) for _ in range(2)]
    one, other = [await heard_of(medium, autojump_clock) for medium in storms]
    assert one == other


async def begun(member: MemoryBus, heard: AsyncIterator[bytes | None]) -> None:
    assert await anext(heard) is None
    await member.publish(b"hello")
    assert await anext(heard) == b"hello"


async def test_a_mute_member_still_receives_and_a_deaf_one_still_sends(
    autojump_clock: MockClock,
) -> None:
    medium = Medium()
    one, other = medium.member(), medium.member()
    async with one.bulletins() as at_one, other.bulletins() as at_other:
        assert (await anext(at_one), await anext(at_other)) == (None, None)
        one.is_mute = True
        await one.publish(b"swallowed")
        await other.publish(b"from other")
        assert (await anext(at_one), await anext(at_other)) == (b"from other",) * 2
        one.is_mute, one.is_deaf = False, True
        await one.publish(b"from one")
        assert await anext(at_other) == b"from one"
        one.is_deaf = False
        await other.publish(b"again")
        assert (await anext(at_one), await anext(at_other)) == (b"again",) * 2


async def test_a_stopped_medium_refuses_bulletins_and_is_empty_when_it_starts_again(
    autojump_clock: MockClock,
) -> None:
    medium = Medium(Weather(slowest=5.0))
    bus = medium.member()
    async with bus.bulletins() as heard:
        assert await anext(heard) is None
        await bus.publish(b"under way")
        medium.stop()
        with pytest.raises(BusUnavailable, match="does not run"):
            await bus.publish(b"refused")
        medium.start()
        await bus.publish(b"after")
        assert [await anext(heard), await anext(heard)] == [None, b"after"]


async def test_bulletins_that_timed_out_may_arrive_when_the_medium_goes_on(
    autojump_clock: MockClock,
) -> None:
    medium = Medium(Weather(Random(1)))
    bus = medium.member()
    sent = [b"%d" % number for number in range(20)]
    async with bus.bulletins() as heard:
        await begun(bus, heard)
        medium.pause()
        for data in sent:
            began = trio.current_time()
            with pytest.raises(BusUnavailable, match="within 2 s"):
                await bus.publish(data)
            assert trio.current_time() == began + 2
        medium.go_on()
        await bus.publish(LAST)
        found = await up_to_last(heard)
    assert 2 < len(found) < 18
    assert set(found) < set(sent)


async def test_the_bulletins_that_wait_for_a_slow_reader_are_bounded(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("persistence.bus.memory.MAX_WAITING", 10)
    medium = Medium(Weather(slowest=1.0))
    bus = medium.member()
    async with bus.bulletins() as heard:
        await begun(bus, heard)
        for data in SENT[:15]:
            await bus.publish(data)
        await bus.publish(LAST)
        assert await up_to_last(heard) == [None, *SENT[10:15]]
