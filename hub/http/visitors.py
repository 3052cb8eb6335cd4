"""Where requests come from, and how fast those of strangers are served.

Guarantees: a network is one IPv4 address, or a /64 of IPv6, which one customer has as a whole;
what is said of it by others than a trusted proxy is ignored. Must not know: users.
"""

from collections.abc import Collection
from ipaddress import IPv4Address, ip_address, ip_network

from attrs import field, frozen

from hub.limits.pace import Meter, Paces
from protocol.websocket.handshake import Head


@frozen
class Visitor:
    """Who sent one request. `scheme`: "http" or "https". `meter`: that of the connection."""

    network: str
    scheme: str
    meter: Meter


@frozen
class Visitors:
    """Those who are not known yet.

    Args:
        paces: how fast each network's requests and connections are taken until somebody signs in.
        trusted_proxies: whose `X-Forwarded-For` is believed.
    """

    _paces: Paces = field(factory=Paces)
    _trusted_proxies: Collection[str] = field(default=())

    def meter(self, peer: str) -> Meter:
        """Of a new connection."""
        return Meter(self._paces.of(_network(peer) or peer))

    async def arrive(self, peer: str, cost: float) -> None:
        """Wait until a new connection from this address may be served. A proxy's are not counted.

        Raises:
            Flooded: there have been too many for too long.
        """
        if peer not in self._trusted_proxies:
            await self.meter(peer).take(cost)

    def of(self, head: Head, peer: str, scheme: str, meter: Meter) -> Visitor:
        """Who sent a request: the peer, or whom a trusted proxy names last. The connection's meter
        goes on at the pace of their network.
        """
        named = ""
        if peer in self._trusted_proxies:
            named = _last(head, b"x-forwarded-for")
            scheme = _last(head, b"x-forwarded-proto").lower() or scheme
        network = _network(named) or _network(peer) or peer
        meter.pace = self._paces.of(network)
        return Visitor(network, scheme, meter)


def _last(head: Head, header: bytes) -> str:
    """The last value of a list, which may stand in several lines."""
    return b",".join(head.all(header)).rpartition(b",")[2].strip().decode("latin-1")


def _network(text: str) -> str | None:
    """The network of an address; None: it is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
