"""`until_quiet` returns for everybody who waits, however many there are."""

import trio
import trio.testing
from trio.testing import MockClock

from persistence.interface import Store
from protocol.model import UserId
from tests.support.quiet import Counted, until_quiet
from tests.support.stores.held import Held


async def test_all_who_wait_for_one_statement_learn_of_its_end(
    memory_store: Store, autojump_clock: MockClock
) -> None:
    accounts = Held(memory_store.accounts, ("get",))
    counted = Counted(accounts)
    returned: list[int] = []

    async def wait(number: int) -> None:
        await until_quiet()
        assert accounts.go_on.is_set()
        returned.append(number)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(counted.get, UserId(1))
            await accounts.asked.wait()
            for number in range(3):
                nursery.start_soon(wait, number)
            await trio.testing.wait_all_tasks_blocked()
            accounts.go_on.set()
    assert sorted(returned) == [0, 1, 2]
