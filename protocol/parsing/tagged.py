"""JSON frames that name their kind in `type`: from text to the decoder of that kind.

Guarantees: any other text is a `WireError`. Must not know: any kind.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_type_hints

import orjson
from attrs import frozen

from protocol.commands import Command, Respond
from protocol.dialect import CodecLimits
from protocol.errors import ErrorCode, WireError
from protocol.events import HeartbeatAcknowledged
from protocol.parsing.jsontext import parse_object
from protocol.parsing.reading import Absent, reader
from protocol.parsing.structuring import structure
from protocol.rest import camel_case

Frame: TypeAlias = dict[str, object]
Build: TypeAlias = Callable[[Any, CodecLimits], Command | None]
"""Makes the command of a frame, which has the declared class of the first parameter; None: the
frame is to be ignored.
"""


class HeartbeatAckFrame(TypedDict):
    """The acknowledgement of `heartbeat`."""

    type: Literal["heartbeat_ack"]


HEARTBEAT_ACK: Final[HeartbeatAckFrame] = {"type": "heartbeat_ack"}
_SHOWN_CHARS = 100


@frozen
class Decoder:
    """Decodes the frames of one kind.

    Args:
        shape: the attrs class that a frame is read into.
        decode: the command in a frame; None: it is to be ignored.
    """

    shape: type
    decode: Callable[[Frame, CodecLimits], Command | None]


Decoders: TypeAlias = Mapping[str, Decoder]
"""By kind of frame."""


def shapes_of(decoders: Decoders) -> dict[str, type]:
    """By kind of frame, the class that it is read into."""
    return {kind: decoder.shape for kind, decoder in decoders.items()}


def strict(build: Build, *, key: str | None = None) -> Decoder:
    """Decodes frames in which every field must be right.

    Args:
        build: makes the command.
        key: the field with the idempotency key, which errors carry.
    """
    shape = _shape(build)

    def decode(frame: Frame, limits: CodecLimits) -> Command | None:
        try:
            return build(structure(frame, shape), limits)
        except WireError as error:
            raise _with_key(error, frame, key) from None

    return Decoder(shape, decode)


def lenient(build: Build, *, missing: str | None = None, key: str | None = None) -> Decoder:
    """Decodes frames that are ignored, or refused with a given text, when a field is missing.

    Args:
        build: makes the command. The names of its fields are camel case in JSON.
        missing: the text of the error when a required field is absent; None: the frame is ignored
            then.
        key: the field with the idempotency key, which errors carry.
    """
    shape = _shape(build)
    read: Callable[[object], object] = reader(shape, naming=camel_case)

    def decode(frame: Frame, limits: CodecLimits) -> Command | None:
        try:
            return build(read(frame), limits)
        except Absent as absent:
            if missing is None:
                return None
            error = WireError(absent.code, missing, field=absent.field)
            raise _with_key(error, frame, key) from None
        except WireError as error:
            raise _with_key(error, frame, key) from None

    return Decoder(shape, decode)


def _shown(tag: object) -> str:
    return (tag if isinstance(tag, str) else orjson.dumps(tag).decode())[:_SHOWN_CHARS]


def _shape(build: Build) -> type:
    """The declared type of the first parameter of a function."""
    shape: type = next(iter(get_type_hints(build, include_extras=True).values()))
    return shape


def _with_key(error: WireError, frame: Frame, key: str | None) -> WireError:
    given = frame.get(key) if key is not None else None
    if isinstance(given, str) and error.field != key:
        error.key = given
    return error


@frozen
class Bare:
    """A frame of which only the kind matters."""


def _heartbeat(_: Bare, __: CodecLimits) -> Command:
    return Respond(HeartbeatAcknowledged())


HEARTBEAT: Final = lenient(_heartbeat)
"""Decodes `heartbeat`, by which clients that cannot see pings check that the server lives."""


@frozen
class TaggedCodec:
    """Decodes frames by their `type`. Stateless: every frame stands alone.

    Args:
        decoders: by `type`.
        limits: what the decoders refuse.
    """

    decoders: Decoders
    limits: CodecLimits

    def receive(self, text: str) -> Command | None:
        """The command in a frame, by the decoder that its `type` names.

        Raises:
            WireError: INVALID_JSON, INVALID_FRAME (no object, or no `type`), UNKNOWN_TYPE, or what
                the decoder raises.
        """
        frame = parse_object(text)
        if "type" not in frame:
            raise WireError(ErrorCode.INVALID_FRAME, field="type")
        tag = frame["type"]
        decoder = self.decoders.get(tag) if isinstance(tag, str) else None
        if decoder is None:
            # a list or object is not shown: orjson cannot encode what is nested deeply
            shown = "" if isinstance(tag, dict | list) else f": {_shown(tag)}"
            raise WireError(ErrorCode.UNKNOWN_TYPE, f"Unknown event type{shown}", field="type")
        return decoder.decode(frame, self.limits)
