"""Which owner gets a place for work, and when."""

import trio
from trio.testing import wait_all_tasks_blocked

from hub.limits.turns import NoTurn, Turns


async def work(turns: Turns, owner: str, done: list[str], go_on: trio.Event) -> None:
    try:
        async with turns.line(owner).place():
            done.append(owner)
            await go_on.wait()
    except NoTurn:
        done.append(f"none for {owner}")


async def asked(turns: Turns, owners: str) -> list[str]:
    """What is done, in its order, when these owners have work while all places are taken."""
    done: list[str] = []
    first, others = trio.Event(), trio.Event()
    others.set()
    async with trio.open_nursery() as nursery:
        for at in range(int(turns.places.total_tokens)):
            nursery.start_soon(work, turns, str(at), done, first)
            await wait_all_tasks_blocked()
        for owner in owners:
            nursery.start_soon(work, turns, owner, done, others)
            await wait_all_tasks_blocked()
        first.set()
    assert turns.waiting == 0
    return done[int(turns.places.total_tokens) :]


async def test_owners_take_turns_however_much_work_each_of_them_has() -> None:
    assert await asked(Turns(), "aaabbc") == ["a", "b", "c", "a", "b", "a"]


async def test_the_work_that_waits_is_bounded_for_each_owner() -> None:
    done = await asked(Turns(each=1), "aaab")
    assert done == ["none for a", "a", "b", "a"]


async def test_the_work_that_waits_is_bounded_in_all_but_each_owner_may_wait_once() -> None:
    done = await asked(Turns(total=2), "aaabb")
    assert done == ["none for a", "none for b", "a", "b", "a"]


async def test_an_owner_has_one_place_at_a_time() -> None:
    turns, done, go_on = Turns(2), list[str](), trio.Event()
    async with trio.open_nursery() as nursery:
        for owner in "aaabc":
            nursery.start_soon(work, turns, owner, done, go_on)
            await wait_all_tasks_blocked()
        assert done == ["a", "b"]
        assert turns.waiting == 3
        go_on.set()


async def test_work_that_is_cancelled_does_not_wait_any_more() -> None:
    turns, done = Turns(each=1), list[str]()
    async with turns.line("a").place():
        for _ in range(3):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(work, turns, "a", done, trio.Event())
                await wait_all_tasks_blocked()
                assert turns.waiting == 1
                nursery.cancel_scope.cancel()
    assert (done, turns.waiting) == ([], 0)


class Loop(trio.abc.Instrument):
    """Counts turns of the loop."""

    turn = 0

    def after_io_wait(self, timeout: float) -> None:
        self.turn += 1


async def test_each_turn_of_the_loop_belongs_to_one_owner_and_owners_take_turns() -> None:
    turns, loop = Turns(), Loop()
    taken: list[tuple[int, str]] = []

    async def take(owner: str) -> None:
        line = turns.line(owner)
        for _ in range(5):
            await line.turn()
            taken.append((loop.turn, owner))

    trio.lowlevel.add_instrument(loop)
    async with trio.open_nursery() as nursery:
        for owner in "aaaaaaab":
            nursery.start_soon(take, owner)
    trio.lowlevel.remove_instrument(loop)
    assert len({turn for turn, _ in taken}) == len(taken) == 40
    assert [owner for _, owner in taken[:12]].count("b") >= 4
