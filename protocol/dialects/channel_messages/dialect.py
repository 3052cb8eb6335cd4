"""Socket.IO's `message:*` events in the namespace `/`: channels and their messages.

The contract is docs/dialects/channel_messages.md. Ids are UUIDs by a fixed mapping; content goes in
and out unchanged. Must not know: Socket.IO's packets, tokens, the store, other dialects.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict, assert_never

from attrs import evolve, field, frozen

from protocol.answers import Answer, Changed, Done, Joined, Left, Notice, Page
from protocol.bounds import newest_that_fit
from protocol.commands import Command
from protocol.dialect import (
    CodecLimits,
    EventDialect,
    Render,
    ServiceEvents,
    Vocabulary,
    frame_types,
)
from protocol.dialects.channel_messages.decoders import DECODERS, LIST, decode
from protocol.dialects.channel_messages.encoders import ENCODERS, OMITS, NamedEvents
from protocol.dialects.channel_messages.errors import shown_refusal
from protocol.dialects.channel_messages.shapes import ChannelMessageObject, channel_message_object
from protocol.errors import ErrorCode
from protocol.events import Event, Refused
from protocol.model import Message, Posted, User, with_authors
from protocol.parsing.tagged import shapes_of
from protocol.rest import camel_case
from protocol.shapes.uuids import ChannelUuid, IdKind, to_uuid

SERVICE_EVENTS: Final = ServiceEvents(
    refresh="auth:refresh", undelivered="message:offline", offset="recovery:offset"
)


@frozen
class RefreshPayload:
    """The client has a new token."""

    token: str


class PostedAck(ChannelMessageObject):
    """A message was stored, or changed: as it is now."""

    success: Literal[True]
    data: ChannelMessageObject


class ChannelAck(TypedDict):
    """A channel was joined or left."""

    success: Literal[True]
    channelId: ChannelUuid


class Cut(TypedDict, total=False):
    """`complete`: false if there are fewer than were asked for, because they are large."""

    complete: Literal[False]


class MessagesAck(Cut):
    """The last messages of a channel, for `messages:get`."""

    messages: list[ChannelMessageObject]


class ListAck(Cut):
    """The same for `messages:list`."""

    success: Literal[True]
    data: list[ChannelMessageObject]


class RefusedAck(TypedDict):
    """An event was refused. `code`: absent if a token was; `field`: the one at fault, if any."""

    success: Literal[False]
    error: str
    code: NotRequired[ErrorCode]
    field: NotRequired[str]


class DoneAck(TypedDict):
    """An event was carried out; there is nothing to show."""

    success: Literal[True]


Ack: TypeAlias = PostedAck | ChannelAck | MessagesAck | ListAck | RefusedAck | DoneAck

VOCABULARY: Final = Vocabulary(
    {**shapes_of(DECODERS), SERVICE_EVENTS.refresh: RefreshPayload},
    frame_types(ENCODERS),
    tag=None,
    naming=camel_case,
    besides=(
        tuple[Literal["message:offline"], list[ChannelMessageObject]],
        tuple[Literal["recovery:offset"], str],
    ),
    acknowledgement=Ack,
)


@frozen(eq=False)
class ChannelMessages:
    """`render`: makes the HTML that is sent beside each content; None: there is none."""

    name: str = "channel_messages"
    namespace: str = "/"
    service_events: ServiceEvents = SERVICE_EVENTS
    typing_seconds: float = 5.0
    message_window: float = 1.0
    encodes: frozenset[type[Event]] = field(default=frozenset(ENCODERS))
    omits: Mapping[type[Event], str] = field(default=OMITS)
    vocabulary: Vocabulary = field(default=VOCABULARY)
    render: Render | None = None

    def receive(self, event: str, args: Sequence[object], limits: CodecLimits) -> Command:
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

    def message(self, message: Message, author: User) -> ChannelMessageObject:
        """A message; see docs/dialects/channel_messages.md#frames."""
        return channel_message_object(message, author, self.render)

    def acknowledgement(self, event: str, answer: Answer, user: User) -> Ack:
        """The acknowledgement of `event`, from the answer to its command."""
        match answer:
            case Posted(message=message):
                view = self.message(message, user)
                return {**view, "success": True, "data": view}
            case Joined(channel_id=channel_id) | Left(channel_id=channel_id):
                return {"success": True, "channelId": to_uuid(IdKind.CHANNEL, channel_id)}
            case Page(messages=messages, people=people):
                views = [self.message(*each) for each in with_authors(messages, people)]
                shown = newest_that_fit(views)
                is_cut: Cut = {} if len(shown) == len(views) else {"complete": False}
                # `messages:get` and `messages:list` differ in field names
                if event == LIST:
                    return {"success": True, "data": shown, **is_cut}
                return {"messages": shown, **is_cut}
            case Refused():
                error = shown_refusal(answer)
                refusal: RefusedAck = {"success": False, "error": error.text, "code": error.code}
                if error.field is not None:
                    refusal["field"] = error.field
                return refusal
            case Changed(message=message, author=author):
                view = self.message(message, author)
                return {**view, "success": True, "data": view}
            case Done() | Notice():
                return {"success": True}
            case _:
                assert_never(answer)


DIALECT: Final[EventDialect] = ChannelMessages()
