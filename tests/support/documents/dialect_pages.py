"""What the page of a dialect documents, and what its code does.

Guarantees: both sides are read from their source: tables of docs/dialects, decoder tables, encoded
examples of every event. Must not know: which of them is right.
"""

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Final, cast

import attrs
from attrs import evolve

import hub.rest.routes
import protocol.dialects
from hub.rest.app import discover
from hub.rest.endpoint import Endpoint
from protocol.admin import ADMIN
from protocol.dialect import Dialect, EventDialect
from protocol.discovery import find_dialects
from protocol.errors import ErrorCode
from protocol.events import (
    ChannelMessagePosted,
    ChannelMessageRevised,
    ChannelsResumed,
    ChannelTyping,
    ConversationBegun,
    ConversationHistory,
    ConversationsResumed,
    ConversationSubscribed,
    Event,
    LeftChannel,
    MessageConfirmed,
    MessagesSeen,
    Noted,
    PrivateMessagePosted,
    PrivateMessageRevised,
    Refused,
    TypingChanged,
)
from protocol.model import ChannelId, DeliveryStatus, GradingStatus, UserId
from protocol.revisions import Delete, Edit, Grade, Pin, React
from protocol.schemas import Schemas
from tests.support.documents.events import (
    EVENTS,
    FULL_MESSAGE,
    HIDDEN_NOTE,
    MENTIONING,
    THREAD,
    THUMB,
)
from tests.support.documents.pages import ROOT, code_words, rows, section


def is_json_object(frame: object) -> bool:
    """Whether a frame is an event of Socket.IO, or the text of a JSON object."""
    if isinstance(frame, tuple):
        return True
    try:
        return isinstance(json.loads(cast("bytes", frame)), dict)
    except ValueError:
        return False


FOLDER: Final = ROOT / "docs/dialects"
COMMON: Final = FOLDER / "README.md"
_FOUND: Final = find_dialects(protocol.dialects)
DIALECTS: Final[Mapping[str, Dialect | EventDialect]] = {
    **{dialect.name: dialect for dialect in _FOUND.by_path.values()},
    **{dialect.name: dialect for dialect in _FOUND.by_namespace.values()},
}
REST_PAGES: Final[Mapping[str, str]] = {
    **{
        importlib.import_module(f"protocol.dialects.{folder.name}.rest").REST.name: folder.name
        for folder in iter_modules(protocol.dialects.__path__)
        if find_spec(f"protocol.dialects.{folder.name}.rest")
    },
    ADMIN.name: "admin",
}
"""The prefix of a REST dialect -> the dialect that declares it in its folder, and documents it on
its page; operators' calls belong to no dialect.
"""
JSON_DIALECTS: Final = [
    name
    for name, dialect in DIALECTS.items()
    if any(is_json_object(frame) for event in EVENTS for frame in dialect.encode(event))
]
"""The dialects that send JSON: objects, or events of Socket.IO."""
NOT_SENT: Final = re.compile(r"Not sent in this dialect: (.*?\.)\n", re.DOTALL)

Frames = Mapping[str, AbstractSet[str]]
"""The names of a frame's fields, by its type."""


def page_of(name: str) -> Path:
    """The page of a dialect."""
    return FOLDER / f"{name}.md"


def documented_client_frames(name: str) -> set[str]:
    """The types in the table of client frames."""
    return {code_words(row[0])[0] for row in rows(section(page_of(name), "Client frames"))}


def documented_client_fields(name: str) -> set[str]:
    """The fields in that table and in the text below it."""
    cells = " ".join(code_words(section(page_of(name), "Client frames")))
    return set(re.findall(r"\w+", cells)) | {"op"}  # the title of its column


def decoded_client_frames(name: str) -> set[str]:
    """The types that the dialect decodes; over Socket.IO one more, which is no command."""
    decoders = importlib.import_module(f"protocol.dialects.{name}.decoders")
    dialect = DIALECTS[name]
    own = {dialect.service_events.refresh} if isinstance(dialect, EventDialect) else set()
    return {*decoders.DECODERS, *own}


def decoded_client_fields(name: str) -> set[str]:
    """The fields that the decoders read: those of the shapes that they read frames into."""
    vocabulary, schemas = DIALECTS[name].vocabulary, Schemas("")
    for shape in vocabulary.received.values():
        schemas.of(shape, vocabulary.naming)
    described: list[Any] = list(schemas.definitions.values())
    return {field for each in described for field in each.get("properties", ())}


def documented_server_frames(name: str) -> Frames:
    """Type -> fields, from the table of server frames."""
    found: dict[str, set[str]] = {}
    for row in rows(section(page_of(name), "Server frames")):
        fields = set(re.findall(r"`(\w+)`:(?! string, where messages have it)", row[2]))
        if re.search(r"\ba \[message object\]\(", row[2]):
            fields |= message_fields(name)
        if re.search(r"\ba \[channel object\]\(", row[2]):
            fields |= {"id", "workspaceId", "name", "type", "class", "subject", "pinnedMessages"}
            fields |= {"createdAt"}
        of_reactions = set(re.findall(r"`(\w+)`: of a reaction", row[2]))
        for kind in code_words(row[0]):
            found[kind] = fields if "reaction" in kind.lower() else fields - of_reactions
    return found


def message_fields(name: str) -> set[str]:
    """The fields of a message as a frame shows it."""
    page = page_of("learning_chat" if name == "gateway" else name)
    shown = [row for row in rows(section(page, "Message object")) if "over REST only" not in row[2]]
    return {
        field for row in shown if "`rendered_content=" not in row[2] for field in code_words(row[0])
    }


