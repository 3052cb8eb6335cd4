"""Who counts as present, and which changes are due, on a mock clock."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.services.presence.attendance import LATELY_SECONDS, MAX_BATCH, Attendance


async def changes(
    attendance: Attendance[str], seconds: float = 0.0
) -> list[tuple[str, bool | None]]:
    """What is to be announced within so many seconds, and announced then."""
    found: list[tuple[str, bool | None]] = []
    with trio.move_on_after(seconds + 0.001) as rest:
        while True:
            found += [(key, attendance.announce(key)) for key in await attendance.due()]
    assert rest.cancelled_caught
    return found


async def test_an_arrival_is_due_at_once_and_once(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert await changes(attendance) == [("ann", True)]
    assert await changes(attendance, 100) == []
    assert attendance.present() == {"ann"}


async def test_a_departure_is_due_after_its_grace_and_present_until_then(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    await changes(attendance)
    attendance.left("ann", grace=5.0)
    assert await changes(attendance, 4.9) == []
    assert attendance.present() == {"ann"}
    assert await changes(attendance, 0.2) == [("ann", False)]
    assert attendance.present() == frozenset()


async def test_a_quick_return_changes_nothing(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    await changes(attendance)
    attendance.left("ann", grace=5.0)
    await trio.sleep(4.0)
    attendance.arrived("ann")
    assert await changes(attendance, 100) == []


async def test_a_new_departure_has_its_grace_anew(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    await changes(attendance)
    attendance.left("ann", grace=5.0)
    await trio.sleep(4.0)
    attendance.arrived("ann")
    attendance.left("ann", grace=5.0)
    assert await changes(attendance, 4.0) == []
    assert await changes(attendance, 1.1) == [("ann", False)]


async def test_a_change_that_could_not_be_told_is_due_again(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert list(await attendance.due()) == ["ann"]
    attendance.postpone("ann", 1.0)
    assert await changes(attendance, 0.9) == []
    assert await changes(attendance, 0.2) == [("ann", True)]


async def test_what_is_due_comes_in_order_and_in_bounded_batches(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    keys = [str(number) for number in range(MAX_BATCH + 1)]
    for key in keys:
        attendance.arrived(key)
    assert list(await attendance.due()) == keys[:MAX_BATCH]
    assert list(await attendance.due()) == keys[MAX_BATCH:]


async def test_who_waits_for_changes_is_woken_by_one(nursery: trio.Nursery) -> None:
    attendance = Attendance[str]()
    due: list[str] = []

    async def wait() -> None:
        due.extend(await attendance.due())

    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    attendance.arrived("ann")
    await wait_all_tasks_blocked()
    assert due == ["ann"]


async def test_who_leaves_before_the_arrival_is_announced_was_never_here(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert list(await attendance.due()) == ["ann"]
    attendance.left("ann", grace=5.0)
    assert attendance.announce("ann") is None
    assert await changes(attendance, 100) == []
    attendance.arrived("ann")
    assert await changes(attendance) == [("ann", True)]


async def test_who_left_a_moment_ago_may_still_be_shown(autojump_clock: MockClock) -> None:
    """Whom a block kept from hearing of it is told when the block is acted on."""
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert await changes(attendance) == [("ann", True)]
    attendance.left("ann", grace=0.0)
    assert await changes(attendance) == [("ann", False)]
    assert (set(attendance.announced()), set(attendance.shown())) == (set(), {"ann"})
    await trio.sleep(LATELY_SECONDS + 1)
    assert set(attendance.shown()) == set()
