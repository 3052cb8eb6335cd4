"""Objects are written as columns, and read again one by one."""

from datetime import UTC, datetime

import orjson
import pytest
from attrs import field, frozen

from hub.cluster.columns import Table


@frozen
class Coin:
    name: str
    struck: datetime
    lost: datetime | None = None
    sides: tuple[str, ...] = ()
    weight: int = 1
    secret: str = field(default="none", repr=False)


def structure(value: object, kind: object) -> object:
    assert kind == tuple[str, ...]
    assert isinstance(value, list)
    return tuple(value)


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
COINS = [
    Coin("penny", NOW, weight=2),
    Coin("florin", NOW, NOW),
    Coin("crown", NOW, sides=("head", "tail")),
]
TABLE = Table(Coin, structure, "secret")


def test_objects_are_read_as_they_were_written() -> None:
    rows = TABLE.read(orjson.loads(orjson.dumps(TABLE.write(COINS))))
    assert [rows.build(index) for index in range(3)] == COINS
    assert rows.build(1, secret="gold") == Coin("florin", NOW, NOW, secret="gold")
    assert rows.once(0) is rows.once(0)


def test_columns_with_only_default_values_are_not_written() -> None:
    assert TABLE.write(COINS[:1]) == {"name": ("penny",), "struck": (NOW,), "weight": (2,)}
    assert {*TABLE.write(COINS)} == {"name", "struck", "lost", "sides", "weight"}


def test_a_damaged_object_harms_no_other() -> None:
    columns = orjson.loads(orjson.dumps(TABLE.write(COINS)))
    columns["struck"][0] = "yesterday"
    rows = TABLE.read(columns)
    with pytest.raises(ValueError, match="isoformat"):
        rows.build(0)
    assert rows.build(2) == COINS[2]
