"""The batcher: at once when idle, in batches when busy, in order, bounded."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
import trio
import trio.testing

from hub.batching import Batcher


class Gate:
    """A batch runner that the test lets through one batch at a time."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self._permits = trio.Semaphore(0)

    async def run(self, batch: Sequence[int]) -> None:
        self.batches.append(list(batch))
        await self._permits.acquire()

    async def open(self) -> None:
        self._permits.release()
        await trio.testing.wait_all_tasks_blocked()


async def test_an_idle_batcher_starts_with_a_single_item(nursery: trio.Nursery) -> None:
    gate = Gate()
    batcher = Batcher(gate.run)
    nursery.start_soon(batcher.serve)
    await batcher.put(1)
    await trio.testing.wait_all_tasks_blocked()
    assert gate.batches == [[1]]


async def test_items_put_while_a_batch_runs_form_the_next_batches_in_order(
    nursery: trio.Nursery,
) -> None:
    gate = Gate()
    batcher = Batcher(gate.run, max_batch=3)
    nursery.start_soon(batcher.serve)
    await batcher.put(1)
    await trio.testing.wait_all_tasks_blocked()
    for item in (2, 3, 4, 5):
        await batcher.put(item)
    await gate.open()
    assert gate.batches == [[1], [2, 3, 4]]
    await gate.open()
    assert gate.batches == [[1], [2, 3, 4], [5]]


class EachTurn(trio.abc.Instrument):
    """Puts one item before each turn of the loop, `count` times."""

    def __init__(self, batcher: Batcher[int], count: int) -> None:
        self._batcher = batcher
        self._items = iter(range(count))

    def after_io_wait(self, timeout: float) -> None:
        del timeout
        for item in self._items:
            with suppress(StopIteration):
                self._batcher.put(item).send(None)  # there is room: it does not wait
            return


async def test_a_batch_waits_for_more_while_each_turn_brings_some(nursery: trio.Nursery) -> None:
    gate = Gate()
    batcher = Batcher(gate.run, turns=3)
    nursery.start_soon(batcher.serve)
    await trio.testing.wait_all_tasks_blocked()
    trio.lowlevel.add_instrument(EachTurn(batcher, 6))
    await trio.testing.wait_all_tasks_blocked()
    assert gate.batches == [[0, 1, 2, 3]]
    await gate.open()
    assert gate.batches == [[0, 1, 2, 3], [4, 5]]  # a turn that brought nothing was the last


async def test_a_put_waits_while_the_queue_is_full(nursery: trio.Nursery) -> None:
    gate = Gate()
    batcher = Batcher(gate.run, max_batch=1, max_waiting=2)
    nursery.start_soon(batcher.serve)
    await batcher.put(1)
    await trio.testing.wait_all_tasks_blocked()
    await batcher.put(2)
    await batcher.put(3)
    waited = trio.Event()

    async def put_one_more() -> None:
        await batcher.put(4)
        waited.set()

    nursery.start_soon(put_one_more)
    await trio.testing.wait_all_tasks_blocked()
    assert not waited.is_set()
    await gate.open()
    assert waited.is_set()


async def test_putting_into_a_stopped_batcher_fails_instead_of_waiting() -> None:
    gate = Gate()
    batcher = Batcher(gate.run)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(batcher.serve)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    with pytest.raises(trio.BrokenResourceError):
        await batcher.put(1)
