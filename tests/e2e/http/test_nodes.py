"""Two hubs on one database behind the proxies of docs/proxies/nodes: requests of Socket.IO sessions
come to the node that does not have the session.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.cluster.proxied import (
    NORTH,
    SOUTH,
    Rig,
    haproxy_by_sid,
    haproxy_in_turn,
    nginx_by_sid,
    nginx_in_turn,
    proxy,
)
from tests.support.cluster.talking import (
    POLLING,
    WEBSOCKET,
    carried,
    meet,
    only_channel,
    talk,
    write,
)
from tests.support.programs.documented_proxies import certificate
from tests.support.programs.hub_process import open_folder
from tests.support.stores.databases import Databases


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


async def test_clients_talk_whichever_node_their_requests_come_to(
    server: Databases, folder: Path
) -> None:
    """Each request goes to the node that did not get the one before it."""
    async with server.migrated() as dsn:
        rig = Rig.of(folder, certificate(folder), dsn)
        with rig.hub(NORTH) as north, rig.hub(SOUTH):
            for command in (haproxy_in_turn, nginx_in_turn):
                async with proxy(rig, command):
                    await talk(rig.client, north, f"{command.__name__}0", POLLING)
                    await talk(
                        rig.client, north, f"{command.__name__}1"
                    )  # polls first, as by default
                    await talk(rig.client, north, f"{command.__name__}2", WEBSOCKET)


async def test_a_proxy_takes_requests_to_the_node_of_their_session(
    server: Databases, folder: Path
) -> None:
    """Here the nodes cannot forward anything."""
    async with server.migrated() as dsn:
        rig = Rig.of(folder, certificate(folder), dsn)
        with rig.hub(NORTH) as north, rig.hub(SOUTH):
            for name in (NORTH, SOUTH):
                (rig.data_dir(name) / f"node-{name}.sock").unlink()
            for command in (haproxy_by_sid, nginx_by_sid):
                async with proxy(rig, command):
                    await talk(rig.client, north, f"{command.__name__}0", POLLING)
                    await talk(rig.client, north, f"{command.__name__}1")


@pytest.mark.parametrize("transports", [(POLLING,), ()], ids=["polling", "upgrade"])
async def test_a_client_goes_on_at_the_other_node_when_its_own_is_killed(
    server: Databases, folder: Path, transports: tuple[str, ...]
) -> None:
    async with server.migrated() as dsn:
        rig = Rig.of(folder, certificate(folder), dsn)
        with rig.hub(NORTH) as north, ExitStack() as later:
            ann, ben = await meet(north, "")
            async with proxy(rig, haproxy_in_turn), rig.client(ben, *transports) as client:
                assert await client.happened() == {"connected": True}
                assert len(await client.heard("message:offline")) == 1
                await only_channel(client)
                await carried(client, transports[0] if transports else WEBSOCKET)
                south = later.enter_context(rig.hub(SOUTH))
                for text in ("1", "2"):
                    assert (await write(south, ann, ben, text)).status == 201
                    assert (await client.heard("message:new"))["content"] == text
                north.process.kill()
                assert (await write(south, ann, ben, "3")).status == 201
                await client.comes_back()
                assert (await client.heard("message:new"))["content"] == "3"
                assert (await write(south, ann, ben, "4")).status == 201
                assert (await client.heard("message:new"))["content"] == "4"
