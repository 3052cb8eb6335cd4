"""What the page `@socket.io/admin-ui` (0.5.1) sends and receives, in its own names.

`session`, `config`, `server_stats`, `all_sockets`, `socket_connected`, `socket_updated`,
`socket_disconnected`, `room_joined` and `room_left` are its events, `_disconnect` the only command
that it is offered. It shows its tables when neither of the features `ALL_EVENTS` and
`AGGREGATED_EVENTS` is named. Must not know: who may see what.
"""

from collections.abc import Sequence
from typing import Final, TypedDict

from attrs import frozen

from protocol.shapes.timestamps import Timestamp
from protocol.socketio.packets import Data

NAMESPACE: Final = "/admin"
USERNAME: Final = "admin"
INVALID: Final = "invalid credentials"
"""The text of a refusal on which the page asks for the password again."""
DISCONNECT: Final = "_disconnect"
FEATURES: Final = ("DISCONNECT",)
"""What the page offers: to disconnect one socket, or one client."""


class HandshakeObject(TypedDict):
    """How a socket was opened. `issued`: in milliseconds since 1970."""

    address: str
    headers: dict[str, str]
    query: dict[str, str]
    issued: int
    time: Timestamp


class SocketObject(TypedDict):
    """A socket. The page groups sockets with the same `clientId` as one client."""

    id: str
    clientId: str
    transport: str
    nsp: str
    data: dict[str, Data]
    handshake: HandshakeObject
    rooms: list[str]


class NamespaceObject(TypedDict):
    """How many sockets are in a namespace."""

    name: str
    socketsCount: int


class StatsObject(TypedDict):
    """The state of a server. `uptime` is in seconds. The page merges lists by index, so a namespace
    keeps its index in `namespaces`.
    """

    serverId: str
    hostname: str
    pid: int
    uptime: float
    clientsCount: int
    pollingClientsCount: int
    namespaces: list[NamespaceObject]


@frozen
class Disconnection:
    """A socket that is to be disconnected, or all of its client."""

    id: str
    is_client: bool


def disconnection(args: Sequence[Data]) -> Disconnection | None:
    """The content of a `_disconnect`; None: it names no socket or client, or is malformed."""
    match list(args):
        case [str(), bool(is_client), str(id_)]:
            return Disconnection(id_, is_client)
        case _:
            return None
