"""Checks every frame that a socket of a test receives against the AsyncAPI document, and knows
which frames of clients the document allows.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, TypeAlias

import jsonschema_rs

import protocol.dialects
from hub.rest.asyncapi import describe_sockets
from protocol.discovery import find_dialects

SOCKETIO: Final = "/socket.io/"
DIALECTS: Final = find_dialects(protocol.dialects)
DOCUMENT: Final[Any] = describe_sockets(DIALECTS, SOCKETIO)
_EVENT: Final = re.compile(r"42(\d*)(\[.*)", re.DOTALL)
_ACKNOWLEDGEMENT: Final = re.compile(r"43\d+(\[.*)", re.DOTALL)

Validator: TypeAlias = jsonschema_rs.Draft202012Validator


def schema_of(payload: Mapping[str, object]) -> dict[str, object]:
    """A schema of the document that is complete by itself."""
    return {**payload, "components": {"schemas": DOCUMENT["components"]["schemas"]}}


@cache
def messages(channel: str, side: str) -> Mapping[str, Validator]:
    """The validators of a channel's messages, by name. `side`: the sender: "client" or "hub"."""
    return {
        message["name"]: jsonschema_rs.Draft202012Validator(
            schema_of(message["payload"]), validate_formats=True
        )
        for name, message in DOCUMENT["channels"][channel]["messages"].items()
        if name.startswith(f"{side}_")
    }


def flaw_of_frame(path: str, message: str | bytes) -> str | None:
    """How a message on a path differs from the document; None if it does not."""
    text = message if isinstance(message, str) else message.decode()
    if path.partition("?")[0] == SOCKETIO:
        return _flaw_of_packet(text)
    dialect = DIALECTS.by_path.get(path.partition("?")[0])
    if dialect is None or str in dialect.vocabulary.sent.values():  # frames that are no JSON
        return None
    frame = json.loads(text)
    kind = next(str(frame[tag]) for tag in ("type", "t", "op") if tag in frame)
    return _flaw(dialect.name, kind, frame)


def _flaw_of_packet(packet: str) -> str | None:
    """The same for an Engine.IO message; only events and acknowledgements of `/` are described."""
    (events,) = DIALECTS.by_namespace.values()
    if (event := _EVENT.fullmatch(packet)) is not None:
        name, payload = json.loads(event[2])
        return _flaw(events.name, name, payload)
    if (answer := _ACKNOWLEDGEMENT.fullmatch(packet)) is not None:
        (payload,) = json.loads(answer[1])
        return _flaw(events.name, "acknowledgement", payload)
    return None


def _flaw(channel: str, kind: str, value: object) -> str | None:
    validator = messages(channel, "hub").get(kind)
    if validator is None:
        return f"{channel} has no {kind}"
    errors = [error.message for error in validator.iter_errors(value)]
    return f"{channel}: {kind}: {'; '.join(errors)}" if errors else None
