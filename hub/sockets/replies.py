"""Commands and answers over a WebSocket: text -> command, answer -> frames.

Guarantees: a malformed frame gets an error and changes nothing; an answer reaches only the
connection that asked. Must not know: which dialects exist, what a command does.
"""

from typing import Final, assert_never

import structlog
from attrs import frozen

from hub.actor.client import ids_of
from hub.services.asker import Asker
from hub.services.commands import Commands
from hub.services.posting.announcing import deliveries_of
from hub.services.posting.revising import shown_again
from hub.settings.log_tap import tap
from hub.tracing.tracing import Tracing, in_frames
from protocol.answers import Answer, Changed, Done, Joined, Left, Notice, Page
from protocol.dialect import Codec
from protocol.errors import BINARY_REFUSED, WireError
from protocol.events import Refused
from protocol.model import Posted

log: Final = structlog.get_logger(__name__)


@frozen(eq=False)
class FrameCommands:
    """The messages of one connection: text is a command, anything else ends the connection.

    Args:
        asker: the connection.
        codec: decodes its text.
        commands: carries commands out.
        tracing: makes the spans of commands.
    """

    asker: Asker
    codec: Codec
    commands: Commands
    tracing: Tracing | None = None

    async def take(self, message: str | bytes) -> None:
        """Carry out the command of a message."""
        client = self.asker.connection
        if isinstance(message, bytes):
            client.close(BINARY_REFUSED)
            return
        try:
            command = self.codec.receive(message)
        except WireError as error:
            log.debug("frame_refused", code=error.code)
            self.commands.malformed(self.asker, error.code)
            client.send(Refused.of(error))
        else:
            if command is not None:
                if tap:
                    log.debug("command_received", command=type(command).__name__)
                carry_out = in_frames(self.tracing, self.asker.dialect, self.commands.carry_out)
                await carry_out(self.asker, command, self.reply)

    def reply(self, answer: Answer) -> None:
        """Send an answer that has a frame of its own to the connection."""
        client = self.asker.connection
        match answer:  # the frequent answers first
            case Done() | Joined() | Left() | Page() | Changed(repeated=False):
                pass  # the Hub delivers the events that these lead to, in order
            case Posted(repeated=False):
                pass  # the copy that is delivered to everyone is the confirmation
            case Posted():
                # A repeat is confirmed to the connection that repeated, and not delivered.
                for delivery in deliveries_of(answer, client.user):
                    client.send(delivery.event)
            case Changed():
                for event in shown_again(answer.message, answer.revision, client.user):
                    client.send(event)
            case Refused(code=code):
                log.debug("command_refused", code=code, **ids_of(client))
                client.send(answer)
            case Notice(event=event):
                client.send(event)
            case _:
                assert_never(answer)
