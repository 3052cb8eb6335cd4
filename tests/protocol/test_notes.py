"""Notes: when a mute holds, and the peer of a note."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from protocol.model import UserId
from protocol.notes import Mute, peer_in
from tests.support.documents.events import CHANNEL_NOTE

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def test_a_mute_holds_until_it_ends() -> None:
    assert Mute().holds(NOW)
    assert Mute(NOW + timedelta(seconds=1)).holds(NOW)
    assert not Mute(NOW).holds(NOW)


def test_the_peer_of_a_note_is_the_other_participant() -> None:
    assert peer_in(CHANNEL_NOTE, UserId(1)) == 2
    assert peer_in(CHANNEL_NOTE, UserId(2)) == 1
    with pytest.raises(ValueError, match="dm"):
        peer_in(evolve(CHANNEL_NOTE, pair=None), UserId(1))
