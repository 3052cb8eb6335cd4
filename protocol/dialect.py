"""The contract a wire dialect fulfils. See docs/adding-a-dialect.md.

Guarantees: the hub uses a dialect only through these types. A `Codec` belongs to one connection and
may hold state; a `Dialect` is shared by all of its connections and holds none, so an event is
encoded once for all of them. Must not know: sockets, tasks, the clock.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import (
    Any,
    Final,
    Protocol,
    TypeAlias,
    get_args,
    get_type_hints,
    runtime_checkable,
)

import orjson
from attrs import frozen

from protocol.answers import Answer
from protocol.commands import Command
from protocol.errors import CloseReason, WireError
from protocol.events import Event
from protocol.model import Message, User
from protocol.schemas import Naming

SESSION_COOKIE: Final = "session_token"
"""The cookie of the sessions that Parlour opens; parsing/express_session.py has Express's."""


@frozen
class Heartbeat:
    """The server pings every `interval` seconds and drops a peer silent for `timeout` seconds."""

    interval: float
    timeout: float


@frozen
class CodecLimits:
    """What a codec refuses. `content_chars`: the longest message content, in characters."""

    content_chars: int


class Stranger(Enum):
    """Why a peer has no identity: no session, none that is live, or one of an unknown user."""

    NO_SESSION = auto()
    INVALID_SESSION = auto()
    UNKNOWN_USER = auto()


@frozen
class RefuseUpgrade:
    """Respond to the upgrade request with an HTTP error; the WebSocket is never opened."""

    status: int
    text: str


@frozen
class AcceptAndClose:
    """Accept the upgrade, send `texts`, then close: pages can read a close code, but no status."""

    texts: tuple[str, ...]
    reason: CloseReason


Rejection: TypeAlias = RefuseUpgrade | AcceptAndClose


Encoders: TypeAlias = Mapping[type[Event], Callable[[Any], tuple[Mapping[str, object], ...]]]
"""By type of event, the function that makes its frames, as JSON objects. The keys are the events
that are sent; the documentation shows the declared return types.
"""


@frozen
class Vocabulary:
    """The frames of a dialect, for the documentation.

    Args:
        received: by the kind of a client's frame, the attrs class that it is read into; or `str`,
            where a frame is no JSON.
        sent: by type of event, the type of a frame of it. Over Socket.IO it is a tuple of the
            names of its events and the type of their payload.
        tag: the field in which a client's frame names its kind; None: no field does.
        naming: spells the fields of what is received.
        besides: the types of frames that are sent without an event, as in `sent`.
        acknowledgement: the type of the acknowledgement of a client's event; None: there is none.
    """

    received: Mapping[str, object]
    sent: Mapping[type[Event], object]
    tag: str | None = "type"
    naming: Naming = str
    besides: Sequence[object] = ()
    acknowledgement: object = None


def frame_types(encoders: Mapping[type[Event], Callable[..., object]]) -> dict[type[Event], object]:
    """By type of event, the type of its frames: encoders are declared to return tuples of it."""
    return {event: get_args(returned(encoder))[0] for event, encoder in encoders.items()}


def returned(function: Callable[..., object]) -> object:
    """The declared return type of a function."""
    return get_type_hints(function, include_extras=True)["return"]


def encode_json(encoders: Encoders, event: Event) -> tuple[bytes, ...]:
    """The text frames (UTF-8) of an event; none if it has no encoder."""
    encoder = encoders.get(type(event))
    return () if encoder is None else tuple(map(orjson.dumps, encoder(event)))


def omitting(reasons: Mapping[str, Sequence[type[Event]]]) -> Mapping[type[Event], str]:
    """By type of event, why a dialect never sends it.

    Args:
        reasons: the types of event, by reason.
    """
    return {event: reason for reason, events in reasons.items() for event in events}