def encoded_server_frames(name: str) -> Frames:
    """The same from the code: every event is encoded."""
    found: dict[str, set[str]] = {}
    for event in examples():
        for kind, fields in _encoded(name, event):
            found.setdefault(kind, set()).update(fields)
    dialect = DIALECTS[name]
    if isinstance(dialect, EventDialect):  # a list of messages, and a string
        found |= {dialect.service_events.undelivered: set(), dialect.service_events.offset: set()}
    return found


def _revisions(
    event: PrivateMessageRevised | ChannelMessageRevised,
) -> Iterator[PrivateMessageRevised | ChannelMessageRevised]:
    mentioning = evolve(event.message, mentions=MENTIONING.mentions, mentions_channel=True)
    for message in (event.message, mentioning):
        yield evolve(event, message=evolve(message, is_deleted=True), revision=Delete())
        for revision in (Edit("x"), Pin(), Grade(GradingStatus.GRADED), React(THUMB)):
            yield evolve(event, message=message, revision=revision)
        yield evolve(event, message=evolve(message, is_pinned=False), revision=Pin())
        yield evolve(event, message=message, revision=React(THUMB, is_added=False))


_RESUMED: Final[tuple[Event, ...]] = (
    *(
        evolve(e, revs={UserId(2): 1}, notes=1)
        for e in EVENTS
        if isinstance(e, ConversationsResumed)
    ),
    *(evolve(e, revs={ChannelId(3): 1}, notes=1) for e in EVENTS if isinstance(e, ChannelsResumed)),
)


def examples() -> Iterator[Event]:  # noqa: C901  one row for each event
    """Every event, and variants with the fields that the others leave out."""
    yield from (*EVENTS, *_RESUMED)
    for event in EVENTS:
        match event:
            case PrivateMessagePosted() | ChannelMessagePosted() | ConversationBegun():
                yield evolve(event, message=FULL_MESSAGE)
                yield evolve(event, message=MENTIONING)
            case MessageConfirmed():
                yield evolve(event, message=evolve(FULL_MESSAGE, thread=THREAD))
            case ConversationHistory():
                yield evolve(event, messages=(FULL_MESSAGE,))
                yield evolve(event, messages=(MENTIONING,))
            case ConversationSubscribed():
                yield evolve(event, subscribed=False)
            case Refused():
                yield evolve(event, field="content")
            case PrivateMessageRevised() | ChannelMessageRevised():
                yield from _revisions(event)
            case Noted():
                yield evolve(event, note=HIDDEN_NOTE)
            case MessagesSeen():
                yield evolve(event, status=DeliveryStatus.READ)
            case LeftChannel():
                yield evolve(event, reason=None)
            case TypingChanged() | ChannelTyping():
                yield evolve(event, is_typing=False)
            case _:
                pass


def _encoded(name: str, event: Event) -> Iterator[tuple[str, set[str]]]:
    for frame in DIALECTS[name].encode(event):
        if isinstance(frame, tuple):
            yield frame[0], set(frame[1])
            continue
        shown = json.loads(frame)
        kind = shown.get("type") or shown.get("t") or shown["op"]
        yield kind, set(shown.get("payload") or shown.get("d") or shown.keys() - {"type", "op"})


def documented_errors(name: str) -> Mapping[str, str]:
    """Code -> text, from the table of errors."""
    return {code_words(row[0])[0]: row[1] for row in rows(section(page_of(name), "Errors"))}


def documented_as_never_sent(name: str) -> set[str]:
    """The codes that the page lists as never sent."""
    found = NOT_SENT.search(section(page_of(name), "Errors"))
    words = code_words(found[1]) if found else []
    return {word for word in words if word in tuple(ErrorCode)}


def shown_text(name: str, code: ErrorCode) -> str | None:
    """The text that a client of the dialect gets for an error; None if it has no error frame."""
    for frame in DIALECTS[name].encode(Refused.because(code)):
        shown = frame[1] if isinstance(frame, tuple) else json.loads(frame)
        return str(shown["message"])
    return None


def documented_calls(name: str) -> Mapping[str, str]:
    """`METHOD /path` -> the rest of the row, from the table of REST calls."""
    return {
        code_words(row[0])[0]: " | ".join(row[1:]) for row in rows(section(page_of(name), "REST"))
    }


def body_fields(name: str) -> Mapping[str, frozenset[str]]:
    """`METHOD /path` -> the names of the fields in the JSON body, from its shape."""
    found: dict[str, frozenset[str]] = {}
    for claim in discover(hub.rest.routes):
        rest, endpoint = claim.dialect, claim.endpoint
        if REST_PAGES[rest.name] == name and endpoint.body is not None:
            fields = attrs.fields(endpoint.body)
            path = claim.paths[0].replace("/api/message/", "/api/messagepal/")
            call = f"{endpoint.method} {path}"
            found[call] = frozenset(rest.naming(field.name) for field in fields)
    return found


def offered_calls(name: str) -> Mapping[str, Endpoint]:
    """The same from the code. The messenger's calls exist twice; its page shows one prefix."""
    return {
        f"{claim.endpoint.method} {claim.paths[0]}": claim.endpoint
        for claim in discover(hub.rest.routes)
        if REST_PAGES[claim.dialect.name] == name and not claim.paths[0].startswith("/api/message/")
    }
