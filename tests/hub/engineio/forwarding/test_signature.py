"""Which forwarded requests have a valid signature, and which are refused."""

import pytest
from attrs import evolve

from hub.engineio.forwarding.signature import (
    MAX_HEAD_BYTES,
    VALID_SECONDS,
    Forwarded,
    Line,
    NotForwarded,
    Signer,
)

KEY, NOW = b"a key", 1_800_000_000.0
HEAD = b"GET /socket.io/?EIO=4&transport=polling&sid=north.abc HTTP/1.1\r\nhost: a\r\n\r\n"
SENT = Forwarded("north", "2001:db8::1", "https", HEAD)


def signer(node: str = "north", key: bytes = KEY, now: float = NOW) -> Signer:
    return Signer(node, key, lambda: now)


def read(data: bytes, reader: Signer) -> Forwarded:
    line, _, head = data.partition(b"\n")
    return reader.verify(Line.of(line + b"\n"), head)


@pytest.mark.parametrize("age", [0, VALID_SECONDS, -VALID_SECONDS])
def test_a_request_signed_for_this_node_is_accepted(age: float) -> None:
    assert read(signer("south", now=NOW - age).sign(SENT), signer()) == SENT


@pytest.mark.parametrize("age", [VALID_SECONDS + 1, -VALID_SECONDS - 1])
def test_a_request_that_is_too_old_or_from_the_future_is_refused(age: float) -> None:
    with pytest.raises(NotForwarded, match="do the clocks of the nodes differ"):
        read(signer("south", now=NOW - age).sign(SENT), signer())


def test_a_request_for_another_node_is_refused() -> None:
    with pytest.raises(NotForwarded, match="it is for the node north"):
        read(signer().sign(SENT), signer("east"))


def test_a_request_signed_with_another_key_is_refused() -> None:
    with pytest.raises(NotForwarded, match="its signature is wrong"):
        read(signer(key=b"another key").sign(SENT), signer())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b" 1800000000 ", b" 1800000001 "),
        (b" north ", b" south "),
        (b"2001:db8::1", b"2001:db8::2"),
        (b" https ", b" http "),
        (b"sid=north.abc", b"sid=north.abd"),
        (b"host: a", b"host: b"),
        (b"GET ", b"PUT "),
    ],
)
def test_a_change_of_any_signed_part_is_refused(old: bytes, new: bytes) -> None:
    data = signer().sign(SENT)
    assert old in data
    with pytest.raises(NotForwarded, match="its signature is wrong"):
        read(data.replace(old, new), signer())


@pytest.mark.parametrize(
    "line",
    [
        b"GET /socket.io/?sid=north.abc HTTP/1.1\r\n",
        b"\n",
        b"parlour-forwarded 1 1800000000 north 192.0.2.1 http 10 \n",
        b"parlour-forwarded 2 1800000000 north 192.0.2.1 http 10 " + b"0" * 64 + b"\n",
        b"parlour-forwarded 1 1800000000 north 192.0.2.1 ftp 10 " + b"0" * 64 + b"\n",
        b"parlour-forwarded 1 1800000000 north 192.0.2.1 http 10 " + b"0" * 64,
    ],
)
def test_a_line_without_a_signature_is_refused(line: bytes) -> None:
    with pytest.raises(NotForwarded, match="it is not signed"):
        Line.of(line)


def test_a_head_that_is_too_large_is_refused_before_it_is_read() -> None:
    sent = evolve(SENT, head=b"x" * (MAX_HEAD_BYTES + 1))
    with pytest.raises(NotForwarded, match="its head is too large"):
        read(signer().sign(sent), signer())
