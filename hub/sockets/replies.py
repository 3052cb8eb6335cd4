"""Commands and answers over a WebSocket: text -> command, answer -> frames.

Guarantees: a malformed frame gets an error and changes nothing; an answer reaches only the
connection that asked. Must not know: which dialects exist, what a command does.
"""

from typing import assert_never

from hub.actor.client import Client
from hub.services.asker import Asker, Reply
from hub.services.commands import Commands
from hub.services.posting.lane import deliveries_of
from hub.sockets.websocket import Take
from protocol.answers import Answer, Done, Graded, Joined, Left, Notice, Page, Pinned
from protocol.dialect import Codec
from protocol.errors import BINARY_REFUSED, WireError
from protocol.events import Refused
from protocol.model import Posted


def take_commands(asker: Asker, codec: Codec, commands: Commands) -> Take:
    """Returns the handler of one connection's messages: text is a command, anything else ends the
    connection.
    """
    client = asker.connection
    reply = replies_to(client)

    async def take(message: str | bytes) -> None:
        if isinstance(message, bytes):
            client.close(BINARY_REFUSED)
            return
        try:
            command = codec.receive(message)
        except WireError as error:
            commands.malformed(asker, error.code)
            client.tell(Refused.of(error))
        else:
            if command is not None:
                await commands.carry_out(asker, command, reply)

    return take


def replies_to(client: Client) -> Reply:
    """Sends the answers that have a frame of their own to the connection."""

    def reply(answer: Answer) -> None:
        match answer:  # the frequent answers first
            case Done() | Joined() | Left() | Page() | Graded() | Pinned():
                pass  # what the connection has to know, the Hub delivers in its order
            case Posted(repeated=False):
                pass  # the copy that is delivered to everyone is the confirmation
            case Posted():
                # A repeat is confirmed to the connection that repeated, and not delivered.
                for delivery in deliveries_of(answer, client.user):
                    client.tell(delivery.event)
            case Refused():
                client.tell(answer)
            case Notice(event=event):
                client.tell(event)
            case _:
                assert_never(answer)

    return reply
