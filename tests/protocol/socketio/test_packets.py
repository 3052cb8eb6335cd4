"""Socket.IO packets without a socket: the protocol's examples, and what must be refused."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.socketio.packets import (
    MAX_ATTACHMENTS,
    MAX_DEPTH,
    Decoder,
    SocketIoError,
    SocketIoPacket,
    SocketIoType,
    encode,
)

BLOB = b"\x01\x02\x03"
PLACE = {"_placeholder": True, "num": 0}


def packet(
    kind: SocketIoType,
    data: object = None,
    namespace: str = "/",
    id: int | None = None,  # noqa: A002
) -> SocketIoPacket:
    return SocketIoPacket(kind, namespace, data, id)


EXAMPLES = [
    (["0"], packet(SocketIoType.CONNECT)),
    (['0{"token":"123"}'], packet(SocketIoType.CONNECT, {"token": "123"})),
    (['0/admin,{"token":"1"}'], packet(SocketIoType.CONNECT, {"token": "1"}, "/admin")),
    (["1/admin,"], packet(SocketIoType.DISCONNECT, None, "/admin")),
    (['2["hey","Jude"]'], packet(SocketIoType.EVENT, ["hey", "Jude"])),
    (['2/admin,["foo"]'], packet(SocketIoType.EVENT, ["foo"], "/admin")),
    (['2/admin,12["foo"]'], packet(SocketIoType.EVENT, ["foo"], "/admin", 12)),
    (["3/admin,13[]"], packet(SocketIoType.ACK, [], "/admin", 13)),
    (["330[1]"], packet(SocketIoType.ACK, [1], "/", 30)),
]


def decode(*messages: str | bytes) -> SocketIoPacket | None:
    decoder = Decoder()
    result = None
    for message in messages:
        assert result is None
        result = decoder.feed(message)
    return result


@pytest.mark.parametrize(("messages", "expected"), EXAMPLES)
def test_the_protocols_examples(messages: list[str | bytes], expected: SocketIoPacket) -> None:
    assert decode(*messages) == expected
    assert encode(expected) == messages


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("0/admin", packet(SocketIoType.CONNECT, None, "/admin")),
        ("1/admin", packet(SocketIoType.DISCONNECT, None, "/admin")),
        ("0/", packet(SocketIoType.CONNECT)),
        ("0/,", packet(SocketIoType.CONNECT)),
        ('0/,{"token":"1"}', packet(SocketIoType.CONNECT, {"token": "1"})),
    ],
)
def test_other_spellings_of_a_namespace(message: str, expected: SocketIoPacket) -> None:
    assert decode(message) == expected


def test_binary_data_follows_its_packet() -> None:
    text = '51-["baz",{"_placeholder":true,"num":0}]'
    event = packet(SocketIoType.BINARY_EVENT, ["baz", BLOB])
    assert decode(text, BLOB) == event
    assert encode(packet(SocketIoType.EVENT, ["baz", BLOB])) == [text, BLOB]
    ack = packet(SocketIoType.BINARY_ACK, [{"a": [BLOB, b"x"]}], "/admin", 7)
    messages: list[str | bytes] = [
        '62-/admin,7[{"a":[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]}]',
        BLOB,
        b"x",
    ]
    assert decode(*messages) == ack
    assert encode(packet(SocketIoType.ACK, [{"a": [BLOB, b"x"]}], "/admin", 7)) == messages


def test_a_placeholder_in_an_ordinary_packet_is_data() -> None:
    assert decode(f'2["x",{json.dumps(PLACE)}]') == packet(SocketIoType.EVENT, ["x", PLACE])


@pytest.mark.parametrize(
    "messages",
    [
        [""],
        ["7"],
        ["9[]"],
        ["x"],
        ["2"],
        ["2{}"],
        ["2[]"],
        ["2[null]"],
        ["2[1]"],
        ["2[true]"],
        ['2[["x"]]'],
        ["2x"],
        ['2["x"'],
        ['2["x"]extra'],
        ['2["connect"]'],
        ['2["connect_error"]'],
        ['2["disconnect"]'],
        ['2["disconnecting"]'],
        ['2["newListener"]'],
        ['2["removeListener"]'],
        ["0[]"],
        ["0true"],
        ["1{}"],
        ["3[]"],
        ["31{}"],
        ['4{"message":"x"}'],
        ['299999999999999999["x"]'],
        ['29007199254740992["x"]'],
        ['2/namespace["x"]'],
        ["2/" + "x" * 300 + ',["x"]'],
        ['5["x"]'],
        ['21-["x"]'],
        ['51000000000-["x"]'],
        [f'5{MAX_ATTACHMENTS + 1}-["x"]'],
        ['51-["x"]', BLOB],
        ['51-["x",{"_placeholder":true,"num":1}]', BLOB],
        ['51-["x",{"_placeholder":true,"num":-1}]', BLOB],
        ['51-["x",{"_placeholder":true,"num":"0"}]', BLOB],
        ['51-["x",{"_placeholder":true,"num":1000000000}]', BLOB],
        ['51-["x",{"_placeholder":true}]', BLOB],
        ['51-["x",{"_placeholder":true,"num":true}]', BLOB],
        ['51-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]', BLOB],
        ['52-["x",{"_placeholder":true,"num":0}]', BLOB, BLOB],
        ['51-["x",{"_placeholder":true,"num":0}]', '2["y"]'],
        [BLOB],
        ['51-[{"_placeholder":true,"num":0}]'],
        ["2[" * 5_000],
        ['2["x",' + "[" * 2_000 + "]" * 2_000 + "]"],
    ],
)
def test_anything_else_is_refused(messages: list[str | bytes]) -> None:
    with pytest.raises(SocketIoError):
        decode(*messages)


@pytest.mark.parametrize("depth", [MAX_DEPTH, 900, 100_000])
def test_data_that_is_nested_too_deeply_is_refused(depth: int) -> None:
    for text in (
        '2["x",' + "[" * depth + "]" * depth + "]",
        '2["x",' + '{"y":' * depth + "1" + "}" * depth + "]",
        '51-["x",' + "[" * depth + json.dumps(PLACE) + "]" * depth + "]",
    ):
        with pytest.raises(SocketIoError):
            decode(text, BLOB)


def test_brackets_in_a_text_are_no_nesting() -> None:
    packet = decode('2["x","' + "[{" * 1_000 + '"]')
    assert packet is not None
    assert packet.data == ["x", "[{" * 1_000]


def test_data_of_the_largest_depth_is_decoded_and_encoded() -> None:
    depth = MAX_DEPTH - 2  # besides the event's own list, and the attachment's object
    text = '51-["x",' + "[" * depth + json.dumps(PLACE) + "]" * depth + "]"
    result = decode(text, BLOB)
    assert result is not None
    assert encode(result)[1:] == [BLOB]
    value = result.data[1]  # type: ignore[index]
    for _ in range(depth):
        (value,) = value
    assert value == BLOB


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=MAX_ATTACHMENTS,
)


@given(
    st.lists(JSON, max_size=3),
    st.sampled_from(["/", "/a", "/a b/ü?x=1"]),
    st.none() | st.integers(0, 2**53 - 1),
)
def test_an_encoded_event_is_decoded_unchanged(
    args: list[object], namespace: str, number: int | None
) -> None:
    event = packet(SocketIoType.EVENT, ["name", *args], namespace, number)
    messages = encode(event)
    assume(len(messages) - 1 <= MAX_ATTACHMENTS)  # more are refused, which other tests check
    result = decode(*messages)
    assert result is not None
    assert (result.data, result.namespace, result.id) == (event.data, namespace, number)


@given(st.lists(st.text() | st.binary(), max_size=4))
def test_no_messages_raise_anything_but_the_protocols_error(messages: list[str | bytes]) -> None:
    decoder = Decoder()
    try:
        for message in messages:
            decoder.feed(message)
    except SocketIoError as error:
        str(error)
