"""Two hubs on one database behind the proxies of docs/proxies/nodes: sessions of Socket.IO whose
requests come to the node that they are not at.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.http import Reply
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
from tests.support.programs.documented_proxies import certificate
from tests.support.programs.hub_process import HubProcess, open_folder
from tests.support.programs.socketio import Friend, SocketIoProgram, sign_up
from tests.support.stores.databases import Databases

POLLING, WEBSOCKET = "polling", "websocket"


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


async def meet(hub: HubProcess, at: str) -> tuple[Friend, Friend]:
    """Two new people with a conversation."""
    ann, ben = await sign_up(hub, f"ann{at}"), await sign_up(hub, f"ben{at}")
    assert (await write(hub, ann, ben, "first")).status == 201
    request = f"/private_messages/api/messages/requests/{ann.number}"
    assert (await hub.call("POST", request, cookie=ben.cookie)).status == 200
    return ann, ben


async def write(hub: HubProcess, author: Friend, reader: Friend, text: str) -> Reply:
    path = f"/private_messages/api/messages/{reader.number}"
    return await hub.call("POST", path, {"content": text}, author.cookie)


async def only_channel(client: SocketIoProgram) -> str:
    """The id of the channel with one message that the user has, which is joined."""
    assert await client.ask("resume", {}) == {"success": True}
    assert (await client.heard("message:new"))["content"] == "first"
    ((channel, _),) = (await client.heard("resumed"))["after"].items()
    return str(channel)


async def carried(client: SocketIoProgram, carrier: str) -> None:
    await client.tell({"carrier": carrier})
    assert await client.happened() == {"carrier": carrier}


async def say(speaker: SocketIoProgram, hearer: SocketIoProgram, channel: str, text: str) -> None:
    sent = {"content": text, "channelId": channel, "tempId": text}
    assert (await speaker.ask("message:send", sent))["success"] is True
    assert (await speaker.heard("message:sent"))["tempId"] == text
    assert (await hearer.heard("message:new"))["content"] == text


async def talk(rig: Rig, hub: HubProcess, at: str, *transports: str) -> None:
    """Two new people, behind the proxy, hear each other."""
    ann, ben = await meet(hub, at)
    async with rig.client(ann, *transports) as anns, rig.client(ben, *transports) as bens:
        for client in (anns, bens):
            assert await client.happened() == {"connected": True}
        assert [each["seq"] for each in await bens.heard("message:offline")] == [1]
        channel = await only_channel(anns)
        assert await only_channel(bens) == channel
        for client in (anns, bens):
            await carried(client, transports[0] if transports else WEBSOCKET)
        for number in range(3):
            await say(anns, bens, channel, f"a{number}")
            await say(bens, anns, channel, f"b{number}")


async def test_clients_talk_whichever_node_their_requests_come_to(
    server: Databases, folder: Path
) -> None:
    """Each request comes to the other node than the one before it."""
    async with server.migrated() as dsn:
        rig = Rig.of(folder, certificate(folder), dsn)
        with rig.hub(NORTH) as north, rig.hub(SOUTH):
            for command in (haproxy_in_turn, nginx_in_turn):
                async with proxy(rig, command):
                    await talk(rig, north, f"{command.__name__}0", POLLING)
                    await talk(rig, north, f"{command.__name__}1")  # polls first, as by default
                    await talk(rig, north, f"{command.__name__}2", WEBSOCKET)


async def test_a_proxy_takes_requests_to_the_node_of_their_session(
    server: Databases, folder: Path
) -> None:
    """Where the nodes cannot forward anything."""
    async with server.migrated() as dsn:
        rig = Rig.of(folder, certificate(folder), dsn)
        with rig.hub(NORTH) as north, rig.hub(SOUTH):
            for name in (NORTH, SOUTH):
                (rig.data_dir(name) / f"node-{name}.sock").unlink()
            for command in (haproxy_by_sid, nginx_by_sid):
                async with proxy(rig, command):
                    await talk(rig, north, f"{command.__name__}0", POLLING)
                    await talk(rig, north, f"{command.__name__}1")


@pytest.mark.parametrize("transports", [(POLLING,), ()], ids=["polling", "upgrade"])
async def test_a_client_goes_on_at_the_other_node_when_its_own_is_killed(
    server: Databases, folder: Path, transports: tuple[str, ...]
) -> None:
    async with server.migrated() as dsn:
        rig = Rig.of(folder, certificate(folder), dsn)
        with rig.hub(NORTH) as north:
            ann, ben = await meet(north, "")
            async with proxy(rig, haproxy_in_turn), rig.client(ben, *transports) as client:
                assert await client.happened() == {"connected": True}
                assert len(await client.heard("message:offline")) == 1
                await only_channel(client)
                await carried(client, transports[0] if transports else WEBSOCKET)
                with rig.hub(SOUTH) as south:
                    for text in ("1", "2"):
                        assert (await write(south, ann, ben, text)).status == 201
                        assert (await client.heard("message:new"))["content"] == text
                    north.process.kill()
                    assert (await write(south, ann, ben, "3")).status == 201
                    await client.comes_back()
                    assert (await client.heard("message:new"))["content"] == "3"
                    assert (await write(south, ann, ben, "4")).status == 201
                    assert (await client.heard("message:new"))["content"] == "4"
