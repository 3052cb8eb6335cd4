"""Changes to stored messages: deleting, grading, pinning.

Guarantees: the policy decides, in the statement that carries the change out; a message that the
asker may not see is treated like one that does not exist; who is in the channel is told of pins and
of grades.
Must not know: dialects, sockets, SQL, who has which right.
"""

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, ToRooms
from hub.files.collector import FileCollector
from persistence.interface import Channels as ChannelStore
from persistence.interface import Messages
from persistence.records import Denial
from protocol.answers import DONE, Answer, Graded, Pinned
from protocol.commands import DeleteMessage, GradeMessage, PinMessage, UnpinMessage
from protocol.errors import ErrorCode
from protocol.events import Event, MessageGraded, MessagePinned, Refused
from protocol.model import Channel, ChannelId, User, UserId

_NO_MESSAGE = Refused.because(ErrorCode.MESSAGE_NOT_FOUND)
_NOT_ALLOWED = Refused.because(ErrorCode.NOT_ALLOWED)
_STAFF_ONLY = Refused.because(ErrorCode.STAFF_ONLY)


@frozen
class Moderation:
    """Carries out changes.

    Every method raises StoreUnavailable when the store cannot be reached; the outcome is unknown
    then, and repeating the command is safe.
    """

    messages: Messages
    pins: ChannelStore
    hub: Hub
    files: FileCollector

    async def delete(self, user: User, command: DeleteMessage) -> Answer:
        """Blank the content; the message keeps its seq. What only it named is removed."""
        match await self.messages.delete(command.message_id, by=user.id):
            case Denial.NOT_FOUND:
                return _NO_MESSAGE
            case Denial.NOT_ALLOWED:
                return _NOT_ALLOWED
            case None:
                await self.files.collect()
                return DONE

    async def grade(self, user: User, command: GradeMessage) -> Answer:
        """Set a homework's status."""
        graded = await self.messages.grade(command.message_id, command.status, by=user.id)
        if isinstance(graded, Denial):
            return _refusal(graded)
        channel_id = graded.channel_id
        await self._tell(channel_id, MessageGraded(channel_id, graded.id, user, command.status))
        return Graded(graded)

    async def pin(self, user: User, command: PinMessage | UnpinMessage) -> Answer:
        """Pin a message to the top of its channel, or unpin it."""
        changed = await self._change_pin(command.channel_id, command, user.id)
        if isinstance(changed, Denial):
            return _refusal(changed)
        is_pinned = isinstance(command, PinMessage)
        await self._tell(
            changed.id, MessagePinned(changed.id, command.message_id, user, is_pinned=is_pinned)
        )
        return Pinned(changed)

    async def _tell(self, channel_id: ChannelId, event: Event) -> None:
        await self.hub.broadcast((Delivery(event, ToRooms((ChannelRoom(channel_id),))),))

    async def _change_pin(
        self, channel_id: ChannelId, command: PinMessage | UnpinMessage, by: UserId
    ) -> Channel | Denial:
        match command:
            case PinMessage(message_id=message_id):
                return await self.pins.pin(channel_id, message_id, by=by)
            case UnpinMessage(message_id=message_id):
                return await self.pins.unpin(channel_id, message_id, by=by)


def _refusal(denial: Denial) -> Refused:
    return _NO_MESSAGE if denial is Denial.NOT_FOUND else _STAFF_ONLY
