"""Connections are closed in batches."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock

from hub.actor.client import Client
from hub.actor.goodbye import (
    BATCH,
    PAUSE_SECONDS,
    RETURNS_PER_SECOND,
    hand_over,
    say_goodbye,
    seconds_to_return,
)
from hub.actor.hub import Hub
from hub.actor.letters import Register
from hub.actor.link import Frames
from hub.actor.listeners import RoomListeners
from hub.actor.wire import Wire
from hub.limits.quotas import Quotas
from protocol.dialects.private_messages import DIALECT
from protocol.engineio.session import Carrier
from protocol.errors import GOING_AWAY, START_OVER, CloseReason
from protocol.events import Connected
from protocol.model import SessionId, User, UserId

NOW = datetime(2024, 1, 1, tzinfo=UTC)
WIRE = Wire(DIALECT)


@define
class Closings:
    """A link that notes when it is closed."""

    number: int
    noted: list[tuple[int, float]]
    reason: CloseReason = GOING_AWAY
    is_behind: bool = False
    waiting_bytes: int = 0
    close_code: int = 1005
    carrier: Carrier = Carrier.WEBSOCKET
    is_closed: bool = field(default=False, init=False)

    def offer(self, frames: Frames) -> None:
        """Drop the frames."""

    def flush(self) -> None:
        """Nothing waits."""

    async def caught_up(self) -> None:
        """Nothing waits."""

    def close(self, reason: CloseReason) -> None:
        assert reason == self.reason
        if not self.is_closed:
            self.is_closed = True
            self.noted.append((self.number, trio.current_time()))


def nobody_looks(user_id: UserId, *, connected: bool) -> None:
    """A listener to presence that does nothing."""


async def closed(
    count: int,
    within: float,
    close: Callable[[Hub, float], Awaitable[None]] = say_goodbye,
    reason: CloseReason = GOING_AWAY,
) -> list[tuple[int, float]]:
    """The numbers of the closed connections, and when each was closed, in order."""
    noted: list[tuple[int, float]] = []
    hub = Hub(nobody_looks, RoomListeners([]))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hub.run)
        for number in range(count):
            user = User(UserId(number + 1), f"u{number}", "U", NOW, NOW)
            client = Client(
                user,
                SessionId(number + 1),
                WIRE,
                Closings(number, noted, reason),
                Quotas().of(user.id),
            )
            await hub.post(Register(client, Connected(user, NOW, "epoch")))
        await hub.barrier()
        await close(hub, within)
        await hub.barrier()
        nursery.cancel_scope.cancel()
    return noted


@pytest.mark.parametrize("count", [0, 1, BATCH])
async def test_up_to_one_batch_of_connections_is_closed_at_once(
    count: int, autojump_clock: MockClock
) -> None:
    noted = await closed(count, 5)
    assert len(noted) == count
    assert len({at for _, at in noted}) <= 1
    assert trio.current_time() == 0


async def test_more_connections_are_closed_in_batches_in_a_random_order(
    autojump_clock: MockClock,
) -> None:
    noted = await closed(3 * BATCH + 1, 5)
    numbers = [number for number, _ in noted]
    assert sorted(numbers) == list(range(3 * BATCH + 1))
    assert numbers != sorted(numbers)
    assert list(Counter(at for _, at in noted).values()) == [BATCH] * 3 + [1]
    assert trio.current_time() <= 3 * 1.5 * PAUSE_SECONDS


async def test_closing_many_connections_takes_about_the_given_time_at_most(
    autojump_clock: MockClock,
) -> None:
    await closed(3 * BATCH + 1, 0.1)
    assert trio.current_time() <= 0.1 * 1.5


async def test_a_hand_over_closes_each_connection_once_within_the_given_time(
    autojump_clock: MockClock,
) -> None:
    noted = await closed(600, 20, hand_over, START_OVER)
    numbers = [number for number, _ in noted]
    assert sorted(numbers) == list(range(600))
    assert numbers != sorted(numbers)
    assert 10 <= trio.current_time() <= 20
    assert max(Counter(at for _, at in noted).values()) == 3


async def test_a_hand_over_lasts_as_long_as_other_nodes_need_to_take_the_connections(
    autojump_clock: MockClock,
) -> None:
    async def close(hub: Hub, seconds: float) -> None:
        await hand_over(hub, seconds_to_return(hub) + seconds)

    noted = await closed(3 * RETURNS_PER_SECOND, 0, close, START_OVER)
    assert len(noted) == 3 * RETURNS_PER_SECOND
    assert 1.5 <= trio.current_time() <= 3


async def test_a_hand_over_without_connections_ends_at_once(autojump_clock: MockClock) -> None:
    assert await closed(0, 20, hand_over, START_OVER) == []
    assert trio.current_time() == 0
