"""Socket.IO's `message:*` events in the namespace `/`: channels and their messages.

The contract is docs/dialects/channel_messages.md. Ids are UUIDs by a fixed mapping; content goes in
and out unchanged. Must not know: Socket.IO's packets, tokens, the store, other dialects.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve, field, frozen

from protocol.commands import EventCommand
from protocol.dialect import CodecLimits, EventDialect, Render
from protocol.dialects.channel_messages.decoders import LIST, decode
from protocol.dialects.channel_messages.encoders import ENCODERS, OMITS, NamedEvents
from protocol.dialects.channel_messages.errors import TEXTS
from protocol.dialects.channel_messages.shapes import channel_message_object
from protocol.errors import ErrorCode
from protocol.events import Event
from protocol.model import ChannelId, Message, User, UserId
from protocol.shapes.uuids import IdKind, to_uuid


@frozen(eq=False)
class ChannelMessages:
    """`render`: makes the HTML that stands beside each content; None: none does."""

    name: str = "channel_messages"
    namespace: str = "/"
    typing_seconds: float = 5.0
    tells: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)
    render: Render | None = None

    def receive(self, event: str, args: Sequence[object], limits: CodecLimits) -> EventCommand:
        """The command in an event.

        Raises:
            WireError: the event is unknown or malformed.
        """
        return decode(event, args, limits)

    def encode(self, event: Event) -> NamedEvents:
        """The Socket.IO events of an event; one per message that was delivered or read."""
        encoder = ENCODERS.get(type(event))
        return () if encoder is None else encoder(event, self.render)

    def rendering(self, render: Render) -> "ChannelMessages":
        """The same dialect, with `renderedContent` beside each content."""
        return evolve(self, render=render)

    def error_text(self, code: ErrorCode, text: str) -> str:
        """What a person reads for a refusal in this dialect."""
        return TEXTS.get(code, text)

    def message(self, message: Message, author: User) -> Mapping[str, object]:
        """A message; see docs/dialects/channel_messages.md#frames."""
        return channel_message_object(message, author, self.render)

    def joined(self, channel_id: ChannelId) -> Mapping[str, object]:
        """The acknowledgement of `room:join` and `room:leave`."""
        return {"success": True, "channelId": to_uuid(IdKind.CHANNEL, channel_id)}

    def history(
        self, event: str, messages: Sequence[Message], people: Mapping[UserId, User]
    ) -> Mapping[str, object]:
        """The acknowledgement of `messages:get` or `messages:list`, which differ in field names."""
        views = [self.message(message, people[message.author_id]) for message in messages]
        return {"success": True, "data": views} if event == LIST else {"messages": views}


DIALECT: Final[EventDialect] = ChannelMessages()