class Codec(Protocol):
    """One connection's decoder."""

    def receive(self, text: str) -> Command | None:
        """The command in one text frame; None when the dialect ignores such a frame.

        Raises:
            WireError: the frame is malformed; the client gets the error, the connection stays open.
        """


@runtime_checkable
class Dialect(Protocol):
    """One wire protocol over WebSocket."""

    @property
    def name(self) -> str:
        """For logs and metrics."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The request paths where it is served, exactly."""

    @property
    def session_cookie(self) -> str:
        """The cookie that carries the session."""

    @property
    def heartbeat(self) -> Heartbeat:
        """How often to ping, and how long to wait for a sign of life."""

    @property
    def message_window(self) -> float | None:
        """Seconds in which a connection may send as many messages as the setting `chat_messages`
        allows; None: only the limits of all dialects apply.
        """

    @property
    def encodes(self) -> frozenset[type[Event]]:
        """The types of event that it sends to clients."""

    @property
    def omits(self) -> Mapping[type[Event], str]:
        """Every other type of event, with the reason why its clients are never sent it."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Its frames, for the documentation."""

    def reject(self, stranger: Stranger) -> Rejection:
        """How to turn away a peer without a session."""

    def open(self, limits: CodecLimits) -> Codec:
        """The decoder for a new connection."""

    def encode(self, event: Event) -> tuple[bytes, ...]:
        """The text frames (UTF-8) of `event`; none if its type is not in `encodes`."""


Render: TypeAlias = Callable[[str], str]
"""From a message's content to HTML that may be shown as it is."""


@frozen
class ServiceEvents:
    """The names of Socket.IO events that concern the connection itself: not commands, not `Event`s.

    Args:
        refresh: the client has a new token.
        undelivered: the messages that no device of the user has confirmed.
        offset: what the client has received; the client returns the last one to be recovered.
    """

    refresh: str
    undelivered: str
    offset: str


@runtime_checkable
class EventDialect(Protocol):
    """One protocol of named events, in a Socket.IO namespace."""

    @property
    def name(self) -> str:
        """For logs and metrics."""

    @property
    def namespace(self) -> str:
        """The Socket.IO namespace where it is served."""

    @property
    def service_events(self) -> ServiceEvents:
        """The names of events that the hub itself takes and sends."""

    @property
    def typing_seconds(self) -> float:
        """Seconds after which a typing indicator ends by itself."""

    @property
    def message_window(self) -> float:
        """Seconds in which a user may send `event_messages` (a setting) messages."""

    @property
    def encodes(self) -> frozenset[type[Event]]:
        """The types of event that it sends to clients."""

    @property
    def omits(self) -> Mapping[type[Event], str]:
        """Every other type of event, with the reason why its clients are never sent it."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Its frames, for the documentation."""

    def receive(self, event: str, args: Sequence[object], limits: CodecLimits) -> Command:
        """The command in an event.

        Raises:
            WireError: the event is unknown or malformed; the client gets the error.
        """

    def encode(self, event: Event) -> tuple[tuple[str, Mapping[str, object]], ...]:
        """The (name, payload) of each Socket.IO event; none if its type is not in `encodes`."""

    def rendering(self, render: Render) -> "EventDialect":
        """The same dialect, which also sends the HTML that `render` makes of each content."""

    def acknowledgement(self, event: str, answer: Answer, user: User) -> Mapping[str, object]:
        """The acknowledgement of a client's `event`, from the answer to its command.

        `user`: the client's own.
        """

    def message(self, message: Message, author: User) -> Mapping[str, object]:
        """A message, as this dialect shows it."""


__all__ = [
    "AcceptAndClose",
    "Codec",
    "CodecLimits",
    "Dialect",
    "Encoders",
    "EventDialect",
    "Heartbeat",
    "RefuseUpgrade",
    "Rejection",
    "ServiceEvents",
    "Stranger",
    "Vocabulary",
    "WireError",
    "encode_json",
    "frame_types",
    "omitting",
    "returned",
]
