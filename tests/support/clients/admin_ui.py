"""The page `@socket.io/admin-ui`, as far as its protocol goes."""

import json
from typing import Any, Final

from attrs import frozen

from tests.support.clients.operators import TOKEN
from tests.support.clients.websocket import WebSocket
from tests.support.quiet import until_quiet
from tests.support.world import World

PATH: Final = "/socket.io/?EIO=4&transport=websocket"
SIGNED_IN: Final = {"username": "admin", "password": TOKEN}


def kind_of_packet(message: str | bytes) -> str:
    text = str(message)
    if text.startswith("42/admin,"):
        return str(json.loads(text.removeprefix("42/admin,"))[0])
    return {"2": "ping", "0": "open"}.get(text[:1], text[:2])


@frozen
class AdminPage:
    """An open page."""

    socket: WebSocket

    async def packet(self) -> str:
        return (await self.socket.receive_text()).replace("/admin,", "", 1)

    async def event(self) -> list[Any]:
        """The next event, without the figures that come every other second."""
        packet = await self.packet()
        assert packet.startswith("42"), packet
        event: list[Any] = json.loads(packet[2:])
        return event

    async def stats(self) -> Any:
        """The next figures; events before them are kept."""
        packet = await self.socket.take(lambda message: kind_of_packet(message) == "server_stats")
        return json.loads(str(packet).removeprefix("42/admin,"))[1]

    async def send(self, *event: object) -> None:
        await self.socket.send_text(f"42/admin,{json.dumps(event)}")
        await until_quiet()

    async def leave(self) -> None:
        """Break the connection; what came on it need not have been read."""
        self.socket.ignoring("session", "config", "all_sockets", "server_stats")
        await self.socket.drop()


async def ask_in(world: World, auth: object, cookie: str = "") -> tuple[AdminPage, Any]:
    """A page that connects, and the confirmation or refusal."""
    socket = await world.websocket(PATH, kind=kind_of_packet, Cookie=cookie)
    page = AdminPage(socket.ignoring("ping", "open"))
    await socket.send_text(f"40/admin,{json.dumps(auth)}")
    packet = await page.packet()
    return page, json.loads(packet[2:]) | {"type": packet[:2]}


async def refusal(world: World, auth: object, cookie: str = "") -> str:
    """The error with which the hub refuses a page."""
    page, answer = await ask_in(world, auth, cookie)
    assert answer["type"] == "44", answer
    await page.socket.close_in_silence()
    return str(answer["message"])


async def open_page(world: World, auth: object = SIGNED_IN) -> tuple[AdminPage, str | None]:
    """A page that is signed in, and the id of its sign-in if it is a new one. Figures are shown
    only when `stats` reads them.
    """
    page, answer = await ask_in(world, auth)
    assert answer["type"] == "40", answer
    name, given = await page.event()
    sign_in = None
    if name == "session":
        sign_in = given
        name, given = await page.event()
    assert (name, given) == ("config", {"supportedFeatures": ["DISCONNECT"]})
    return page, sign_in
