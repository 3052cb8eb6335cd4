"""Changes to stored messages: deleting, grading, pinning.

Guarantees: a message is deleted by its author or by staff, graded and pinned by staff, who have no
such rights in a private conversation; a message that the asker may not see is treated like one that
does not exist; who is in the channel is told of a pin. Must not know: dialects, sockets, SQL.
"""

from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import ChannelRoom, Delivery, ToRooms
from hub.services.channels import Channels
from persistence.interface import Channels as ChannelStore
from persistence.interface import Messages
from protocol.answers import DONE, Answer, Graded, Pinned
from protocol.commands import DeleteMessage, GradeMessage, PinMessage, UnpinMessage
from protocol.errors import ErrorCode
from protocol.events import MessagePinned, Refused
from protocol.model import STAFF, Channel, ChannelId, Message, MessageId, User, UserId

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
    channels: Channels
    pins: ChannelStore
    hub: Hub

    async def delete(self, user: User, command: DeleteMessage) -> Answer:
        """Blank the content; the message keeps its seq."""
        message = await self._visible(user.id, command.message_id)
        if message is None:
            return _NO_MESSAGE
        if message.author_id != user.id and not _is_staff_for(user, message):
            return _NOT_ALLOWED
        await self.messages.delete(message.id)
        return DONE

    async def grade(self, user: User, command: GradeMessage) -> Answer:
        """Set a homework's status."""
        if user.role not in STAFF:
            return _STAFF_ONLY
        message = await self._visible(user.id, command.message_id)
        if message is not None and not _is_staff_for(user, message):
            return _STAFF_ONLY
        if message is not None:
            message = await self.messages.grade(message.id, command.status)
        return _NO_MESSAGE if message is None else Graded(message)

    async def pin(self, user: User, command: PinMessage | UnpinMessage) -> Answer:
        """Pin a message to the top of its channel, or unpin it."""
        if user.role not in STAFF:
            return _STAFF_ONLY
        channel = await self.channels.look_up(user.id, command.channel_id)
        if isinstance(channel, ErrorCode):
            return Refused.because(channel)
        if channel.pair is not None:
            return _STAFF_ONLY
        changed = await self._change_pin(channel.id, command)
        if changed is None:
            return _NO_MESSAGE
        if isinstance(command, PinMessage):
            pinned = MessagePinned(channel.id, command.message_id, user)
            await self.hub.broadcast((Delivery(pinned, ToRooms((ChannelRoom(channel.id),))),))
        return Pinned(changed)

    async def _change_pin(
        self, channel_id: ChannelId, command: PinMessage | UnpinMessage
    ) -> Channel | None:
        match command:
            case PinMessage(message_id=message_id):
                return await self.pins.pin(channel_id, message_id)
            case UnpinMessage(message_id=message_id):
                return await self.pins.unpin(channel_id, message_id)

    async def _visible(self, user_id: UserId, message_id: MessageId) -> Message | None:
        message = await self.messages.get(message_id)
        if message is None:
            return None
        channel = await self.channels.look_up(user_id, message.channel_id)
        return None if isinstance(channel, ErrorCode) else message


def _is_staff_for(user: User, message: Message) -> bool:
    """Whether the user has the rights of staff over a message: not in a private conversation."""
    return user.role in STAFF and message.recipient_id is None
