"""Rules for every dialect: it sends or omits every event, and rejects peers without a session."""

from typing import Any, get_args

import pytest
from attrs import evolve, fields

import docs.examples.new_dialect.dialects
import protocol.dialects
from protocol.dialect import AcceptAndClose, Dialect, EventDialect, RefuseUpgrade, Stranger
from protocol.discovery import find_dialects
from protocol.events import (
    ChannelMessagePosted,
    ChannelMessageRevised,
    Event,
    MessageConfirmed,
    PrivateMessagePosted,
    PrivateMessageRevised,
)
from protocol.model import GradingStatus, Mention, Message, MessageId, Thread, UserId
from protocol.revisions import Delete, Edit, Grade, Pin, React, Revision
from tests.support.documents.dialect_pages import JSON_DIALECTS, is_json_object
from tests.support.documents.events import ANN, AT, EVENTS, GRADED, THUMB

NOT_SENT = {(MessageConfirmed, "joined")}  # only the offset depends on it
ALL_EVENTS = frozenset(get_args(Event))
FOUND = find_dialects(protocol.dialects)
EXAMPLE = find_dialects(docs.examples.new_dialect.dialects)
WEBSOCKET: dict[str, Dialect] = {each.name: each for each in FOUND.by_path.values()}
SOCKETIO: dict[str, EventDialect] = {each.name: each for each in FOUND.by_namespace.values()}
ALL_DIALECTS: dict[str, Dialect | EventDialect] = {
    **WEBSOCKET,
    **SOCKETIO,
    **{each.name: each for each in EXAMPLE.by_path.values()},
}


CHANGED: dict[str, object] = {
    "content": "another", "rev": 7, "edited_at": None, "is_deleted": True, "is_pinned": False,
    "grading": GradingStatus.PENDING, "reactions": (),
    "thread": Thread(MessageId(8), 2, None), "replies": Thread(MessageId(9), 2, None),
    "mentions": (Mention(UserId(2), "ben"),), "mentions_channel": True,
}  # fmt: skip
"""The fields of a message that a revision can change, with other values than in the example."""
NEVER_CHANGED = {
    "id", "channel_id", "seq", "author_id", "created_at", "recipient_id", "kind", "key",
    "read_by", "is_delivered", "is_homework", "parent_id", "is_forwarded",
    "file_url",  # changed only by a deletion, which `is_deleted` shows
}  # fmt: skip
REVISING = [
    name
    for name in (*WEBSOCKET, *SOCKETIO)
    if ALL_DIALECTS[name].encodes & {PrivateMessageRevised, ChannelMessageRevised}
]
NOT_OF_CONVERSATIONS = {"is_pinned", "grading", "mentions_channel"}
ALL_REVISIONS: dict[str, Revision | None] = {
    "missed": None, "edit": Edit("x"), "delete": Delete(), "react": React(THUMB), "pin": Pin(),
    "grade": Grade(GradingStatus.GRADED),
}  # fmt: skip


def names(events: frozenset[type[Event]]) -> list[str]:
    return sorted(event.__name__ for event in events)


def test_there_is_one_example_of_every_event() -> None:
    assert sorted(type(event).__name__ for event in EVENTS) == names(ALL_EVENTS)


def test_every_event_is_sent_by_some_dialect() -> None:
    sent: set[type[Event]] = set()
    for name in (*WEBSOCKET, *SOCKETIO):
        sent |= ALL_DIALECTS[name].encodes
    assert names(ALL_EVENTS - sent) == []


@pytest.mark.parametrize("name", ALL_DIALECTS)
def test_a_dialect_sends_an_event_or_gives_a_reason_why_not(name: str) -> None:
    dialect = ALL_DIALECTS[name]
    omitted = frozenset(dialect.omits)
    assert names(ALL_EVENTS - dialect.encodes - omitted) == [], "neither sent nor omitted"
    assert names(dialect.encodes & omitted) == [], "both sent and omitted"
    assert names((dialect.encodes | omitted) - ALL_EVENTS) == [], "no event"
    assert all(dialect.omits.values())


@pytest.mark.parametrize("name", ALL_DIALECTS)
def test_the_vocabulary_has_exactly_the_events_that_are_sent(name: str) -> None:
    dialect = ALL_DIALECTS[name]
    assert names(frozenset(dialect.vocabulary.sent)) == names(dialect.encodes)
    assert dialect.vocabulary.received


@pytest.mark.parametrize("name", ALL_DIALECTS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_encoding_gives_something_for_exactly_the_events_in_tells(name: str, event: Event) -> None:
    dialect = ALL_DIALECTS[name]
    assert bool(dialect.encode(event)) is (type(event) in dialect.encodes)


@pytest.mark.parametrize("name", ALL_DIALECTS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_boolean_of_an_event_is_sent(name: str, event: Event) -> None:
    """No dialect assumes the value of `complete`, `online` and the like."""
    dialect = ALL_DIALECTS[name]
    for field in fields(type(event)):
        value = getattr(event, field.name)
        if isinstance(value, bool) and (type(event), field.name) not in NOT_SENT:
            changed: dict[str, Any] = {field.name: not value}
            opposite = evolve(event, **changed)
            is_sent = dialect.encode(opposite) != dialect.encode(event)
            assert is_sent is (type(event) in dialect.encodes), field.name


@pytest.mark.parametrize("name", JSON_DIALECTS)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_all_frames_of_a_json_dialect_are_json_objects(name: str, event: Event) -> None:
    assert all(map(is_json_object, ALL_DIALECTS[name].encode(event)))


@pytest.mark.parametrize("name", WEBSOCKET)
@pytest.mark.parametrize("stranger", Stranger)
def test_a_peer_without_a_session_is_rejected(name: str, stranger: Stranger) -> None:
    rejection = WEBSOCKET[name].reject(stranger)
    match rejection:
        case RefuseUpgrade(status=status, text=text):
            assert (status, text.partition(":")[0]) == (401, "Unauthorized")
        case AcceptAndClose(reason=reason):
            assert (reason.code, reason.reconnect) == (4001, False)


def test_every_field_of_a_message_is_listed_as_changed_by_revisions_or_not() -> None:
    known = {*CHANGED, *NEVER_CHANGED}
    assert sorted(known) == sorted(field.name for field in fields(Message))
    assert not NEVER_CHANGED & CHANGED.keys()


@pytest.mark.parametrize("name", REVISING)
@pytest.mark.parametrize("field", CHANGED)
@pytest.mark.parametrize("kind", [*ALL_REVISIONS, "posted"])
def test_every_field_that_a_revision_changes_is_sent(name: str, field: str, kind: str) -> None:
    """In a live revision, in one that was missed, and when the message is posted."""
    dialect = ALL_DIALECTS[name]

    def shown(message: Message) -> object:
        revision = ALL_REVISIONS.get(kind)
        private: Event = PrivateMessagePosted(message, ANN, message.author_id)
        public: Event = ChannelMessagePosted(message, ANN, None)
        if kind != "posted":
            private = PrivateMessageRevised(message, AT, revision, ANN)
            public = ChannelMessageRevised(message, AT, revision, ANN)
        return [*dialect.encode(private), *dialect.encode(public)]

    is_private = PrivateMessagePosted in dialect.encodes
    other: dict[str, Any] = {field: CHANGED[field]}
    is_reported = shown(evolve(GRADED, **other)) != shown(GRADED)
    assert is_reported or (is_private and field in NOT_OF_CONVERSATIONS)
