"""Bulletins that wait for a reader, and what happens when there are too many."""

import pytest
import trio
import trio.testing

from persistence.bus import arrivals as module
from persistence.bus.arrivals import Arrivals


async def test_a_bulletin_that_does_not_fit_replaces_all_waiting_ones_by_a_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 3)
    arrivals = Arrivals()
    for number in range(5):
        arrivals.put(b"%d" % number)
    arrivals.close()
    assert [data async for data in arrivals] == [None, b"3", b"4"]


async def test_bytes_are_bounded_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_BYTES", 10)
    arrivals = Arrivals()
    for data in (b"12345", b"67890", b"x", b"123456789"):
        arrivals.put(data)
    assert [await anext(arrivals), await anext(arrivals)] == [None, b"x"]
    arrivals.put(b"y")
    arrivals.close()
    assert [data async for data in arrivals] == [b"123456789", b"y"]


async def test_beginning_anew_twice_in_a_row_adds_one_none() -> None:
    arrivals = Arrivals()
    arrivals.begin_anew()
    arrivals.begin_anew()
    arrivals.put(b"1")
    arrivals.begin_anew()
    arrivals.close()
    assert [data async for data in arrivals] == [None, b"1", None]


async def test_a_writer_may_wait_until_half_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 4)
    arrivals, is_read = Arrivals(), trio.Event()

    async def wait() -> None:
        await arrivals.until_read()
        is_read.set()

    for data in (b"1", b"2", b"3"):
        arrivals.put(data)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert not is_read.is_set()
        assert await anext(arrivals) == b"1"
        await is_read.wait()
