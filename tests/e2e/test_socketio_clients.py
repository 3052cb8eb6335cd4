"""`message:*` with the stock clients of other languages, and of browsers, in their defaults."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from socket import socket
from typing import Any, Final, TypeAlias

import pytest

from tests.support.browser.chromium import require_chromium, run_in_chromium
from tests.support.programs.hub_process import HubProcess, open_folder, run_hub
from tests.support.programs.proxies import haproxy, listener, nginx
from tests.support.programs.socketio import Friend, SocketIoProgram, sign_up

Proxy: TypeAlias = Callable[[socket, str, Path], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def hub() -> Iterator[HubProcess]:
    with open_folder() as folder, run_hub(folder / "data") as hub:
        yield hub


async def only_channel(client: SocketIoProgram) -> str:
    """The id of the only channel that the user has, which has one message; the client joins it."""
    assert await client.ask("resume", {}) == {"success": True}
    assert (await client.heard("message:new"))["content"] == "first"
    ((channel, seq),) = (await client.heard("resumed"))["after"].items()
    assert seq == 1
    return str(channel)


@pytest.mark.parametrize("kind", ["threads", "asyncio"])
async def test_python_clients_upgrade_send_and_receive(hub: HubProcess, kind: str) -> None:
    ann, ben = await sign_up(hub, f"ann{kind}"), await sign_up(hub, f"ben{kind}")
    path = f"/private_messages/api/messages/{ben.number}"
    assert (await hub.call("POST", path, {"content": "first"}, ann.cookie)).status == 201
    request = f"/private_messages/api/messages/requests/{ann.number}"
    assert (await hub.call("POST", request, cookie=ben.cookie)).status == 200
    async with ann.python_client(kind) as anns, ben.python_client(kind) as bens:
        for client in (anns, bens):
            assert await client.happened() == {"connected": "websocket"}
            if client is bens:
                assert [each["seq"] for each in await bens.heard("message:offline")] == [1]
            dm = await only_channel(client)
        await anns.emit("message:typing:start", {"channelId": dm})
        assert (await bens.heard("message:typing:start"))["userId"] == ann.id
        answer = await anns.ask("message:send", {"content": "hi", "channelId": dm, "tempId": "t"})
        assert answer["success"] is True
        assert (await anns.heard("message:sent"))["tempId"] == "t"
        assert (await bens.heard("message:typing:stop"))["isTyping"] is False
        new = await bens.heard("message:new")
        assert new == answer["data"]
        await bens.emit("message:read", {"messageId": new["id"]})
        for _ in range(2):  # the first message and this one
            assert (await anns.heard("message:read"))["status"] == "READ"
        await anns.emit("message:dance", {})
        assert (await anns.heard("message:error"))["code"] == "unknown_type"


@pytest.fixture(scope="module")
def chromium() -> None:
    require_chromium()


async def connections(page: str, server: str, friend: Friend) -> list[Any]:
    """The transports that a client uses by default, with polling alone and with a WebSocket
    alone.
    """
    given = json.dumps(friend.auth)
    async with run_in_chromium("socketio_browser.mjs", page, server, given) as browser:
        found = [await browser.happened() for _ in range(3)]
        assert await browser.end() == 0
    return found


CONNECTED: Final = [
    {"transport": transport, "answer": {"success": True}}
    for transport in ("websocket", "polling", "websocket")
]


@pytest.mark.parametrize("proxy", [None, nginx, haproxy], ids=["directly", "nginx", "haproxy"])
async def test_a_page_of_the_hub_connects_with_the_defaults(
    chromium: None, proxy: Proxy | None
) -> None:
    with open_folder() as folder, ExitStack() as stack:
        server, port = stack.enter_context(listener())
        seen = f"{'https' if proxy is nginx else 'http'}://localhost:{port}"
        flags = ("--trusted-proxies", "127.0.0.1", "--allowed-origins", seen)
        hub = stack.enter_context(run_hub(folder / "data", *flags))
        ann = await sign_up(hub, "ann")
        if proxy is not None:
            stack.enter_context(proxy(server, f"{hub.host}:{hub.port}", folder))
        page = f"http://localhost:{hub.port}" if proxy is None else seen
        assert await connections(page, "", ann) == CONNECTED


async def test_a_page_of_another_origin_connects_if_it_is_allowed(chromium: None) -> None:
    with open_folder() as folder, run_hub(folder / "page") as page:
        with run_hub(folder / "open", "--allowed-origins", page.url) as hub:
            ann = await sign_up(hub, "ann")
            assert await connections(page.url, hub.url, ann) == CONNECTED
        ann = await sign_up(page, "ann")
        other = (
            f"http://localhost:{page.port}"  # the same server under a name that is not the page's
        )
        for refused in await connections(page.url, other, ann):
            assert "error" in refused["refused"], refused
