"""One Engine.IO session without sockets: queue, bounds, and the upgrade."""

import json

import pytest

from protocol.engineio.packets import EngineError, Packet, PacketType
from protocol.engineio.session import (
    MAX_QUEUED_BYTES,
    Carrier,
    EngineSession,
    EngineSettings,
    PeerClosed,
    Ponged,
    Received,
)

PROBE = Packet(PacketType.PING, "probe")
UPGRADE = Packet(PacketType.UPGRADE)


def text(data: str) -> Packet:
    return Packet(PacketType.MESSAGE, data)


def opened(carrier: Carrier = Carrier.POLLING, max_payload: int = 100) -> EngineSession:
    """A session whose handshake was taken."""
    session = EngineSession("sid", carrier, EngineSettings(max_payload=max_payload))
    session.take()
    return session


@pytest.mark.parametrize(
    ("carrier", "upgrades"), [(Carrier.POLLING, ["websocket"]), (Carrier.WEBSOCKET, [])]
)
def test_the_first_packet_is_the_handshake(carrier: Carrier, upgrades: list[str]) -> None:
    session = EngineSession("sid", carrier, EngineSettings())
    (packet,) = session.take()
    assert packet.type is PacketType.OPEN
    assert json.loads(packet.data) == {
        "sid": "sid", "upgrades": upgrades, "pingInterval": 25_000, "pingTimeout": 20_000,
        "maxPayload": 1_000_000,
    }  # fmt: skip


def test_packets_leave_in_the_order_they_were_queued() -> None:
    session = opened()
    assert not session.has_queued
    for data in "abc":
        session.queue(text(data))
    assert session.has_queued
    assert session.take() == [text(data) for data in "abc"]
    assert not session.has_queued


def test_a_polling_response_is_bounded_but_holds_at_least_a_packet() -> None:
    session = opened(max_payload=10)
    for data in ("aaaa", "bbb", "c", "d" * 50, "e"):
        session.queue(text(data))
    taken = []
    while session.has_queued:
        taken.append([packet.data for packet in session.take_payload()])
    assert taken == [["aaaa"], ["bbb", "c"], ["d" * 50], ["e"]]


def test_the_bound_counts_queued_packets_and_not_taken_ones() -> None:
    session = opened(max_payload=MAX_QUEUED_BYTES)
    half = text("x" * (MAX_QUEUED_BYTES // 2))
    session.queue(half)
    assert (session.is_half_full, session.is_full) == (True, False)
    session.queue(half)
    assert session.is_full
    session.take_payload()
    assert (session.is_half_full, session.is_full) == (True, False)
    session.take()
    assert not session.is_half_full


def test_packets_of_a_client() -> None:
    session = opened()
    assert session.receive(text("hi")) == Received("hi")
    assert session.receive(Packet(PacketType.MESSAGE, b"hi")) == Received(b"hi")
    assert session.receive(Packet(PacketType.PONG)) == Ponged()
    assert session.receive(Packet(PacketType.CLOSE)) == PeerClosed()


@pytest.mark.parametrize(
    "kind", [PacketType.OPEN, PacketType.PING, PacketType.UPGRADE, PacketType.NOOP]
)
def test_packets_that_only_a_server_sends_or_out_of_place_are_refused(kind: PacketType) -> None:
    with pytest.raises(EngineError):
        opened().receive(Packet(kind))


def test_an_upgrade_is_a_probe_and_then_the_upgrade() -> None:
    session = opened()
    assert session.receive_on_new_websocket(PROBE) == Packet(PacketType.PONG, "probe")
    assert (session.carrier, session.is_probed) == (Carrier.POLLING, True)
    assert session.receive_on_new_websocket(UPGRADE) is None
    assert (session.carrier, session.is_probed) == (Carrier.WEBSOCKET, False)


@pytest.mark.parametrize("packet", [UPGRADE, text("hi"), Packet(PacketType.PING)])
def test_an_upgrade_begins_with_a_probe(packet: Packet) -> None:
    session = opened()
    with pytest.raises(EngineError):
        session.receive_on_new_websocket(packet)
    assert (session.carrier, session.is_probed) == (Carrier.POLLING, False)


def test_a_second_probe_is_refused_until_the_first_is_cancelled() -> None:
    session = opened()
    session.receive_on_new_websocket(PROBE)
    with pytest.raises(EngineError):
        session.receive_on_new_websocket(PROBE)
    session.cancel_upgrade()
    assert not session.is_probed
    assert session.receive_on_new_websocket(PROBE) is not None


def test_a_session_on_a_websocket_is_not_upgraded_again() -> None:
    with pytest.raises(EngineError):
        opened(Carrier.WEBSOCKET).receive_on_new_websocket(PROBE)
