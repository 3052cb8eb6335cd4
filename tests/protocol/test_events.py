"""Which events may be dropped, and the position that a client reaches with each."""

import attrs
import pytest
from attrs import evolve

from protocol.errors import ERROR_TEXTS, ErrorCode
from protocol.events import (
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelPresence,
    ChannelTyping,
    ConversationBegun,
    Ephemeral,
    Event,
    MessageConfirmed,
    Noted,
    PresenceChanged,
    PrivateMessagePosted,
    PrivateMessageRevised,
    Refused,
    Reliable,
    TypingChanged,
    WorkspacePresence,
)
from protocol.model import ChannelId, NotePosition, Position, RevisionPosition
from tests.support.documents.events import EVENTS, MESSAGE

HERE = Position(ChannelId(3), 4)
POSTED = (PrivateMessagePosted, ChannelMessagePosted, ConversationBegun, MessageConfirmed)


def name_of(event: Event) -> str:
    return type(event).__name__


def test_only_typing_and_presence_may_be_dropped() -> None:
    dropped = {type(event) for event in EVENTS if event.ephemeral}
    assert dropped == {
        TypingChanged, ChannelTyping, PresenceChanged, WorkspacePresence, ChannelPresence
    }  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_the_position_of_an_event_is_that_of_its_message_or_note(event: Event) -> None:
    if isinstance(event, PrivateMessageRevised | ChannelMessageRevised):
        assert event.position == RevisionPosition(ChannelId(3), 6)
    elif isinstance(event, Noted):
        assert event.position == NotePosition(7)
    else:
        assert event.position == (HERE if isinstance(event, POSTED) else None)


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_an_event_with_a_message_or_a_note_has_a_position_of_its_own(event: Event) -> None:
    has_place = {"message", "note"} & {field.name for field in attrs.fields(type(event))}
    assert bool(has_place) is not isinstance(event, Reliable | Ephemeral)


def test_a_confirmation_without_having_joined_has_no_position() -> None:
    assert MessageConfirmed(MESSAGE, joined=False).position is None
    assert MessageConfirmed(evolve(MESSAGE, seq=5), joined=True).position == (3, 5)


def test_a_refusal_has_the_catalogues_text() -> None:
    refused = Refused.because(ErrorCode.NOT_ALLOWED, "k")
    assert (refused.code, refused.key) == (ErrorCode.NOT_ALLOWED, "k")
    assert refused.text == ERROR_TEXTS[ErrorCode.NOT_ALLOWED]
