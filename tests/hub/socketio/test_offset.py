"""What an offset names, and how large it can be."""

import json

import pytest

from hub.engineio.connection import STRANGER_BYTES
from hub.socketio.offset import MAX_LISTED, Offset, Received, decode_offset, encode_offset
from protocol.model import MAX_ID, ChannelId, NotePosition, Position, Reached, RevisionPosition

ONE, TWO = ChannelId(1), ChannelId(2)


def test_offsets_are_decoded_as_they_were_encoded() -> None:
    positions = {
        ChannelId(5): Reached(7), ChannelId(2**53 - 1): Reached(0), ChannelId(6): Reached(0, 9),
    }  # fmt: skip
    places = f"5:7,{2**53 - 1}:0,6:0:9"
    for received, text in (
        (Received(positions), places), (Received(positions, 7), f"n7,{places}"),
        (Received(notes=7), "n7"), (Received(offline=8), "o8"),
        (Received(positions, 7, 8), f"n7,o8,{places}"),
        (Received(), ""),
    ):  # fmt: skip
        assert encode_offset(received) == text
        assert decode_offset(text) == received


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "5:",
        ":7",
        "05:7",
        "5:7,",
        "5:7:",
        "5:7:1:1",
        f"5:7:{2**53}",
        "5:7;6:8",
        "n",
        "n-1",
        "n\u0665",
        f"n{2**53}",
        f"o{2**53}",
        "5:n7",
        "5:-7",
        "\u0665:\u0667",
        f"{2**53}:1",
        "1" * 20_000,
    ],
)
def test_an_invalid_offset_is_none(text: str) -> None:
    assert decode_offset(text) is None


def test_the_longest_offset_fits_into_a_connect_packet() -> None:
    offset = Offset(MAX_ID, MAX_ID)
    for number in range(MAX_LISTED):
        offset.move(Position(ChannelId(MAX_ID - number), MAX_ID))
        offset.move(RevisionPosition(ChannelId(MAX_ID - number), MAX_ID))
    auth = json.dumps({"token": "t" * 1_024, "pid": "p" * 32, "offset": offset.text})
    assert len(f"40{auth}") <= STRANGER_BYTES
    assert len((decode_offset(offset.text) or Received()).positions) == MAX_LISTED


def test_an_offset_names_only_positions_newer_than_those_in_the_store() -> None:
    offset = Offset()
    offset.move(Position(ONE, 1))
    offset.move(Position(TWO, 1))
    offset.ask()
    offset.move(Position(TWO, 2))
    assert offset.received() == {ONE: Reached(1), TWO: Reached(1)}
    offset.stored(offset.received())
    assert decode_offset(offset.text) == Received({TWO: Reached(2)})
    assert len(offset) == 1


def test_an_offset_names_messages_and_revisions() -> None:
    offset = Offset()
    offset.move(RevisionPosition(ONE, 4))
    assert decode_offset(offset.text) == Received({ONE: Reached(0, 4)})
    offset.move(Position(ONE, 2))
    assert decode_offset(offset.text) == Received({ONE: Reached(2, 4)})
    offset.ask()
    offset.move(RevisionPosition(ONE, 5))
    offset.stored(offset.received())
    assert decode_offset(offset.text) == Received({ONE: Reached(2, 5)})


def test_messages_that_are_requested_again_do_not_count_as_received() -> None:
    offset = Offset()
    for position in (Position(ONE, 3), Position(TWO, 3)):
        offset.move(position)
    offset.ask()
    offset.doubt([ONE])
    assert offset.received() == {TWO: Reached(3)}
    offset.forget([ONE])
    assert decode_offset(offset.text) == Received({TWO: Reached(3)})
    offset.forget([TWO])
    assert offset.received() == {}
    assert offset.text == ""


def test_a_note_that_comes_after_a_newer_one_does_not_move_the_offset_back() -> None:
    offset = Offset(3)
    assert offset.text == "n3"
    for number in (5, 4):
        offset.move(NotePosition(number))
    assert (offset.text, len(offset)) == ("n5", 0)
