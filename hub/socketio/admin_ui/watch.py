"""The connections of the Hub, as one operator's page sees them.

Guarantees: the state is compared with what the page has, so nothing is kept or counted while no
page is open, and a page that reads slowly gets the newest state after it has read the last one;
other tasks get a turn after every few connections. A page gets the rooms of a connection, and those
fields of `parlour admin connections` that do not change. Must not know: who may open a page, what a
dialect is.
"""

import os
import socket as sockets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import trio
from attrs import define, field

from hub.actor.client import Client
from hub.actor.hub import Hub
from hub.actor.letters import Room
from hub.socketio.socket import Socket
from protocol.engineio.session import Carrier
from protocol.shapes.timestamps import timestamp
from protocol.socketio.admin_ui import SocketObject, StatsObject
from protocol.socketio.packets import Data

PAGE: Final = 200  # connections that are examined, or sent, in one turn
MAX_ROOMS: Final = 50  # that are shown of one connection

_Event: TypeAlias = tuple[str, *tuple[Data, ...]] | tuple[()]


@define
class _Shown:
    """A connection as the page has it."""

    client: Client
    carrier: Carrier
    rooms: Sequence[Room]


@define(eq=False)
class Watch:
    """The connections of a hub, as one page has them.

    Args:
        hub: has the connections.
        since: when the hub started.
        page: gets the events.
    """

    _hub: Hub
    _since: datetime
    _page: Socket
    _shown: dict[int, _Shown] = field(factory=dict, init=False)
    _began: bool = field(default=False, init=False)
    _polling: int = field(default=0, init=False)

    def find(self, id_: str) -> tuple[int, Client] | None:
        """The connection that the page knows by this id, and its number."""
        text = id_.rpartition(":")[2]
        number = int(text) if text.isascii() and text.isdigit() else 0
        shown = self._shown.get(number)
        if shown is None or _id(number, shown.client) != id_:
            return None
        return number, shown.client

    async def send_changes(self) -> None:
        """Send the page what has changed since the last time, as fast as it reads."""
        for count, event in enumerate(self._changes(), 1):
            if event:
                self._page.queue_event(*event)
            if count % PAGE == 0:
                await self._give_turn()
        self._page.queue_event("server_stats", self._stats())
        await self._give_turn()

    async def _give_turn(self) -> None:
        self._page.flush()
        await self._page.caught_up()
        await trio.lowlevel.checkpoint()

    def _changes(self) -> Iterator[_Event]:
        """The events, and an empty one for each connection that was examined. The caller may wait
        between two of them.
        """
        now = dict(self._hub.numbered())
        before = list(self._shown.items())
        for number, shown in before:
            if number in now:
                yield from self._differences(number, shown)
            else:
                del self._shown[number]
                yield _farewell(number, shown.client)
        new = [(number, client) for number, client in now.items() if number not in self._shown]
        if not (self._began and self._shown):  # the page chooses what to show from the first list
            first, new = new[:PAGE], new[PAGE:]
            if first or not self._began:
                self._began = True
                yield "all_sockets", [self._show(*each) for each in first]
        for number, client in new:
            yield "socket_connected", self._show(number, client), timestamp(client.since)
        carriers = [shown.carrier for shown in self._shown.values()]
        self._polling = carriers.count(Carrier.POLLING)

    def _differences(self, number: int, shown: _Shown) -> Iterator[_Event]:
        client, nsp, id_ = shown.client, shown.client.wire.name, _id(number, shown.client)
        if client.link.carrier is not shown.carrier:
            shown.carrier = client.link.carrier
            yield "socket_updated", {"id": id_, "nsp": nsp, "transport": shown.carrier.value}
        rooms, had = self._rooms(client), shown.rooms
        yield ()
        if rooms != had:
            shown.rooms = rooms
            at = timestamp(datetime.now(UTC))
            for room in had:
                if room not in rooms:
                    yield "room_left", nsp, _name(room), id_, at
            for room in rooms:
                if room not in had:
                    yield "room_joined", nsp, _name(room), id_, at

    def _rooms(self, client: Client) -> Sequence[Room]:
        return self._hub.rooms_joined(client, MAX_ROOMS)

    def _show(self, number: int, client: Client) -> SocketObject:
        shown = _Shown(client, client.link.carrier, self._rooms(client))
        self._shown[number] = shown
        return {
            "id": _id(number, client),
            "clientId": client.user.username,
            "transport": shown.carrier.value,
            "nsp": client.wire.name,
            "data": {
                "id": number,
                "user_id": client.user.id,
                "username": client.user.username,
            },
            "handshake": {
                "address": client.network,
                "headers": {},
                "query": {},
                "issued": round(client.since.timestamp() * 1_000),
                "time": timestamp(client.since),
            },
            "rooms": list(map(_name, shown.rooms)),
        }

    def _stats(self) -> StatsObject:
        counts = self._hub.connections_by_dialect()
        name = sockets.gethostname()
        return {
            "serverId": name,
            "hostname": name,
            "pid": os.getpid(),
            "uptime": round((datetime.now(UTC) - self._since).total_seconds(), 1),
            "clientsCount": sum(counts.values()),
            "pollingClientsCount": self._polling,
            "namespaces": [
                {"name": each, "socketsCount": counts.get(each, 0)}
                for each in self._hub.figures.opened
            ],
        }


def _id(number: int, client: Client) -> str:
    """A connection's id in the page: the username, and the connection's number."""
    return f"{client.user.username}:{number}"


def _farewell(number: int, client: Client) -> _Event:
    reason = f"closed with {client.link.close_code}"
    at = timestamp(datetime.now(UTC))
    return "socket_disconnected", client.wire.name, _id(number, client), reason, at


def _name(room: Room) -> str:
    number, kind = room
    return f"{kind} {number}"
