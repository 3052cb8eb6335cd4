"""Each owner gets a turn, however many items of another one wait."""

import trio
from trio.testing import wait_all_tasks_blocked

from hub.services.assistant.turns import FairQueue


async def test_owners_with_waiting_items_take_turns() -> None:
    queue: FairQueue[str] = FairQueue(10, 5)
    for item in ("a1", "a2", "a3", "b1", "c1", "c2"):
        assert queue.put(item[0], item)
    assert [await queue.take() for _ in range(2)] == ["a1", "b1"]
    assert queue.put("b", "b2")
    assert [await queue.take() for _ in range(5)] == ["c1", "a2", "b2", "c2", "a3"]


async def test_waiting_items_are_bounded_for_each_owner_and_in_all() -> None:
    queue: FairQueue[int] = FairQueue(3, 2)
    assert [queue.put("a", number) for number in range(3)] == [True, True, False]
    assert [queue.put("b", number) for number in range(2)] == [True, False]
    assert await queue.take() == 0
    assert queue.put("a", 2)
    assert not queue.put("c", 0)


async def test_take_waits_for_the_next_item() -> None:
    queue: FairQueue[int] = FairQueue(1, 1)
    taken: list[int] = []

    async def take() -> None:
        taken.append(await queue.take())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        await wait_all_tasks_blocked()
        assert queue.put("a", 7)
    assert taken == [7]
    assert queue.put("a", 8)
