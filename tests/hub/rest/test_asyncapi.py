"""The description of the sockets. Every test with a `World` also checks that each frame is as
described: see tests/support/documents/asyncapi.py.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hub.rest.asyncapi import describe_sockets
from protocol.dialect import CodecLimits
from protocol.dialects.messenger.conversations import ConversationName, DecimalId
from protocol.errors import WireError
from protocol.model import MAX_ID
from protocol.parsing.content import Content, FileUrl
from protocol.schemas import Schemas
from protocol.shapes.uuids import ChannelUuid, IdKind, MessageUuid, to_uuid
from tests.support.documents.asyncapi import DIALECTS, DOCUMENT, flaw_of_frame, messages
from tests.support.documents.dialect_pages import examples
from tests.support.programs.node import FOLDER, require_node
from tests.support.world import World

LIMITS = CodecLimits(content_chars=4_000)
WEBSOCKET = {dialect.name: path for path, dialect in DIALECTS.by_path.items()}
(SOCKETIO,) = DIALECTS.by_namespace.values()
SCHEMAS = DOCUMENT["components"]["schemas"]
CLIENT_FRAMES = [
    (channel, message["name"])
    for channel, described in DOCUMENT["channels"].items()
    for name, message in described["messages"].items()
    if name.startswith("client_") and message["name"] != SOCKETIO.service_events.refresh
]
"""All frames of clients but the one with a new token, which is no command."""


async def test_the_document_is_served(timed_world: World) -> None:
    document = (await timed_world.call("GET", "/asyncapi.json")).json
    assert document == json.loads(json.dumps(DOCUMENT))
    assert {name: each["address"] for name, each in document["channels"].items()} == {
        "private_messages": "/ws",
        "learning_chat": "/ws/chat",
        "messenger": "/messagepal",
        "gateway": "/gateway",
        "channel_messages": "/socket.io/",
    }
    assert document["channels"]["messenger"]["description"] == "Also at /message."


def test_the_document_is_valid_asyncapi() -> None:
    require_node()
    schemas = FOLDER / "node_modules/@asyncapi/specs/schemas/3.0.0.json"
    validator = jsonschema_rs.Draft7Validator(json.loads(schemas.read_text()))
    plain = json.loads(json.dumps(DOCUMENT))
    assert [
        f"{error.instance_path}: {error.message}" for error in validator.iter_errors(plain)
    ] == []
    plain["channels"]["gateway"]["messages"]["hub_READY"]["payload"]["type"] = "no type"
    assert not validator.is_valid(plain)


def test_the_document_names_the_public_url_of_the_hub() -> None:
    document: Any = describe_sockets(DIALECTS, "/socket.io/", "https://chat.example.org/hub/")
    assert document["servers"] == {
        "hub": {"host": "chat.example.org", "protocol": "wss", "pathname": "/hub/"}
    }


@pytest.mark.parametrize("name", WEBSOCKET)
def test_every_event_is_encoded_as_it_is_described(name: str) -> None:
    path, seen = WEBSOCKET[name], set()
    for event in examples():
        for frame in DIALECTS.by_path[path].encode(event):
            assert flaw_of_frame(path, frame) is None, frame
            shown = json.loads(frame)
            seen.add(next(shown[tag] for tag in ("type", "t", "op") if tag in shown))
    assert seen == set(messages(name, "hub"))


def test_every_event_of_socketio_is_encoded_as_it_is_described() -> None:
    seen = set()
    for event in examples():
        for name, payload in SOCKETIO.encode(event):
            packet = f"42{json.dumps([name, payload])}"
            assert flaw_of_frame("/socket.io/", packet) is None, packet
            seen.add(name)
    services = SOCKETIO.service_events
    others = {services.undelivered, services.offset, "acknowledgement"}
    assert seen | others == set(messages(SOCKETIO.name, "hub"))


def test_a_frame_that_is_not_as_described_is_noticed() -> None:
    """Shows that the check in every test with a `World` can fail."""
    frame = {"type": "messages_read", "reader_id": 1, "sender_id": 2, "seq": 3}
    assert flaw_of_frame("/ws", json.dumps(frame)) is None
    assert "more" in (flaw_of_frame("/ws", json.dumps(frame | {"more": 1})) or "")
    assert "integer" in (flaw_of_frame("/ws", json.dumps(frame | {"seq": "3"})) or "")
    assert "dance" in (flaw_of_frame("/ws", '{"type":"dance"}') or "")
    assert "nonsense" in (flaw_of_frame("/socket.io/", '42["nonsense",{}]') or "")
    assert flaw_of_frame("/socket.io/", '431[{"success":true,"channelId":5}]') is not None


@pytest.mark.parametrize(("channel", "kind"), CLIENT_FRAMES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_described_client_frame_is_accepted_and_refused_without_a_required_field(
    channel: str, kind: str, data: st.DataObject
) -> None:
    payload = _payload(channel, kind)
    frame = data.draw(values(payload).filter(messages(channel, "client")[kind].is_valid))
    assert _is_understood(channel, kind, frame), frame
    for field in _required(payload):
        rest = {name: value for name, value in frame.items() if name != field}
        assert not messages(channel, "client")[kind].is_valid(rest)
        assert not _is_understood(channel, kind, rest), (field, rest)


def _payload(channel: str, kind: str) -> Any:
    described = DOCUMENT["channels"][channel]["messages"].items()
    return next(
        message["payload"]
        for name, message in described
        if name.startswith("client_") and message["name"] == kind
    )


def _is_understood(channel: str, kind: str, frame: object) -> bool:
    try:
        if channel == SOCKETIO.name:
            SOCKETIO.receive(kind, [frame], LIMITS)
            return True
        codec = DIALECTS.by_path[WEBSOCKET[channel]].open(LIMITS)
        return codec.receive(json.dumps(frame)) is not None
    except WireError:
        return False


def _parts(schema: Any) -> Iterator[Any]:
    """The schemas of objects that a schema joins."""
    if "$ref" in schema:
        yield from _parts(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for part in schema.get("allOf", ()):
        yield from _parts(part)
    if "properties" in schema:
        yield schema


def _required(schema: Any) -> list[str]:
    return [name for part in _parts(schema) for name in part["required"]]


def pattern_of(kind: object) -> object:
    return Schemas("").of(kind)["pattern"]


def values(schema: Any) -> SearchStrategy[Any]:
    """The values that a schema of a client's frame allows."""
    if "const" in schema or "enum" in schema:
        return st.sampled_from([schema["const"]] if "const" in schema else schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values(part) for part in schema["anyOf"]])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], schema["maximum"])
        case "string":
            return _texts(schema)
        case "object" if "additionalProperties" in schema:
            return st.just({})  # by conversation or channel: each dialect names them in its way
        case _:
            parts = list(_parts(schema))
            if not parts:
                return values(SCHEMAS[schema["$ref"].rpartition("/")[2]])
            properties = {name: each for part in parts for name, each in part["properties"].items()}
            required = set(_required(schema))
            return st.fixed_dictionaries(
                {name: values(each) for name, each in properties.items() if name in required},
                optional={
                    name: values(each) for name, each in properties.items() if name not in required
                },
            )


LETTERS = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Z", "C"]),
    min_size=1,
    max_size=50,
)
IDS = st.integers(1, MAX_ID)
SPECIAL: dict[object, SearchStrategy[str]] = {
    pattern_of(Content): LETTERS,
    pattern_of(FileUrl): st.sampled_from(
        ["http://a", "https://a/b?c", "/uploads/2024-01-01/1_a.txt"]
    ),
    pattern_of(DecimalId): IDS.map(str),
    pattern_of(ConversationName): st.lists(IDS, min_size=2, max_size=2, unique=True).map(
        lambda pair: f"conv_{min(pair)}_{max(pair)}"
    ),
    pattern_of(ChannelUuid): IDS.map(partial(to_uuid, IdKind.CHANNEL)),
    pattern_of(MessageUuid): IDS.map(partial(to_uuid, IdKind.MESSAGE)),
}
"""Texts with a meaning that their pattern does not express, by pattern."""


def _texts(schema: Any) -> SearchStrategy[str]:
    if schema.get("format") == "emoji":
        return st.sampled_from(["👍", "❤", "❤\ufe0f"])
    return SPECIAL[schema["pattern"]] if "pattern" in schema else LETTERS
