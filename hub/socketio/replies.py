"""Commands and answers over Socket.IO: event -> command, answer -> acknowledgement.

Guarantees: an event that waits for an acknowledgement gets exactly one; a refusal is also sent as
an event, for clients that wait for no acknowledgement. Must not know: packets, tokens, other
dialects, what a command does.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias, assert_never

import structlog

from hub.actor.client import ids_of
from hub.services.commands import Commands
from hub.services.posting.revising import shown_again
from hub.settings.log_tap import tap
from hub.socketio.member import Member
from hub.tracing.tracing import Tracing, in_frames
from protocol.answers import Answer, Changed, Done, Joined, Left, Notice, Page
from protocol.dialect import CodecLimits, EventDialect
from protocol.errors import WireError
from protocol.events import Event, MessageConfirmed, Refused
from protocol.model import Posted, User
from protocol.socketio.packets import Data

log: Final = structlog.get_logger(__name__)

Acknowledge: TypeAlias = Callable[[Mapping[str, Data]], None]
"""Sends the acknowledgement of one event; called once."""


class EventReplies:
    """Carries out events.

    Args:
        dialect: decodes events and encodes answers.
        commands: carries commands out.
        limits: what the dialect refuses.
        tracing: makes spans of them; None: there are none.
    """

    def __init__(
        self,
        dialect: EventDialect,
        commands: Commands,
        limits: CodecLimits,
        tracing: Tracing | None,
    ) -> None:
        self._dialect = dialect
        self._commands = commands
        self._carry_out = in_frames(tracing, dialect.name, commands.carry_out)
        self._limits = limits

    async def take(
        self, member: Member, name: str, args: Sequence[Data], acknowledge: Acknowledge
    ) -> None:
        """Carry out an event, or start to. Does not wait for the commit of a message: the next
        event is taken while it is stored.
        """
        client = member.client

        def reply(answer: Answer) -> None:
            if isinstance(answer, Refused):
                log.debug("command_refused", code=answer.code, **ids_of(client))
            for event in _events_of(answer, client.user):
                client.send(event)
            acknowledge(self._dialect.acknowledgement(name, answer, client.user))

        try:
            command = self._dialect.receive(name, args, self._limits)
        except WireError as error:
            self._commands.malformed(member.asker, error.code)
            reply(Refused.of(error))
        else:
            if tap:
                log.debug("command_received", command=type(command).__name__)
            await self._carry_out(member.asker, command, reply)


def _events_of(answer: Answer, user: User) -> Sequence[Event]:
    """The events to send for an answer beside its acknowledgement. `user`: the asker."""
    match answer:
        case Refused():
            return (answer,)
        case Notice(event=event):
            return (event,)
        case Posted(message=message, repeated=True):
            return (
                MessageConfirmed(message, joined=False),
            )  # the first send was confirmed in the order of the channel
        case Changed(message=message, revision=revision, repeated=True):
            return shown_again(message, revision, user)
        case Posted() | Done() | Joined() | Left() | Page() | Changed():
            return ()
        case _:
            assert_never(answer)
