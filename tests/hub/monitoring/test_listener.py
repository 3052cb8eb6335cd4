"""The monitoring port: it shows metrics and health, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from attrs import frozen

from hub.app import Server, open_server
from hub.settings.config import Config
from hub.settings.redaction import Secret
from hub.sockets.addresses import listening, open_listeners
from persistence.interface import Store
from tests.support.clients.http import Reply, request
from tests.support.clients.metrics import values
from tests.support.clients.websocket import Refused, open_websocket

TOKEN = "t" * 16
PATHS = ("/metrics", "/healthz", "/readyz")
ELSEWHERE = (
    "/",
    "/openapi.json",
    "/api/messages/conversations",
    "/api/auth/login",
    "/private_messages/healthz",
    "/socket.io/?EIO=4&transport=polling",
    "/ws",
    "/metrics/",
    "/web/index.html",
)


@frozen
class Monitored:
    server: Server
    port: int

    async def connect(self) -> trio.SocketStream:
        return await trio.open_tcp_stream("127.0.0.1", self.port)

    async def call(self, method: str, path: str, **headers: str) -> Reply:
        async with await self.connect() as stream:
            return await request(stream, method, path, headers=headers)


@asynccontextmanager
async def monitored(store: Store) -> AsyncIterator[Monitored]:
    config = Config(port=0, metrics_token=Secret(TOKEN))
    monitors = open_listeners("127.0.0.1", 0)
    port = monitors[0].getsockname()[1]
    listeners = open_listeners("127.0.0.1", 0)
    async with open_server(config, listeners, store, monitors=monitors) as server:
        yield Monitored(server, port)


async def test_metrics_and_health_are_shown_without_a_token(memory_store: Store) -> None:
    async with monitored(memory_store) as there:
        for path in PATHS:
            assert (await there.call("GET", path)).status == 200
        shown = values((await there.call("GET", "/metrics")).text)
        assert shown["parlour_ready"] == 1
        assert shown["parlour_disk_size_bytes"] > 0


@pytest.mark.parametrize("path", ELSEWHERE)
async def test_other_paths_are_404(memory_store: Store, path: str) -> None:
    async with monitored(memory_store) as there:
        for method in ("GET", "POST"):
            assert (await there.call(method, path)).status == 404


async def test_requests_that_would_change_something_are_405(memory_store: Store) -> None:
    async with monitored(memory_store) as there:
        for path in PATHS:
            assert (await there.call("POST", path)).status == 405


async def test_no_websocket_is_opened_on_the_monitoring_port(memory_store: Store) -> None:
    async with monitored(memory_store) as there, await there.connect() as stream:
        with pytest.raises(Refused) as refused:
            await open_websocket(stream, "/ws")
        assert refused.value.status == 404


async def test_a_page_of_another_site_cannot_read_metrics(memory_store: Store) -> None:
    """Its name resolves to the hub's address, and is in the header Host."""
    async with monitored(memory_store) as there:
        assert (await there.call("GET", "/metrics", Host="evil.example.org")).status == 421


async def test_the_monitoring_port_reports_a_stop_until_the_hub_has_stopped(
    memory_store: Store,
) -> None:
    async with monitored(memory_store) as there:
        there.server.services.status.is_leaving = True
        assert (await there.call("GET", "/readyz")).status == 503
        assert values((await there.call("GET", "/metrics")).text)["parlour_ready"] == 0
    with pytest.raises(OSError, match="connect"):
        await there.connect()


async def test_the_monitoring_port_may_be_a_unix_socket(
    memory_store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "metrics.sock"
    with listening(f"unix:{path}", 0) as monitors:
        listeners = open_listeners("127.0.0.1", 0)
        async with (
            open_server(Config(port=0), listeners, memory_store, monitors=monitors),
            await trio.open_unix_socket(str(path)) as stream,
        ):
            assert (await request(stream, "GET", "/metrics")).status == 200
    assert not path.exists()
