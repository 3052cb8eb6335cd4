"""All nodes are restarted, one after the other, behind HAProxy as documented, while stock Socket.IO
clients write: nothing is lost, each client is closed once by each stop of its node, and no user is
shown as offline.
"""

import json
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Final

import pytest
import trio
from attrs import define, field

from tests.support.cluster.proxied import NAMES, NORTH, SOUTH, Rig, haproxy_by_sid, proxy
from tests.support.cluster.talking import POLLING, WEBSOCKET, meet
from tests.support.programs.documented_proxies import certificate
from tests.support.programs.hub_process import HubProcess, RestartedHub, open_folder
from tests.support.programs.node import run_node
from tests.support.programs.talking import TalkingProgram
from tests.support.stores.databases import Databases, execute

pytestmark = pytest.mark.timeout(180)

PAIRS: Final = int(os.environ.get("PARLOUR_TEST_PAIRS", "6"))
PAUSE_MS: Final = 7 * PAIRS  # of each client between two messages: at most 290 a second in all
DRAIN_SECONDS: Final = 4
BACK_SECONDS: Final = 5  # after a drain
TRANSPORTS: Final = ([POLLING], [WEBSOCKET], None)
DM: Final = "SELECT id FROM channels WHERE user_lo = $1 AND user_hi = $2"
FLAGS: Final = (
    "--drain-seconds", str(DRAIN_SECONDS), "--user-messages-per-second", "10000",
    "--event-messages", "10000", "--address-requests-per-second", "10000",
    "--login-attempts-per-address", "10000",
)  # fmt: skip


@define
class Node(RestartedHub):
    """One of the two nodes."""

    rig: Rig
    name: str
    seen: list[Any] = field(factory=list, init=False)

    def command(self) -> AbstractContextManager[HubProcess]:
        """See `RestartedHub`."""
        return self.rig.hub(self.name, *FLAGS)

    async def end(self) -> None:
        """SIGTERM, as a service manager sends it."""
        self.hub.process.send_signal(signal.SIGTERM)
        assert await trio.to_thread.run_sync(self.hub.process.wait) == 0

    async def watch(self, cookie: str, task_status: trio.TaskStatus[None]) -> None:
        """Collect who is shown as online or offline, until the node closes the connection."""
        async with self.hub.open(cookie) as socket:
            task_status.started()
            frames, _ = await socket.until_closed()
            self.seen += frames


def with_statistics(rig: Rig) -> Sequence[str]:
    """HAProxy as documented, with a page that shows the state of each node."""
    command = haproxy_by_sid(rig)
    file = rig.folder / "haproxy.cfg"
    file.write_text(f"global\n    stats socket {rig.folder / 'stats'}\n{file.read_text()}")
    return command


async def until_takes(rig: Rig, name: str) -> None:
    """Until HAProxy sends requests to the node."""
    while True:
        async with await trio.open_unix_socket(rig.folder / "stats") as stream:
            await stream.send_all(b"show stat\n")
            page = b"".join([data async for data in stream]).decode()
        if _state(page, name).startswith("UP"):
            return
        await trio.lowlevel.checkpoint()


def _state(page: str, name: str) -> str:
    """The state of a node, in the table that HAProxy shows."""
    head, *rows = [line.split(",") for line in page.splitlines() if line]
    (row,) = [row for row in rows if row[:2] == ["parlour", name]]
    return row[head.index("status")]


async def pair_of(node: Node, number: int, watcher: int) -> Mapping[str, object]:
    """Two users who may write to each other, and whose presence the watcher may see."""
    ann, ben = await meet(node.hub, str(number))
    for each in (ann, ben):
        path = f"/api/users/{watcher}/follow"
        assert (await node.hub.call("POST", path, cookie=each.cookie)).status < 300
    channel = await execute(node.rig.dsn, DM, *sorted((ann.number, ben.number)))
    found: dict[str, object] = {"channel": str(channel), "auths": [ann.auth, ben.auth]}
    transports = TRANSPORTS[number % len(TRANSPORTS)]
    return found if transports is None else {**found, "transports": transports}


@asynccontextmanager
async def crowd(rig: Rig, pairs: Sequence[object]) -> AsyncIterator[TalkingProgram]:
    """Stock clients, once all are connected."""
    trusted = rig.folder / "trusted.pem"
    rig.cert.authority.cert_pem.write_to_path(trusted)
    environment = {"NODE_EXTRA_CA_CERTS": str(trusted)}
    arguments = (rig.url, json.dumps(pairs), str(PAUSE_MS))
    async with run_node("socketio_crowd.mjs", *arguments, environment=environment) as program:
        assert await program.happened() == {"connected": 2 * len(pairs)}
        yield program


def judge(clients: Sequence[Any]) -> None:
    """The clients saw what the documentation promises."""
    assert sum(len(each["acknowledged"]) for each in clients) > 600
    for one, other in zip(clients[::2], clients[1::2], strict=True):
        for writer, hearer in ((one, other), (other, one)):
            assert hearer["heard"] == writer["acknowledged"]
    for client in clients:
        later = client["visits"][1:]
        assert client["refused"] == []
        assert set(client["codes"]) <= {1012, None}  # a polling client gets no code
        assert all(visit["recovered"] for visit in later)
        assert all(visit["awayMs"] < BACK_SECONDS * 1_000 for visit in later), later
        nodes = [visit["node"] for visit in client["visits"]]
        # closed by each stop of the node that it was at, and by nothing else
        assert nodes in ([NORTH, SOUTH, NORTH], [SOUTH, NORTH]), client["visits"]


async def test_each_client_is_closed_once_by_each_stop_of_its_node(server: Databases) -> None:
    async with server.migrated() as dsn:
        with open_folder() as folder:
            rig = Rig.of(folder, certificate(folder), dsn)
            nodes = [Node(rig, name) for name in NAMES]
            try:
                for node in nodes:
                    await node.start()
                watcher, cookie = await nodes[0].hub.sign_up("watcher")
                pairs = [await pair_of(nodes[0], number, watcher) for number in range(PAIRS)]
                async with (
                    proxy(rig, with_statistics),
                    crowd(rig, pairs) as program,
                    trio.open_nursery() as nursery,
                ):
                    for node in nodes:
                        await nursery.start(node.watch, cookie)
                    for node in nodes:
                        await node.end()
                        await program.tell("")
                        assert await program.happened() == {"connected": 2 * len(pairs)}
                        await node.start()
                        await nursery.start(node.watch, cookie)
                        await until_takes(rig, node.name)
                    await program.finish()
                    clients = [await program.happened() for _ in range(2 * len(pairs))]
                    nursery.cancel_scope.cancel()
            finally:
                for node in nodes:
                    node.stop()
    judge(clients)
    shown = [frame for node in nodes for frame in node.seen if "is_online" in frame]
    assert shown
    assert [frame for frame in shown if not frame["is_online"]] == []
