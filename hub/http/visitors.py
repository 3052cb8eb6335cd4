"""Where requests come from, and how fast they are served before a user signs in.

Guarantees: a network is one IPv4 address, or a /64 of IPv6, which one customer has as a whole;
headers that name the client's address or the request are ignored unless a trusted proxy sent them;
in one turn of the loop one piece of what came over HTTP is handled, and networks take turns. Must
not know: what a user may do.
"""

import re
import secrets
from collections.abc import Collection
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

import trio
from attrs import field, frozen

from hub.http.headers import REQUEST_ID
from hub.limits.pace import PATIENCE_SECONDS, Meter, Pace, Paces
from hub.limits.turns import Line, Turns
from hub.settings.log_ids import know_user
from protocol.model import UserId
from protocol.websocket.handshake import Head

_REQUEST_ID: Final = re.compile(rb"[\w.:+/=@-]{1,64}", re.ASCII)


@frozen
class Visitor:
    """The sender of one request.

    Args:
        network: the sender's: an IPv4 address, or a /64 of IPv6.
        scheme: "http" or "https".
        meter: that of the connection.
        request_id: the request's id, in the log and in the header `X-Request-Id`.
        trace: the trace that the request is a part of, from a proxy's `traceparent`.
        peer: the address from which the connection came, which may be a proxy's.
    """

    network: str
    scheme: str
    meter: Meter
    request_id: str
    trace: str | None
    peer: str

    async def recognize(self, user_id: UserId, pace: Pace, cost: float = 1) -> None:
        """The user has signed in: see `Meter.recognize`. Log lines name the user from now on."""
        know_user(user_id)
        await self.meter.recognize(pace, cost)


@frozen
class Visitors:
    """Senders whose user is not known yet.

    Args:
        paces: how fast each network's requests and connections are taken until a user signs in.
        trusted_proxies: the peers whose `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Request-Id` and
            `traceparent` are used.
    """

    _paces: Paces = field(factory=Paces)
    _trusted_proxies: Collection[str] = field(default=())
    _turns: Turns = field(factory=Turns, init=False)

    def line(self, peer: str) -> Line:
        """The line in which a new connection waits for its turns of the loop."""
        return self._turns.line(_network(peer) or peer)

    def change(self, pace: tuple[float, float]) -> None:
        """Take requests at this rate, and so many at once, from now on."""
        self._paces.change(*pace)

    def meter(self, peer: str) -> Meter:
        """The meter of a new connection."""
        return Meter(self._paces.of(_network(peer) or peer))

    def is_far_behind(self, peer: str) -> bool:
        """Whether so much of this address is waiting that a new connection would wait in vain."""
        pace = self._paces.of(_network(peer) or peer)
        is_late = pace.behind(trio.current_time()) > PATIENCE_SECONDS
        return is_late and peer not in self._trusted_proxies

    async def arrive(self, peer: str, cost: float) -> None:
        """Wait until a new connection from this address may be served. A proxy's are not counted.

        Raises:
            Flooded: there have been too many for too long.
        """
        if peer not in self._trusted_proxies:
            await self.meter(peer).take(cost)

    def of(self, head: Head, peer: str, scheme: str, meter: Meter) -> Visitor:
        """The sender of a request: the peer, or the address that a trusted proxy names last. With a
        trusted proxy, the connection's meter continues at the pace of the named network; without
        one the meter keeps its pace, that of the peer's network or of a user recognized there.
        """
        network, request_id, trace = _network(peer) or peer, None, None
        if peer in self._trusted_proxies:
            network = _network(_last(head, b"x-forwarded-for")) or network
            scheme = _last(head, b"x-forwarded-proto").lower() or scheme
            request_id = _given_id(head)
            trace = (head.header(b"traceparent") or b"").decode("latin-1") or None
            meter.pace = self._paces.of(network)
        return Visitor(network, scheme, meter, request_id or new_request_id(), trace, peer)


def _given_id(head: Head) -> str | None:
    """The id that a request comes with, if it has one that is well-formed."""
    given = head.all(REQUEST_ID)
    if len(given) != 1 or _REQUEST_ID.fullmatch(given[0]) is None:
        return None
    return given[0].decode()


def _last(head: Head, header: bytes) -> str:
    """The last value of a list, which may stand in several lines."""
    return b",".join(head.all(header)).rpartition(b",")[2].strip().decode("latin-1")


def new_request_id() -> str:
    """An id of a request that no proxy has named."""
    return secrets.token_hex(8)


def _network(text: str) -> str | None:
    """The network of an address; None: it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
