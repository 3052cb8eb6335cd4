"""Token buckets, and what they slow down."""

import pytest
import trio
from trio.testing import MockClock

from hub.limits.pace import PATIENCE_SECONDS, Flooded, Meter, Pace, Paces


def test_a_burst_is_taken_at_once_and_the_rest_at_the_rate() -> None:
    pace = Pace(rate=10, burst=5)
    assert [pace.take(1, now=100.0) for _ in range(5)][-1] == pytest.approx(100.0)
    assert pace.take(1, now=100.0) == pytest.approx(100.1)
    assert pace.take(10, now=100.0) == pytest.approx(101.1)
    assert pace.take(1, now=200.0) == pytest.approx(199.6)  # a pause gives no more than the burst


def test_tokens_that_were_given_back_can_be_spent_again() -> None:
    pace = Pace(rate=10, burst=1)
    pace.take(1, now=100.0)
    pace.give_back(1)
    assert pace.take(1, now=100.0) <= 100.0


def test_a_clock_may_begin_below_zero() -> None:
    assert Pace(rate=1, burst=1).take(1, now=-5_000.0) <= -5_000.0


def test_parties_have_paces_of_their_own() -> None:
    paces = Paces(rate=1, burst=1)
    assert paces.of("a") is paces.of("a")
    assert paces.of("a") is not paces.of("b")


async def test_connections_of_one_owner_share_their_pace(autojump_clock: MockClock) -> None:
    pace = Pace(rate=10, burst=1)
    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(11):
            nursery.start_soon(Meter(pace).take, 1)
    assert trio.current_time() - began == pytest.approx(1.0)


async def test_a_user_is_not_charged_to_the_network(autojump_clock: MockClock) -> None:
    network = Pace(rate=1, burst=1)
    began = trio.current_time()
    for _ in range(3):
        meter, user = Meter(network), Pace(rate=1, burst=1)
        await meter.take(1)
        await meter.recognize(user)
        assert meter.pace is user
    assert trio.current_time() == began


async def test_a_connection_that_floods_without_a_pause_is_stopped(
    autojump_clock: MockClock,
) -> None:
    meter = Meter(Pace(rate=1, burst=1))
    began = trio.current_time()

    async def flood() -> None:
        while True:
            await meter.take(5)

    with pytest.raises(Flooded):
        await flood()
    assert PATIENCE_SECONDS < trio.current_time() - began < PATIENCE_SECONDS + 10


async def test_a_connection_that_pauses_is_not_stopped(autojump_clock: MockClock) -> None:
    meter = Meter(Pace(rate=1, burst=2))
    for _ in range(100):
        await meter.take(2)
        await trio.sleep(2)


def test_a_burst_of_a_user_is_spread_over_time() -> None:
    """Other users get their turn meanwhile, however many connections the burst comes from."""
    pace = Pace(rate=200, burst=1_000, has_peak=True)
    assert pace.take(200, now=100.0) <= 100.0
    assert pace.take(600, now=100.0) == pytest.approx(100.3)
    assert pace.take(200, now=100.4) == pytest.approx(100.4)
    assert pace.take(100, now=100.4) == pytest.approx(100.5)  # the burst is spent: at the rate


async def test_a_request_costs_a_user_more_than_a_frame(autojump_clock: MockClock) -> None:
    network, user = Pace(rate=1, burst=1), Pace(rate=10, burst=1)
    meter = Meter(network)
    await meter.take(1)
    began = trio.current_time()
    await meter.recognize(user, 4)
    assert trio.current_time() - began == pytest.approx(0.3)
    assert network.take(1, began) <= began
