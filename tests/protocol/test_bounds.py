"""Everything that is sent fits into an outbox."""

from collections.abc import Sequence

import orjson
import pytest

import protocol.dialects
from hub.actor.wire import Wire
from hub.settings.config import Config
from hub.socketio.link import SEPARATOR, EventWire
from hub.sockets.outbox import Offered, Outbox
from protocol.answers import Page
from protocol.bounds import (
    MAX_LIST_BYTES,
    MAX_POSITIONS,
    first_positions,
    first_that_fit,
    newest_that_fit,
    parts_that_fit,
)
from protocol.discovery import find_dialects
from protocol.engineio.packets import Packet, PacketType
from protocol.engineio.session import Carrier, EngineSession, EngineSettings
from protocol.events import Event
from tests.support.documents.largest import HISTORY, LARGEST, USER

FOUND = find_dialects(protocol.dialects)
WEBSOCKET = {each.name: each for each in FOUND.by_path.values()}
SOCKETIO = {each.name: each for each in FOUND.by_namespace.values()}
LISTS = 2 * MAX_LIST_BYTES  # the lists of one frame, and everything around them


def session_with(texts: Sequence[str]) -> EngineSession:
    session = EngineSession("sid", Carrier.POLLING, EngineSettings())
    for text in texts:
        session.queue(Packet(PacketType.MESSAGE, text))
    return session


@pytest.mark.parametrize("event", LARGEST, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("name", sorted(WEBSOCKET))
def test_the_largest_of_every_event_fits_into_an_empty_outbox(name: str, event: Event) -> None:
    outbox = Outbox(Config().outbox_bytes)
    frames = Wire(WEBSOCKET[name]).encode(event)
    assert outbox.offer(frames, ephemeral=False) is Offered.TAKEN
    assert len(frames) <= LISTS


@pytest.mark.parametrize("event", LARGEST, ids=lambda event: type(event).__name__)
def test_the_largest_of_every_event_fits_into_an_empty_session(event: Event) -> None:
    for dialect in SOCKETIO.values():
        packets = EventWire(dialect).encode(event).decode().split(SEPARATOR.decode())
        session = session_with(packets)
        assert not session.is_full


@pytest.mark.parametrize("name", ["messages:get", "messages:list"])
def test_a_page_over_socketio_is_cut_to_its_newest_messages(name: str) -> None:
    (dialect,) = SOCKETIO.values()
    answer = dialect.acknowledgement(name, Page(HISTORY[:50], {USER.id: USER}), USER)
    assert answer["complete"] is False
    assert not session_with([orjson.dumps(answer).decode()]).is_full
    views = answer["data" if name == "messages:list" else "messages"]
    assert isinstance(views, list)
    assert 0 < len(views) < 50
    whole = dialect.acknowledgement(name, Page(HISTORY[:1], {USER.id: USER}), USER)
    assert "complete" not in whole


def test_a_cut_list_keeps_the_requested_end() -> None:
    items = [f"{number:05}" + "x" * 50_000 for number in range(20)]
    assert first_that_fit(items) == items[:5]
    assert newest_that_fit(items) == items[-5:]
    assert parts_that_fit(items) == [items[at : at + 5] for at in range(0, 20, 5)]
    assert newest_that_fit([]) == first_that_fit([]) == []
    assert parts_that_fit(["x" * MAX_LIST_BYTES, "a"]) == [["a"]]


def test_positions_are_cut_from_the_end() -> None:
    positions = dict.fromkeys(range(MAX_POSITIONS + 1), 1)
    assert list(first_positions(positions)) == list(range(MAX_POSITIONS))
