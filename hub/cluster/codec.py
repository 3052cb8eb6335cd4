"""Bulletins as bytes.

Guarantees: what is read was written by this version for this log, or `BadBulletin` is raised and
nothing else. Messages are columns: many in one bulletin cost little more than one, and those that
nobody here wants are not built. Must not know: what carries bulletins, what a node does with them.

In bytes, a bulletin is a JSON array: version, epoch of the log, the node's name, its start, the
number, the kind, the body.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar, get_args

import attrs
import orjson
from attrs import frozen
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
    Stored,
    TakenOver,
)
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

T = TypeVar("T")

VERSION: Final = 1

_KINDS: Final[Mapping[str, type]] = {
    "stored": Stored,
    "changed": Changed,
    "delivered": Delivered,
    "moved": Moved,
    "present": Present,
    "signs": Signs,
    "repeated": Repeated,
    "taken_over": TakenOver,
    "heartbeat": Heartbeat,
    "goodbye": Goodbye,
}
_NOT_NUMBERED: Final = (b'"heartbeat"', b'"goodbye"')
_TO_KIND: Final = 40  # bytes, of the number and the kind
_NAMES: Final = {cls: name for name, cls in _KINDS.items()}


class BadBulletin(Exception):
    """What came is no bulletin of this log that this version understands; the text says why."""


@frozen
class StoredMessages:
    """A `Stored` that was read: what decides whether a message is wanted, and what is needed to
    build one. `places`: channel, seq and id.
    """

    places: Sequence[tuple[ChannelId, int, MessageId]]
    pairs: Sequence[tuple[UserId, UserId] | None]
    workspace_ids: Sequence[WorkspaceId | None]
    _columns: Mapping[str, Sequence[Any]]
    _people: Mapping[str, Any]
    _named: Sequence[Sequence[Sequence[UserId]]]

    def __len__(self) -> int:
        return len(self.places)

    def concerned(self, index: int) -> Iterable[UserId]:
        """Who gets a message whatever they have joined: of a dm both users, whom it mentions, and
        who follows its thread.
        """
        pair = self.pairs[index] or ()
        return chain(pair, *(each[index] for each in self._named)) if self._named else pair

    def build(self, index: int) -> tuple[Posted, User]:
        """One of the messages, with its author.

        Raises:
            BadBulletin: it is damaged.
        """
        try:
            given = {name: column[index] for name, column in self._columns.items()}
            message = Message(
                **{name: read(given[name]) for name, read in _READ_MESSAGE if name in given}
            )
            posted = Posted(
                message, **{name: read(given[name]) for name, read in _READ_POSTED if name in given}
            )
            author = _CONVERTER.structure(self._people[str(message.author_id)], User)
        except Exception as error:  # noqa: BLE001  whatever it is, the bulletin is damaged
            raise BadBulletin(f"a message of it cannot be read: {error!r}") from None
        return posted, author


Read: TypeAlias = (
    StoredMessages
    | Changed
    | Delivered
    | Moved
    | Present
    | Signs
    | Repeated
    | TakenOver
    | Heartbeat
    | Goodbye
)
"""A bulletin as it is read."""


def encode(epoch: str, heading: Heading, bulletin: Bulletin) -> bytes:
    """A bulletin as bytes.

    Args:
        epoch: of the log that it is about.
        heading: whose it is.
        bulletin: what it says.
    """
    match bulletin:
        case Stored():
            body: Any = _columns(bulletin)
        case _:
            body = _CONVERTER.unstructure(bulletin)
    head = (VERSION, epoch, heading.node, heading.start, heading.number, _NAMES[type(bulletin)])
    return orjson.dumps((*head, body), default=_CONVERTER.unstructure)


def beginning(epoch: str, node: str, start: str) -> bytes:
    """With what the bulletins of a node begin."""
    return orjson.dumps((VERSION, epoch, node, start))[:-1] + b","


def is_numbered(data: bytes, begins: bytes) -> bool:
    """Whether a bulletin begins so, and is one of the kinds that have numbers. Much less work than
    to decode it.

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
        BadBulletin: it is none, damaged, or of another version or log.
    """
    try:
        version, of_epoch, node, start, number, kind, body = orjson.loads(data)
    except (orjson.JSONDecodeError, TypeError, ValueError):
        raise BadBulletin("it is no bulletin") from None
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
            return heading, _stored_messages(body)
        return heading, _CONVERTER.structure(body, cls)
    except Exception as error:  # noqa: BLE001  whatever a hook raises
        raise BadBulletin(f"its body cannot be read: {error!r}") from None


def _columns(stored: Stored) -> tuple[Mapping[str, Sequence[Any]], Mapping[str, User]]:
    """The fields that any of the messages has, and the authors by id."""
    posted = [each.posted for each in stored.items]
    messages = [each.message for each in posted]
    columns: dict[str, Sequence[Any]] = {}
    for (fields, values), rows in ((_OF_MESSAGE, messages), (_OF_POSTED, posted)):
        for each, column in zip(fields, zip(*map(values, rows), strict=True), strict=True):
            if column.count(each.default) < len(column):
                columns[each.name] = column
    if any(each.pair for each in stored.items):
        columns["pair"] = [each.pair for each in stored.items]
    return columns, {str(each.author.id): each.author for each in stored.items}


def _stored_messages(body: Any) -> StoredMessages:  # noqa: ANN401  what JSON gives
    columns, people = body
    seqs = columns["seq"]
    if any(len(column) != len(seqs) for column in columns.values()):
        raise ValueError("its columns are not of one length")
    nothing = (None,) * len(seqs)
    return StoredMessages(
        list(zip(columns["channel_id"], seqs, columns["id"], strict=True)),
        columns.get("pair", nothing),
        columns.get("workspace_id", nothing),
        columns,
        people,
        [columns[name] for name in ("mentioned", "followers") if name in columns],
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
    no_connection = override(omit=True)  # it means nothing elsewhere
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


def _reader(kind: Any) -> Callable[[Any], Any]:  # noqa: ANN401  a type
    """What makes a value of this type of what is in JSON."""
    plain = {getattr(each, "__supertype__", each) for each in get_args(kind) or (kind,)}
    if plain <= {int, str, bool, type(None)}:
        return _as_it_is
    structure = _CONVERTER.get_structure_hook(kind)
    return lambda value: structure(value, kind)


def _as_it_is(value: T) -> T:
    return value


def _fields(cls: type, *besides: str) -> tuple[Sequence[Any], Callable[[Any], tuple[Any, ...]]]:
    """The fields of a class, but for those, and what gives the values of all of them."""
    fields = [each for each in attrs.fields(cls) if each.name not in besides]
    return fields, attrgetter(*(each.name for each in fields))


_OF_MESSAGE: Final = _fields(Message)
_OF_POSTED: Final = _fields(Posted, "message")
_READ_MESSAGE: Final = [(each.name, _reader(each.type)) for each in attrs.fields(Message)]
_READ_POSTED: Final = [
    (each.name, _reader(each.type)) for each in attrs.fields(Posted) if each.name != "message"
]
