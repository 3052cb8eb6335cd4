"""The AsyncAPI 3.0 document of the sockets, derived from the dialects themselves.

The schema of a client's frame comes from the class that it is read into, that of a frame of the hub
from the return type of its encoder. Actions are named from the hub's side: it receives what clients
send. Must not know: any dialect by name.
"""

import re
import types
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final, Union, get_args, get_origin
from urllib.parse import urlsplit

from attrs import evolve, frozen

from protocol.dialect import Dialect, EventDialect
from protocol.discovery import Dialects
from protocol.schemas import JsonSchema, Schemas

PLACE: Final = "#/components/schemas/"
TAGS: Final = ("t", "op", "type")
ACKNOWLEDGEMENT: Final = "acknowledgement"
_BEARER: Final = "bearer"
_OVER_SOCKETIO: Final = (
    "Named events over Socket.IO 5, in the namespace `{}`. A payload is the first argument of its"
    " event; the address is that of Engine.IO 4."
)


@frozen
class Spoken:
    """One message of a channel.

    Args:
        name: the kind of frame, or the name of the event.
        summary: what it means.
        payload: its schema.
        is_received: whether clients send it.
    """

    name: str
    summary: str
    payload: JsonSchema
    is_received: bool

    @property
    def id(self) -> str:
        """Its key in the document."""
        side = "client" if self.is_received else "hub"
        return f"{side}_{re.sub(r'[^A-Za-z0-9]+', '_', self.name)}"


def describe_sockets(
    dialects: Dialects, socketio: str, url: str | None = None
) -> dict[str, object]:
    """An AsyncAPI 3.0 document of the dialects.

    Args:
        dialects: the dialects to describe.
        socketio: the path of Socket.IO.
        url: the hub's address, if it differs from that of the document.
    """
    schemas = Schemas(PLACE)
    channels: dict[str, object] = {}
    operations: dict[str, object] = {}
    cookies = {each.session_cookie for each in dialects.by_path.values()}
    for dialect in dict.fromkeys(dialects.by_path.values()):
        first, *others = dialect.paths
        text = f"Also at {', '.join(others)}." if others else None
        spoken = list(spoken_in(dialect, schemas))
        channels[dialect.name] = _channel(first, text, spoken)
        logins = (dialect.session_cookie, _BEARER)
        operations |= _operations(dialect.name, spoken, logins)
    for namespace, events in dialects.by_namespace.items():
        spoken = list(spoken_in(events, schemas))
        channels[events.name] = _channel(socketio, _OVER_SOCKETIO.format(namespace), spoken)
        operations |= _operations(events.name, spoken, (_BEARER,))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Parlour", "version": version("parlour")},
        **({} if url is None else {"servers": {"hub": _server(url)}}),
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "securitySchemes": {
                _BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                **{
                    cookie: {"type": "httpApiKey", "in": "cookie", "name": cookie}
                    for cookie in sorted(cookies)
                },
            },
            "schemas": schemas.definitions,
        },
    }


def _server(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    protocol = "wss" if parts.scheme == "https" else "ws"
    path = {"pathname": parts.path} if parts.path.strip("/") else {}
    return {"host": parts.netloc, "protocol": protocol, **path}


def _channel(address: str, text: str | None, spoken: list[Spoken]) -> dict[str, object]:
    return {
        "address": address,
        **({} if text is None else {"description": text}),
        "messages": {
            each.id: {"name": each.name, "summary": each.summary, "payload": each.payload}
            for each in spoken
        },
        "bindings": {"ws": {"method": "GET"}},
    }


def _operations(
    name: str, spoken: list[Spoken], logins: tuple[str, ...]
) -> dict[str, dict[str, object]]:
    def references(messages: list[Spoken]) -> list[dict[str, str]]:
        return [{"$ref": f"#/channels/{name}/messages/{each.id}"} for each in messages]

    channel = {"$ref": f"#/channels/{name}"}
    received = [each for each in spoken if each.is_received]
    replies = [each for each in spoken if each.name == ACKNOWLEDGEMENT]
    sent = [each for each in spoken if not each.is_received and each not in replies]
    security = [{"$ref": f"#/components/securitySchemes/{login}"} for login in logins]
    shared = {"channel": channel, "security": security}
    reply = {"reply": {"channel": channel, "messages": references(replies)}} if replies else {}
    return {
        f"{name}_receive": {
            "action": "receive", "messages": references(received), **shared, **reply
        },
        f"{name}_send": {"action": "send", "messages": references(sent), **shared},
    }  # fmt: skip


def spoken_in(dialect: Dialect | EventDialect, schemas: Schemas) -> Iterator[Spoken]:
    """The messages that clients of a dialect send and receive, each kind once."""
    vocabulary = dialect.vocabulary
    for kind, shape in vocabulary.received.items():
        payload = schemas.of(shape, vocabulary.naming)
        if vocabulary.tag is not None:
            tag = {vocabulary.tag: {"const": kind}}
            payload = {"allOf": [payload, {"required": list(tag), "properties": tag}]}
        yield Spoken(kind, _summary(shape), payload, is_received=True)
    kinds_of = _named if isinstance(dialect, EventDialect) else _tagged
    sent = [(event.__name__, _summary(event), shape) for event, shape in vocabulary.sent.items()]
    kinds: dict[str, Spoken] = {}
    for name, summary, shape in (*sent, *(("", "", shape) for shape in vocabulary.besides)):
        for kind, payload in kinds_of(name, shape, schemas):
            known = kinds.setdefault(kind, Spoken(kind, summary, payload, is_received=False))
            if known.payload != payload:
                either: JsonSchema = {"anyOf": [known.payload, payload]}
                kinds[kind] = evolve(known, payload=either)
    yield from kinds.values()
    if vocabulary.acknowledgement is not None:
        payload = schemas.of(vocabulary.acknowledgement)
        yield Spoken(
            ACKNOWLEDGEMENT, "The acknowledgement of a client's event.", payload, is_received=False
        )


def _named(_: str, shape: object, schemas: Schemas) -> Iterator[tuple[str, JsonSchema]]:
    """The names of events, each with the schema of its payload."""
    for each in _alternatives(shape):
        names, payload = get_args(each)
        for name in get_args(names):
            yield name, schemas.of(payload)


def _alternatives(shape: object) -> tuple[object, ...]:
    """The types of a union, or the one type."""
    is_union = get_origin(shape) in (Union, types.UnionType)
    return get_args(shape) if is_union else (shape,)


def _tagged(event: str, shape: object, schemas: Schemas) -> Iterator[tuple[str, JsonSchema]]:
    """The kinds of frames with their schemas: the texts that the tag of a frame may have, or the
    name of the event where it has no tag.
    """
    for each in _alternatives(shape):
        payload = schemas.of(each)
        described: Any = payload
        if "$ref" in described:
            described = schemas.definitions[described["$ref"].removeprefix(PLACE)]
        fields = described.get("properties", {})
        tags = (fields[tag] for tag in TAGS if "enum" in fields.get(tag, {}))
        for kind in next(tags, {"enum": [event]})["enum"]:
            yield kind, payload


def _summary(kind: object) -> str:
    """The first paragraph of a class's docstring; empty for a built-in type."""
    plain = kind.__doc__ if isinstance(kind, type) and kind.__module__ != "builtins" else ""
    return " ".join((plain or "").partition("\n\n")[0].split())
