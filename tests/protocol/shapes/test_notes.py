"""Notes as lists show them."""

from datetime import UTC, datetime, timedelta

from attrs import evolve

from protocol.notes import Mute
from protocol.shapes.notes import marks_object, marks_of
from tests.support.documents.events import CHANNEL_NOTE

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def test_a_mute_that_ended_is_not_shown() -> None:
    ends = Mute(NOW + timedelta(hours=1))
    shown = marks_object(4, ends, NOW)
    assert shown == {"unreadFrom": 4, "isMuted": True, "mutedUntil": "2024-01-01T01:00:00.000Z"}
    later = marks_object(None, ends, NOW + timedelta(hours=1))
    assert later == {"unreadFrom": None, "isMuted": False, "mutedUntil": None}


def test_a_channel_without_a_note_has_empty_marks() -> None:
    assert marks_of(None, NOW) == {"unreadFrom": None, "isMuted": False, "mutedUntil": None}
    assert marks_of(evolve(CHANNEL_NOTE, unread_from=None), NOW)["isMuted"]
