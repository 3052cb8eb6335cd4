"""A connected client of an event dialect."""

from collections.abc import Mapping

from attrs import define

from hub.actor.client import Client
from hub.limits.quotas import Place
from hub.services.asker import Asker
from hub.socketio.link import SocketLink
from hub.socketio.recovery import RecoverySlip
from protocol.model import ChannelId, Reached


@define
class Member:
    """A connected client.

    Args:
        asker: gives the client's commands.
        link: carries frames to it.
        slip: what is kept for its recovery; None if it cannot be recovered.
        recovered: the positions of the broken connection that it continues, if it continues one.
        place: its place among its user's connections.
    """

    asker: Asker
    link: SocketLink
    slip: RecoverySlip | None
    recovered: Mapping[ChannelId, Reached] | None
    place: Place

    @property
    def client(self) -> Client:
        """The connection as the Hub knows it."""
        return self.asker.connection
