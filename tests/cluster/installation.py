"""Nodes on one Postgres, the server of their bus, and the networks in between."""

import json
import random
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import trio
from attrs import define, field

from persistence.postgres.database.bridge import open_asyncio
from tests.chaos.proxy import Concerns, Proxy, everybody
from tests.chaos.servers.cluster import PASSWORD, ROLE, Cluster, make_database, run_cluster
from tests.cluster.health import Health
from tests.support.buses.redis_process import RedisProcess, redis_process
from tests.support.clients.http import request
from tests.support.programs.hub_process import HubProcess, RestartedHub, run_hub
from tests.support.wire.ports import unused_port

FLAGS: Final = (
    "--joining", "at_once", "--token-lifetime", "86400", "--log-format", "json", "--db-pool", "4",
    "--user-connections", "1000", "--address-requests-per-second", "10000",
    "--chat-messages", "10000", "--event-messages", "10000", "--user-messages-per-second", "10000",
)  # fmt: skip
SETTINGS: Final = ("track_commit_timestamp=on", "max_connections=150")
NAMES: Final = ("ash", "birch", "cedar", "dogwood", "elm")
ASK_SECONDS: Final = 1.0


class Engine(StrEnum):
    """The engine of the bus."""

    POSTGRES = "postgres"
    REDIS = "redis"


def is_bus(opening: bytes) -> bool:
    """Whether a connection to Postgres is one of the bus."""
    return b"parlour bus" in opening


@define
class Node(RestartedHub):
    """One of the hubs, on a fixed folder and port.

    Args:
        name: of the node.
        folder: for its data and its log.
        database: the proxy to Postgres.
        bus: the proxy to the bus; that to Postgres, if Postgres is the bus.
        bus_url: the bus, through that proxy.

    `said`: how often each line was logged, by its event.
    """

    name: str
    folder: Path
    database: Proxy
    bus: Proxy
    bus_url: str
    bus_connections: Concerns
    port: int = field(factory=unused_port, init=False)
    said: Counter[str] = field(factory=Counter, init=False)
    tracebacks: list[str] = field(factory=list, init=False)

    async def start(self) -> None:
        """See `RestartedHub`. Its log is read meanwhile."""
        await super().start()
        threading.Thread(target=self._read_log, args=(self.hub,), daemon=True).start()

    def command(self) -> AbstractContextManager[HubProcess]:
        """See `RestartedHub`."""
        data = self.folder / self.name
        data.mkdir(exist_ok=True)
        dsn = f"postgresql://{ROLE}:{PASSWORD}@127.0.0.1:{self.database.port}/parlour"
        flags = ("--database-url", f"{dsn}?sslmode=disable", "--bus", self.bus_url)
        return run_hub(data, *FLAGS, *flags, "--node-name", self.name, port=self.port)

    def _read_log(self, hub: HubProcess) -> None:
        """Read the log, so that the pipe is never full."""
        assert hub.process.stderr is not None
        with (self.folder / f"{self.name}.log").open("a") as copy:
            for line in hub.process.stderr:
                copy.write(line)
                copy.flush()
                try:
                    self.said[json.loads(line)["event"]] += 1
                except (ValueError, KeyError, TypeError):
                    self.tracebacks.append(line)

    def signal(self, number: signal.Signals) -> None:
        self.hub.process.send_signal(number)

    def kill(self) -> int:
        """Kill -9; returns the exit code."""
        self.hub.process.kill()
        code = self.hub.process.wait(10)
        self.stop()
        return code

    async def status(self, path: str) -> int:
        """The status of a page; 0: no response."""
        with trio.move_on_after(ASK_SECONDS):
            try:
                async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
                    return (await request(stream, "GET", path)).status
            except (OSError, AssertionError, trio.BrokenResourceError):
                return 0
        return 0


@define
class Installation:
    """All running parts.

    `redis`: None where Postgres is the bus.
    """

    engine: Engine
    cluster: Cluster
    redis: RedisProcess | None
    nodes: Sequence[Node]
    health: Health = field(factory=Health, init=False)

    @property
    def names(self) -> Sequence[str]:
        return [node.name for node in self.nodes]


@asynccontextmanager
async def install(
    folder: Path, engine: Engine, count: int, dice: random.Random
) -> AsyncIterator[Installation]:
    """Start so many nodes; everything is ended on exit. An asyncio loop is running inside."""
    servers = folder / "postgres"
    servers.mkdir()
    with ExitStack() as stack:
        cluster = stack.enter_context(run_cluster(servers, unused_port(), *SETTINGS))
        redis = None
        if engine is Engine.REDIS:
            redis = stack.enter_context(redis_process())
            redis.port = unused_port()
            redis.start()
        async with open_asyncio(), trio.open_nursery() as nursery:
            await make_database(cluster)
            nodes: list[Node] = []
            for name in NAMES[:count]:
                database = Proxy(cluster.port, dice)
                await nursery.start(database.serve)
                node = Node(name, folder, database, database, "postgres", is_bus)
                if redis is not None:
                    bus = Proxy(redis.port, dice)
                    await nursery.start(bus.serve)
                    url = _at(redis.url, redis.port, bus.port)
                    node = Node(name, folder, database, bus, url, everybody)
                stack.callback(node.stop)
                await node.start()
                nodes.append(node)
            yield Installation(engine, cluster, redis, nodes)
            for node in nodes:
                node.kill()
            nursery.cancel_scope.cancel()


def _at(url: str, port: int, other: int) -> str:
    """The DSN of the same server at another port."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{port}", f":{other}")))
