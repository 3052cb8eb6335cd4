"""Command -> service: what each thing a client may ask leads to.

Guarantees: every command has a branch (mypy checks it), and a refusal reaches only who asked.
Must not know: dialects, sockets, SQL.
"""

from typing import assert_never

import trio

from hub.client import Client
from hub.messaging import Messaging, Settlement, private_message_delivery
from hub.typing import TypingIndicators
from persistence.interface import Posted, StoreUnavailable
from protocol.commands import Command, SendPrivateMessage, SetTyping
from protocol.errors import ErrorCode
from protocol.events import Refused
from protocol.model import Refusal


class Commands:
    """Carries out what connections ask for."""

    def __init__(self, messaging: Messaging, typing: TypingIndicators) -> None:
        self._messaging = messaging
        self._typing = typing

    async def carry_out(self, client: Client, command: Command) -> None:
        """Start what `command` asks. Waits only for room in a queue, never for a result."""
        match command:
            case SendPrivateMessage():
                await self._send(client, command)
            case SetTyping():
                await self._typing.set(client.user, command)
            case _:
                assert_never(command)

    async def _send(self, client: Client, command: SendPrivateMessage) -> None:
        def settle(settlement: Settlement) -> None:
            client.in_flight.release()
            match settlement:
                case Posted(repeated=False):
                    pass  # the broadcast's copy confirms it
                case Posted():
                    # A repeat is confirmed to who repeated, and delivered to nobody.
                    client.tell(private_message_delivery(settlement).event)
                case Refusal():
                    client.tell(Refused.because(ErrorCode(settlement), command.key))
                case StoreUnavailable():
                    client.tell(Refused.because(ErrorCode.UNAVAILABLE, command.key))
                case _:
                    assert_never(settlement)

        try:
            client.in_flight.acquire_nowait()
        except trio.WouldBlock:
            await client.in_flight.acquire()
        await self._messaging.submit(client.user, command, settle)
