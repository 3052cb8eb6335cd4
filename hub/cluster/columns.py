"""Objects of one class as columns, and back.

Guarantees: a column is written only if an object has another value than the default in it, so many
objects cost little more than one; each object is built by itself, so damage in one does no harm to
another. Must not know: which objects are written, and for which readers.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar, get_args

import attrs
from attrs import define, field

T = TypeVar("T")

Columns: TypeAlias = Mapping[str, Sequence[Any]]
"""Values of every object, by the names of the class' fields."""
Structure: TypeAlias = Callable[[Any, Any], Any]
"""Converts a value of JSON, its first argument, to the type that is its second one."""


class Table(Generic[T]):
    """A class as columns.

    Args:
        cls: of attrs.
        structure: converts values for which JSON has no type.
        besides: fields that are not written.
    """

    def __init__(self, cls: type[T], structure: Structure, *besides: str) -> None:
        fields = [each for each in attrs.fields(cls) if each.name not in besides]  # type: ignore[arg-type]
        self._cls = cls
        self._defaults = [(each.name, each.default) for each in fields]
        self._values = attrgetter(*(each.name for each in fields))
        self._readers = [(each.name, _reader(each.type, structure)) for each in fields]

    def write(self, rows: Sequence[T]) -> dict[str, Sequence[Any]]:
        """The columns of some objects."""
        columns = zip(*map(self._values, rows), strict=True)
        return {
            name: column
            for (name, default), column in zip(self._defaults, columns, strict=True)
            if column.count(default) < len(column)
        }

    def read(self, columns: Columns) -> "Rows[T]":
        """The objects of such columns, none of which is built yet."""
        return Rows(
            self._cls,
            [(name, read, columns[name]) for name, read in self._readers if name in columns],
        )


@define
class Rows(Generic[T]):
    """Objects that can be built."""

    _cls: type[T]
    _columns: Sequence[tuple[str, Callable[[Any], Any], Sequence[Any]]]
    _built: dict[int, T] = field(factory=dict, init=False)

    def build(self, index: int, **more: object) -> T:
        """One object; `more`: the fields that were not written. Any error: it is damaged."""
        given = {name: read(column[index]) for name, read, column in self._columns}
        return self._cls(**given, **more)

    def once(self, index: int) -> T:
        """One of the objects, which is built the first time only."""
        found = self._built.get(index)
        if found is None:
            found = self._built[index] = self.build(index)
        return found


def _reader(kind: Any, structure: Structure) -> Callable[[Any], Any]:  # noqa: ANN401  a type
    """A function that converts a value of JSON to this type."""
    plain = {getattr(each, "__supertype__", each) for each in get_args(kind) or (kind,)}
    if plain <= {int, str, bool, type(None)}:
        return _as_it_is
    if plain <= {datetime, type(None)}:
        return _time_from
    return lambda value: structure(value, kind)


def _as_it_is(value: T) -> T:
    return value


def _time_from(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
