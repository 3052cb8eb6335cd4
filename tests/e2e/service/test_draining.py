"""A node that stops while another one goes on, as clients and load balancers see it."""

import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import trio

from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.stores.databases import Databases


def run_node(stack: ExitStack, folder: Path, dsn: str, name: str) -> HubProcess:
    """A node on this database that drains for 4 s."""
    flags = ("--bus", "postgres", "--node-name", name, "--drain-seconds", "4")
    return stack.enter_context(run_hub(folder / name, "--database-url", dsn, *flags))


async def test_clients_go_to_another_node_and_are_online_all_the_time(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn:
        with open_folder() as folder, ExitStack() as stack:
            north, south = [run_node(stack, folder, dsn, name) for name in ("north", "south")]
            (_, anns), (ben, bens) = await north.sign_up("ann"), await north.sign_up("ben")
            followed = await north.call("POST", f"/api/users/{ben}/follow", cookie=anns)
            assert followed.status < 300, followed.text
            frames: list[Any] = []

            async def watch() -> None:
                async with south.open(bens) as socket:
                    watching.set()
                    while True:
                        frames.append(await socket.receive())

            watching = trio.Event()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(watch)
                await watching.wait()
                async with north.open(anns) as socket:
                    north.process.send_signal(signal.SIGTERM)
                    _, closed = await socket.until_closed()
                    assert closed.code == 1012
                async with south.open(anns) as back:
                    back.ignoring("user_online_status")
                    assert north.process.wait() == 0
                nursery.cancel_scope.cancel()
            assert all(frame["is_online"] for frame in frames)
