"""Messages that arrive in any order are delivered in the order of their numbers, once each."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
import trio
from trio.testing import MockClock

import hub.services.posting.order
from hub.actor.letters import Delivery, ToUsers
from hub.services.posting.order import WAIT_SECONDS, Arrival, Order, Outgoing
from hub.services.posting.positions import SETTLED_SECONDS, Positions
from persistence.records import StoreUnavailable
from protocol.events import PrivateMessagePosted
from protocol.model import ChannelId, Message, MessageId, User, UserId

CHANNEL = ChannelId(1)
AT = datetime(2026, 1, 1, tzinfo=UTC)
ANN = User(UserId(1), "ann", "Ann", AT, AT)
HOLD = 0.05
GONE = 100  # is added to the seq of a message that is delivered after a gone one


def message(seq: int) -> Message:
    return Message(MessageId(1_000 + seq), CHANNEL, seq, ANN.id, "", AT, UserId(2))


def arrival(seq: int) -> Arrival:
    def deliveries(said: int = seq) -> Sequence[Delivery]:
        event = PrivateMessagePosted(message(said), ANN, UserId(2))
        return [Delivery(event, ToUsers((UserId(2),)))]

    return Arrival(message(seq), deliveries, lambda: deliveries(seq + GONE))


def new_order(**more: object) -> Order:
    order = Order(Positions(MessageId(0)), HOLD, first_hold_seconds=0.0, **more)  # type: ignore[arg-type]
    order.note(CHANNEL, 5, MessageId(1_005))
    return order


def seqs(out: Outgoing) -> list[int]:
    return [delivery.event.message.seq for delivery in out.deliveries]  # type: ignore[union-attr]


def received(order: Order, *numbers: int) -> list[int]:
    out = Outgoing()
    for number in numbers:
        order.receive(CHANNEL, number, arrival(number), out)
    return seqs(out)


def read(order: Order, *numbers: int, meanwhile: Sequence[int] = ()) -> list[int]:
    """Read what is due: the log has `numbers`; `meanwhile` arrive while it is read."""
    out, reading = Outgoing(), order.begin_read()
    for number in meanwhile:
        order.receive(CHANNEL, number, arrival(number), out)
    for number in numbers:
        order.find(CHANNEL, number, arrival(number), out)
    order.end_read(reading, out)
    return seqs(out)


async def test_an_early_message_is_delivered_after_its_predecessor() -> None:
    order = new_order()
    assert received(order, 8, 7) == []
    assert received(order, 6) == [6, 7, 8]
    assert order.in_doubt == 0


async def test_a_repeated_message_is_dropped() -> None:
    order = new_order()
    assert received(order, 4, 5, 6, 6, 8, 8, 7, 8) == [6, 7, 8]
    assert order.in_doubt == 0


async def test_a_gap_is_read_when_it_was_held_for_long_enough(mock_clock: MockClock) -> None:
    order, woken = new_order(), list[float]()
    order.wake = woken.append
    received(order, 7)
    mock_clock.jump(HOLD / 2)
    received(order, 9)
    assert not order.is_due()
    assert woken == [order.next_due()] == [HOLD]
    mock_clock.jump(HOLD / 2)
    assert order.is_due()
    assert read(order, 6, 7, 8, 9) == [6, 7, 8, 9]
    assert (order.figures.held, order.figures.found, order.figures.reads) == (2, 2, 1)


async def test_a_channel_without_a_known_position_is_read_at_once() -> None:
    order = Order(Positions(MessageId(0)), HOLD, first_hold_seconds=0.0)
    received(order, 7)
    assert order.is_due()


async def test_only_numbers_committed_before_a_read_began_count_as_gone(
    mock_clock: MockClock,
) -> None:
    order = new_order()
    received(order, 7, 9)
    mock_clock.jump(HOLD)
    assert read(order, meanwhile=[11]) == [7 + GONE, 9 + GONE]  # 6 and 8 are gone
    assert received(order, 10) == [10, 11]


async def test_a_message_that_is_read_but_was_delivered_meanwhile_is_dropped(
    mock_clock: MockClock,
) -> None:
    order = new_order()
    received(order, 7)
    mock_clock.jump(HOLD)
    assert read(order, 6, 7, 8, meanwhile=[6]) == [6, 7, 8]


async def test_a_number_that_a_page_leaves_out_counts_as_gone(mock_clock: MockClock) -> None:
    order = new_order()
    order.doubt([CHANNEL])
    assert read(order, 6, 8) == [6, 8 + GONE]


async def test_a_doubt_that_arises_while_the_log_is_read_remains() -> None:
    order = new_order()
    order.doubt([CHANNEL])
    reading = order.begin_read()
    order.doubt([CHANNEL])
    order.end_read(reading, Outgoing())
    assert order.in_doubt
    order.end_read(order.begin_read(), Outgoing())
    assert not order.in_doubt


async def test_a_wait_is_settled_after_everything_up_to_its_number_was_delivered() -> None:
    order, settled = new_order(), list[object]()
    order.wait(CHANNEL, 7, settled.append)
    out = Outgoing()
    order.receive(CHANNEL, 6, arrival(6), out)
    assert not out.thens
    order.receive(CHANNEL, 7, arrival(7), out)
    assert not settled
    for then in out.thens:
        then()
    assert settled == [None]
    assert not order.holds
    assert not order.in_doubt


async def test_a_wait_that_takes_too_long_is_settled_as_unavailable(mock_clock: MockClock) -> None:
    order, settled = new_order(), list[object]()
    order.wait(CHANNEL, 7, settled.append)
    mock_clock.jump(WAIT_SECONDS - 0.1)
    order.expire()
    assert not settled
    mock_clock.jump(0.2)
    order.expire()
    assert [type(each) for each in settled] == [StoreUnavailable]
    assert received(order, 6, 7) == [6, 7]


async def test_a_wait_is_settled_as_unavailable_when_the_log_is_replaced() -> None:
    order, settled = new_order(), list[object]()
    received(order, 8)
    order.wait(CHANNEL, 7, settled.append)
    order.begin_anew(MessageId(2_000))
    assert [type(each) for each in settled] == [StoreUnavailable]
    assert (order.holds, order.in_doubt, order.positions.last(CHANNEL)) == (False, 0, None)


async def test_a_skipped_message_only_moves_the_position() -> None:
    order = new_order()
    order.skip(CHANNEL, 6, MessageId(1_006))
    order.skip(CHANNEL, 6, MessageId(1_006))
    assert received(order, 7) == [7]
    received(order, 9)
    order.skip(CHANNEL, 10, MessageId(1_010))
    assert received(order, 8) == [8, 9]
    assert order.figures.skipped == 1


async def test_held_messages_are_bounded_and_others_are_read_from_the_log(
    monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    monkeypatch.setattr(hub.services.posting.order, "MAX_EARLY_OF_CHANNEL", 2)
    order = new_order()
    assert received(order, 9, 8, 7) == []
    mock_clock.jump(HOLD)
    assert read(order, 6, 7, 8, 9) == [6, 7, 8, 9]
    monkeypatch.setattr(hub.services.posting.order, "MAX_EARLY", 0)
    received(order, 11)
    assert order.figures.held == 2
    mock_clock.jump(HOLD)
    assert read(order, 10, 11) == [10, 11]
    assert not order.holds


async def test_an_arrival_waits_until_the_message_that_it_is_about_is_ready(
    mock_clock: MockClock,
) -> None:
    there = {4, 5}
    order = new_order(is_ready=lambda message: message.seq in there)
    assert received(order, 6) == []
    mock_clock.jump(HOLD)
    assert read(order, 6, 7) == []
    there |= {6, 7}
    out = Outgoing()
    order.drain(CHANNEL, out)
    assert seqs(out) == [6, 7]
    assert not order.holds


async def test_positions_are_forgotten_once_nothing_older_can_arrive(
    monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    monkeypatch.setattr(hub.services.posting.positions, "MAX_CHANNELS", 2)
    positions = Positions(MessageId(10))

    def note(channel: int) -> None:
        if positions.note(ChannelId(channel), 1, MessageId(100 + channel)):
            positions.forget([ChannelId(2)])

    for channel in (1, 2, 3, 4):
        note(channel)
    assert (len(positions), positions.floor) == (4, 10)
    mock_clock.jump(SETTLED_SECONDS)
    note(5)
    assert [positions.last(ChannelId(each)) for each in (1, 2, 3)] == [None, 1, 1]
    assert positions.floor == 102  # the newest id when channels 1 and 2 filled a generation
    assert positions.is_old(MessageId(102))


async def test_positions_are_kept_while_messages_of_other_nodes_may_be_lost(
    monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    monkeypatch.setattr(hub.services.posting.positions, "MAX_CHANNELS", 2)
    in_sync = 0.0
    positions = Positions(MessageId(10), lambda: in_sync)
    mock_clock.jump(100)
    for channel in range(1, 9):
        if positions.note(ChannelId(channel), 1, MessageId(100 + channel)):
            positions.forget(())
        mock_clock.jump(SETTLED_SECONDS)
    assert positions.floor == 10
    in_sync = trio.current_time()
    positions.forget(())
    assert positions.floor == 102


async def test_a_message_in_flight_at_the_start_is_not_old(mock_clock: MockClock) -> None:
    positions = Positions(MessageId(10))
    assert not positions.is_old(MessageId(10))
    mock_clock.jump(SETTLED_SECONDS)
    assert positions.is_old(MessageId(10))
    assert not positions.is_old(MessageId(11))
