"""Which users count as present, and which changes are due, on a mock clock."""

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from hub.services.presence.attendance import (
    LATE_SECONDS,
    LATELY_SECONDS,
    MAX_BATCH,
    Attendance,
    Place,
)


async def changes(
    attendance: Attendance[str], seconds: float = 0.0
) -> list[tuple[str, bool | None]]:
    """Announce what is due within so many seconds; returns the changes."""
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


async def test_a_postponed_change_that_was_announced_meanwhile_is_not_due(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert list(await attendance.due()) == ["ann"]
    assert attendance.heard("ann", 5.0, online=True)
    attendance.postpone("ann", 1.0)
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


async def test_a_change_that_could_not_be_announced_is_due_again(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert list(await attendance.due()) == ["ann"]
    attendance.postpone("ann", 1.0)
    assert await changes(attendance, 0.9) == []
    assert await changes(attendance, 0.2) == [("ann", True)]


async def test_due_changes_come_in_order_and_in_bounded_batches(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    keys = [str(number) for number in range(MAX_BATCH + 1)]
    for key in keys:
        attendance.arrived(key)
    assert list(await attendance.due()) == keys[:MAX_BATCH]
    assert list(await attendance.due()) == keys[MAX_BATCH:]


async def test_a_task_that_waits_for_changes_is_woken_by_one(nursery: trio.Nursery) -> None:
    attendance = Attendance[str]()
    due: list[str] = []

    async def wait() -> None:
        due.extend(await attendance.due())

    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    attendance.arrived("ann")
    await wait_all_tasks_blocked()
    assert due == ["ann"]


async def test_a_user_who_leaves_before_the_arrival_is_announced_is_not_announced(
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


async def test_a_user_who_left_a_moment_ago_is_still_among_those_shown(
    autojump_clock: MockClock,
) -> None:
    """A user to whom a block hid the departure gets it when the block is acted on."""
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert await changes(attendance) == [("ann", True)]
    attendance.left("ann", grace=0.0)
    assert await changes(attendance) == [("ann", False)]
    assert (set(attendance.announced()), set(attendance.shown())) == (set(), {"ann"})
    await trio.sleep(LATELY_SECONDS + 1)
    assert set(attendance.shown()) == set()


NORTH, SOUTH = Place(2), Place(4)


async def everywhere(attendance: Attendance[str], seconds: float) -> list[tuple[str, bool, bool]]:
    """What is announced within so many seconds: the key, whether it is present, and whether the
    change is announced to other nodes too.
    """
    found: list[tuple[str, bool, bool]] = []
    with trio.move_on_after(seconds + 0.001) as rest:
        while True:
            for key, is_for_all in (await attendance.due()).items():
                is_here = attendance.announce(key)
                if is_here is not None:
                    found.append((key, is_here, is_for_all))
    assert rest.cancelled_caught
    return found


async def test_a_change_at_another_node_is_announced_by_that_node(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann", NORTH)
    assert await everywhere(attendance, LATE_SECONDS - 0.1) == []
    assert attendance.heard("ann", 5.0, online=True)
    assert not attendance.heard("ann", 5.0, online=True)
    attendance.left("ann", 5.0, NORTH)
    assert await everywhere(attendance, 5.0) == []
    assert attendance.heard("ann", 5.0, online=False)
    assert await everywhere(attendance, 100) == []
    assert attendance.present() == frozenset()


async def test_a_change_is_announced_here_if_the_announcement_of_another_node_is_lost(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann", NORTH)
    assert await everywhere(attendance, LATE_SECONDS) == [("ann", True, False)]
    attendance.left("ann", 5.0, NORTH)
    assert await everywhere(attendance, 5.0 + LATE_SECONDS - 0.1) == []
    assert await everywhere(attendance, 0.2) == [("ann", False, False)]


async def test_a_user_who_is_still_at_any_node_is_not_announced_as_absent(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    attendance.arrived("ann", NORTH)
    assert await everywhere(attendance, 0) == [("ann", True, True)]
    attendance.left("ann", 5.0)
    assert await everywhere(attendance, 100) == []
    assert not attendance.heard("ann", 5.0, online=False)
    assert attendance.announced() == {"ann"}
    attendance.left("ann", 5.0, NORTH)
    assert await everywhere(attendance, 100) == [("ann", False, False)]


async def test_a_present_user_is_announced_again_if_another_node_announces_the_absence(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann")
    assert await everywhere(attendance, 0) == [("ann", True, True)]
    assert not attendance.heard("ann", 5.0, online=False)
    assert await everywhere(attendance, 0) == [("ann", True, True)]


async def test_when_a_node_ends_its_users_are_gone_unless_they_are_back(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    for key in ("ann", "ben", "eve"):
        attendance.arrived(key, NORTH)
        attendance.heard(key, 5.0, online=True)
    attendance.arrived("eve", SOUTH)
    attendance.left("ben", 5.0, NORTH)  # a moment before
    attendance.ended(NORTH, 9.0, everywhere=True)
    assert await everywhere(attendance, 8.9) == []
    attendance.arrived("ann", SOUTH)
    assert await everywhere(attendance, 100) == [("ben", False, True)]
    assert attendance.present() == {"ann", "eve"}


async def test_a_snapshot_replaces_the_users_at_a_node(autojump_clock: MockClock) -> None:
    attendance = Attendance[str]()
    for key in ("ann", "ben"):
        attendance.arrived(key, NORTH)
        attendance.heard(key, 5.0, online=True)
    attendance.replace(NORTH, ["ben", "eve"], 5.0)
    assert sorted(attendance.keys_at(NORTH)) == ["ben", "eve"]
    assert await everywhere(attendance, 100) == [("eve", True, False), ("ann", False, False)]
    assert (attendance.count_of("ben"), attendance.count_of("ann")) == (1, 0)


async def test_the_end_of_a_node_that_others_announce_is_announced_late_and_only_here(
    autojump_clock: MockClock,
) -> None:
    attendance = Attendance[str]()
    attendance.arrived("ann", NORTH)
    attendance.heard("ann", 5.0, online=True)
    attendance.ended(NORTH, 5.0, everywhere=False)
    assert await everywhere(attendance, 5.0 + LATE_SECONDS - 0.1) == []
    assert await everywhere(attendance, 0.2) == [("ann", False, False)]
