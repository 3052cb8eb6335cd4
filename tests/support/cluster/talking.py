"""Users who talk over Socket.IO, whichever node receives their requests."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from tests.support.clients.http import Reply
from tests.support.programs.hub_process import HubProcess
from tests.support.programs.socketio import Friend, SocketIoProgram, sign_up

POLLING: Final = "polling"
WEBSOCKET: Final = "websocket"
Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[SocketIoProgram]]
"""The client of a friend, with these transports; by default it polls first."""


async def meet(hub: HubProcess, at: str) -> tuple[Friend, Friend]:
    """Two new people with a conversation."""
    ann, ben = await sign_up(hub, f"ann{at}"), await sign_up(hub, f"ben{at}")
    assert (await write(hub, ann, ben, "first")).status == 201
    request = f"/private_messages/api/messages/requests/{ann.number}"
    assert (await hub.call("POST", request, cookie=ben.cookie)).status == 200
    return ann, ben


async def write(hub: HubProcess, author: Friend, reader: Friend, text: str) -> Reply:
    """Send a private message over REST."""
    path = f"/private_messages/api/messages/{reader.number}"
    return await hub.call("POST", path, {"content": text}, author.cookie)


async def only_channel(client: SocketIoProgram) -> str:
    """The id of the only channel that the user has, which has one message; the client joins it."""
    assert await client.ask("resume", {}) == {"success": True}
    assert (await client.heard("message:new"))["content"] == "first"
    ((channel, _),) = (await client.heard("resumed"))["after"].items()
    return str(channel)


async def carried(client: SocketIoProgram, carrier: str) -> None:
    """Wait until the client uses this transport."""
    await client.tell({"carrier": carrier})
    assert await client.happened() == {"carrier": carrier}


async def say(speaker: SocketIoProgram, hearer: SocketIoProgram, channel: str, text: str) -> None:
    """Send a message over Socket.IO, and receive it on the other side."""
    sent = {"content": text, "channelId": channel, "tempId": text}
    assert (await speaker.ask("message:send", sent))["success"] is True
    assert (await speaker.heard("message:sent"))["tempId"] == text
    assert (await hearer.heard("message:new"))["content"] == text


async def talk(connect: Connect, hub: HubProcess, at: str, *transports: str) -> None:
    """Two new users send messages to each other.

    Args:
        connect: makes the users' clients.
        hub: where the users are registered.
        at: the end of the users' names.
        transports: those of the clients; by default they poll first.
    """
    ann, ben = await meet(hub, at)
    async with connect(ann, *transports) as anns, connect(ben, *transports) as bens:
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
