"""Bulletins as bytes.

Guarantees: a decoded bulletin was written by this version for this log; any other data raises
`BadBulletin`, and no other error. Messages are columns: many in one bulletin cost little more than
one, and of messages that no client here wants, only the index is read. Must not know: what carries
bulletins, what a node does with them.

In bytes, a bulletin is a JSON array: version, epoch of the log, the node's name, its start, the
number, the kind, the body. The body of messages is their index: the columns that decide whether
they are wanted; the other columns are on a second line.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeAlias

import attrs
import orjson
from attrs import define, field, frozen
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.orjson import OrjsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from hub.actor.letters import ChannelRoom, Room, ToRooms, ToUsers, WorkspaceRoom
from hub.cluster.bulletins import (
    Bulletin,
    Changed,
    Crossing,
    Delivered,
    Goodbye,
    Heading,
    Heartbeat,
    Moved,
    Named,
    Present,
    Repeated,
    Seat,
    Sign,
    Signs,
    Spent,
    Stored,
    TakenOver,
)
from hub.cluster.columns import Columns, Rows, Table
from protocol.model import (
    ChannelId,
    Message,
    MessageId,
    Posted,
    User,
    UserId,
    WorkspaceId,
)
from protocol.notes import Note
from protocol.revisions import Revision

VERSION: Final = 2

_KINDS: Final[Mapping[str, type]] = {
    "stored": Stored,
    "changed": Changed,
    "delivered": Delivered,
    "moved": Moved,
    "present": Present,
    "signs": Signs,
    "repeated": Repeated,
    "taken_over": TakenOver,
    "spent": Spent,
    "heartbeat": Heartbeat,
    "goodbye": Goodbye,
}
_NOT_NUMBERED: Final = (b'"spent"', b'"heartbeat"', b'"goodbye"')
_TO_KIND: Final = 40  # bytes, of the number and the kind
_NAMES: Final = {cls: name for name, cls in _KINDS.items()}


class BadBulletin(Exception):
    """The data are no bulletin of this log that this version understands; the text says why."""


@define
class StoredMessages:
    """A decoded `Stored`: the index of its messages; they are built when they are wanted. `places`:
    channel, seq and id of each.
    """

    places: Sequence[tuple[ChannelId, int, MessageId]]
    pairs: Sequence[tuple[UserId, UserId] | None]
    workspace_ids: Sequence[WorkspaceId | None]
    _index: Columns
    _named: Sequence[Sequence[Sequence[UserId]]]
    _line: bytes
    _rest: "_Rest | None" = field(default=None, init=False)

    def __len__(self) -> int:
        return len(self.places)

    def concerned(self, index: int) -> Iterable[UserId]:
        """The users who get a message whatever they have joined: both users of a dm, those whom it
        mentions, and the followers of its thread.
        """
        pair = self.pairs[index] or ()
        return chain(pair, *(each[index] for each in self._named)) if self._named else pair

    def build(self, index: int) -> tuple[Posted, User]:
        """One of the messages, with its author.

        Raises:
            BadBulletin: the bulletin is damaged.
        """
        try:
            if self._rest is None:
                self._rest = _rest(self._index, self._line)
            rest = self._rest
            message = rest.messages.build(index)
            posted = rest.posted.build(index, message=message)
            author = rest.authors.once(rest.places_of_authors[message.author_id])
        except Exception as error:  # noqa: BLE001  whatever it is, the bulletin is damaged
            raise BadBulletin(f"a message of it cannot be read: {error!r}") from None
        return posted, author


@frozen
class _Rest:
    """The columns that messages are built of."""

    messages: Rows[Message]
    posted: Rows[Posted]
    authors: Rows[User]
    places_of_authors: Mapping[UserId, int]


Read: TypeAlias = (
    StoredMessages
    | Changed
    | Delivered
    | Moved
    | Present
    | Signs
    | Repeated
    | TakenOver
    | Spent
    | Heartbeat
    | Goodbye
)
"""A bulletin as it is read."""


def encode(epoch: str, heading: Heading, bulletin: Bulletin) -> bytes:
    """A bulletin as bytes.

    Args:
        epoch: of the log that it is about.
        heading: its node, start and number.
        bulletin: its content.
    """
    head = (VERSION, epoch, heading.node, heading.start, heading.number, _NAMES[type(bulletin)])
    if isinstance(bulletin, Stored):
        index, rest = _columns(bulletin)
        lines = orjson.dumps((*head, index)), orjson.dumps(rest, default=_CONVERTER.unstructure)
        return b"\n".join(lines)
    return orjson.dumps((*head, _CONVERTER.unstructure(bulletin)), default=_CONVERTER.unstructure)


def beginning(epoch: str, node: str, start: str) -> bytes:
    """The bytes with which all bulletins of a node begin."""
    return orjson.dumps((VERSION, epoch, node, start))[:-1] + b","


def is_numbered(data: bytes, begins: bytes) -> bool:
    """Whether a bulletin begins with `begins`, and is of a kind that has numbers. Much less work
    than decoding it.

    Args:
        data: the bulletin.
        begins: see `beginning`.
    """
    if not data.startswith(begins):
        return False
    kind = data[len(begins) : len(begins) + _TO_KIND]
    return not any(name in kind for name in _NOT_NUMBERED)


def decode(epoch: str, data: bytes) -> tuple[Heading, Read]:
    """A bulletin from bytes.

    Raises:
        BadBulletin: the data are no bulletin, damaged, or of another version or log.
    """
    first, _, line = data.partition(b"\n")
    try:
        version, of_epoch, node, start, number, kind, body = orjson.loads(first)
    except (orjson.JSONDecodeError, TypeError, ValueError):
        raise BadBulletin("it is no bulletin that a node of this database has signed") from None
    if version != VERSION:
        raise BadBulletin(f"it is of version {version!r}, and this node understands {VERSION}")
    if of_epoch != epoch:
        raise BadBulletin("it is about another log")
    cls = _KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None or not (type(node) is type(start) is str and type(number) is int):
        raise BadBulletin(f"its kind {kind!r} or its heading is not known")
    heading = Heading(node, start, number)
    try:
        if cls is Stored:
            return heading, _stored_messages(body, line)
        return heading, _CONVERTER.structure(body, cls)
    except Exception as error:  # noqa: BLE001  whatever a hook raises
        raise BadBulletin(f"its body cannot be read: {error!r}") from None


def _columns(stored: Stored) -> tuple[Columns, Sequence[Columns]]:
    """The index, and what else the messages have, with their authors."""
    posted = [each.posted for each in stored.items]
    columns = {**_MESSAGES.write([each.message for each in posted]), **_POSTED.write(posted)}
    index: dict[str, Sequence[Any]] = {
        name: columns.pop(name) for name in _INDEX if name in columns
    }
    if any(each.pair for each in stored.items):
        index["pair"] = [each.pair for each in stored.items]
    authors = {each.author.id: each.author for each in stored.items}
    return index, (columns, _AUTHORS.write([*authors.values()]))


def _stored_messages(index: Columns, line: bytes) -> StoredMessages:
    seqs = index["seq"]
    if any(len(column) != len(seqs) for column in index.values()):
        raise ValueError("its columns are not of one length")
    nothing = (None,) * len(seqs)
    return StoredMessages(
        list(zip(index["channel_id"], seqs, index["id"], strict=True)),
        index.get("pair", nothing),
        index.get("workspace_id", nothing),
        index,
        [index[name] for name in ("mentioned", "followers") if name in index],
        line,
    )


def _rest(index: Columns, line: bytes) -> _Rest:
    """The columns that messages are built of. Any error: the bulletin is damaged."""
    rest, authors = orjson.loads(line)
    columns = {**rest, **index}
    if any(len(column) != len(index["seq"]) for column in columns.values()):
        raise ValueError("its columns are not of one length")
    return _Rest(
        _MESSAGES.read(columns),
        _POSTED.read(columns),
        _AUTHORS.read(authors),
        {user_id: place for place, user_id in enumerate(authors["id"])},
    )


def _room_from(value: Any, _: object) -> Room:  # noqa: ANN401  what JSON gives
    number, kind = value
    match kind:
        case "channel":
            return ChannelRoom(ChannelId(number))
        case "workspace":
            return WorkspaceRoom(WorkspaceId(number))
        case _:
            raise ValueError(f"no room is a {kind!r}")


def _seat_from(value: Any, _: object) -> Seat:  # noqa: ANN401  what JSON gives
    return Seat(*value)


def _make_converter() -> OrjsonConverter:
    converter = make_converter(omit_if_default=True, detailed_validation=False)
    for room in (ChannelRoom, WorkspaceRoom):
        converter.register_unstructure_hook(room, tuple)
    converter.register_structure_hook(Room, _room_from)
    no_connection = override(omit=True)  # connections mean nothing at another node
    for audience in (ToUsers, ToRooms):
        converter.register_unstructure_hook(
            audience, make_dict_unstructure_fn(audience, converter, besides=no_connection)
        )
        converter.register_structure_hook(
            audience, make_dict_structure_fn(audience, converter, besides=no_connection)
        )
    converter.register_unstructure_hook(Seat, attrs.astuple)
    converter.register_structure_hook(Seat, _seat_from)
    for union in (Crossing, Named, Note, Revision, Sign):
        configure_tagged_union(union, converter)
    return converter


_CONVERTER: Final = _make_converter()
_INDEX: Final = ("channel_id", "seq", "id", "workspace_id", "mentioned", "followers")
_MESSAGES: Final = Table(Message, _CONVERTER.structure)
_POSTED: Final = Table(Posted, _CONVERTER.structure, "message")
_AUTHORS: Final = Table(User, _CONVERTER.structure)
