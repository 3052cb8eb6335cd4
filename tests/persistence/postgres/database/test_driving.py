"""A statement takes few turns of the scheduler: asyncio's own loop has nothing to do for it."""

import socket
from collections import Counter
from functools import partial

import trio
import trio_asyncio
from attrs import define, field
from trio.testing import wait_all_tasks_blocked

from persistence.postgres.database.bridge import open_asyncio, open_connections
from persistence.postgres.database.session import SESSION, connect
from tests.support.stores.databases import Databases
from tests.support.telemetry.logs import captured_lines

STATEMENTS = 50


@define(eq=False)
class Steps(trio.abc.Instrument):
    """Counts the steps of tasks, by their names."""

    by_task: Counter[str] = field(factory=Counter)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.by_task[task.name] += 1


async def test_closing_a_socket_that_is_waited_for_is_only_logged() -> None:
    one, other = socket.socketpair()
    async with open_asyncio():
        with one, other, captured_lines() as lines:
            trio_asyncio.current_loop.get().add_reader(one, one.recv, 1)
            await wait_all_tasks_blocked()
            trio.lowlevel.notify_closing(one)
            await wait_all_tasks_blocked()
    assert [line["event"] for line in lines] == ["database_connection_broken"]


async def test_a_reply_wakes_the_task_that_waits_for_it_at_once(databases: Databases) -> None:
    steps = Steps()
    async with (
        open_asyncio(),
        open_connections(1, partial(connect, databases.dsn, SESSION)) as connections,
    ):
        await connections.fetch("SELECT 2 AS two")  # it is prepared
        trio.lowlevel.add_instrument(steps)
        for _ in range(STATEMENTS):
            await connections.fetch("SELECT 2 AS two")
        trio.lowlevel.remove_instrument(steps)
    of_the_loop = sum(
        count for name, count in steps.by_task.items() if name.endswith("._main_loop")
    )
    assert of_the_loop < STATEMENTS / 10
