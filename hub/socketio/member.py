"""A connected client of an event dialect."""

from collections.abc import Mapping
from datetime import datetime

from attrs import define

from hub.actor.client import Client
from hub.socketio.link import SocketLink
from hub.socketio.recovery import RecoverySlip
from hub.socketio.socket import Socket
from protocol.model import ChannelId


@define
class Member:
    """A connected client, and until when.

    `recovered`: where it goes on, if it is a connection that broke.
    """

    client: Client
    socket: Socket
    expires_at: datetime
    link: SocketLink
    slip: RecoverySlip | None
    recovered: Mapping[ChannelId, int] | None
