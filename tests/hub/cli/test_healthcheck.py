"""The health check of a hub; here of one that waits for its database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from hub.cli.healthcheck import NotWell, check
from hub.settings.config import Config
from hub.sockets.addresses import listening, unix_path
from hub.sockets.tls import server_context
from hub.starting import Waiting
from tests.support.programs.documented_proxies import certificate


@asynccontextmanager
async def waiting_hub(**settings: Any) -> AsyncIterator[Config]:
    """A hub that is alive and not ready; yields settings by which it is reached."""
    asked = Config(port=0, **settings)
    async with trio.open_nursery() as nursery:
        with listening(asked.host, 0) as listeners:
            waiting = Waiting([(listeners, server_context(asked))], lambda _: None, nursery)
            waiting.begin("away")
            port = 0 if unix_path(asked.host) else listeners[0].getsockname()[1]
            yield Config(port=port, **settings)
            nursery.cancel_scope.cancel()


async def ask(config: Config, path: str) -> str:
    return await trio.to_thread.run_sync(partial(check, config, path))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost", "unix"])
async def test_a_live_hub_is_healthy_wherever_it_listens(host: str, tmp_path: Path) -> None:
    where = f"unix:{tmp_path}/hub.sock" if host == "unix" else host
    async with waiting_hub(host=where) as config:
        assert await ask(config, "/healthz") == '{"status":"ok"}'
        with pytest.raises(NotWell, match=r'is not well: 503 \{"status":"starting"\}'):
            await ask(config, "/readyz")


async def test_a_hub_on_every_address_of_ipv6_is_checked() -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("there is no IPv6 here")
    async with waiting_hub(host="::") as config:
        assert await ask(config, "/healthz") == '{"status":"ok"}'


async def test_a_hub_is_checked_over_tls_whatever_name_its_certificate_has(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    async with waiting_hub(tls_cert=made.chain, tls_key=made.key) as config:
        assert await ask(config, "/healthz") == '{"status":"ok"}'
        with pytest.raises(NotWell, match="does not answer"):
            await ask(Config(port=config.port), "/healthz")


async def test_an_unreachable_hub_is_not_healthy(tmp_path: Path) -> None:
    with pytest.raises(NotWell, match=r"does not answer: .*refused"):
        await ask(Config(port=1), "/healthz")
    with pytest.raises(NotWell, match=r"does not answer: .*no such file"):
        await ask(Config(host=f"unix:{tmp_path}/none"), "/healthz")


async def test_a_server_that_does_not_speak_http_is_not_healthy(tmp_path: Path) -> None:
    with listening("127.0.0.1", 0) as (taken,):
        taken.setblocking(True)

        def answer() -> None:
            accepted, _ = taken.accept()
            with accepted:
                accepted.recv(1_000)
                accepted.sendall(b"220 mail\r\n")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.to_thread.run_sync, answer)
            with pytest.raises(NotWell, match=r"What answers at 127.0.0.1:\d+ speaks no HTTP"):
                await ask(Config(port=taken.getsockname()[1]), "/healthz")
