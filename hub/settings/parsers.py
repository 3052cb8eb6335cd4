"""What a setting may be: each function gives back an accepted value, or a parser of such values.

Guarantees: a value comes back typed, from text (flags, variables) as from TOML; anything else
raises ValueError, whose text says more where that helps. Must not know: any setting.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

MIN_SECRET_CHARS: Final = 16


def whole(low: int, high: int) -> Callable[[object], int]:
    """Whole numbers from `low` to `high`."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError  # noqa: TRY004  one exception says "not accepted"
        try:
            number = int(value)
        except ValueError:
            raise ValueError from None
        if not low <= number <= high:
            raise ValueError
        return number

    return parse


def seconds(low: float, high: float) -> Callable[[object], float]:
    """Durations from `low` to `high` seconds."""

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError  # noqa: TRY004  one exception says "not accepted"
        try:
            number = float(value)
        except ValueError:
            raise ValueError from None
        if not low <= number <= high:  # refuses NaN as well
            raise ValueError
        return number

    return parse


def one_of(*choices: str) -> Callable[[object], str]:
    """One of these words."""

    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError
        return str(value)

    return parse


def text(value: object) -> str:
    """Any text but an empty one."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def path(value: object) -> Path:
    """A path."""
    return Path(value) if isinstance(value, Path) else Path(text(value))


def file(value: object) -> Path:
    """The path of a file that exists."""
    found = path(value)
    if not found.is_file():
        raise ValueError("no such file")
    return found


def postgres_url(value: object) -> str:
    """A database's address."""
    given = text(value)
    if urlsplit(given).scheme not in ("postgres", "postgresql"):
        raise ValueError
    return given


def list_of(parse: Callable[[object], str]) -> Callable[[object], tuple[str, ...]]:
    """Several values, or one text of them with commas between."""

    def parse_all(value: object) -> tuple[str, ...]:
        items: Iterable[object]
        if isinstance(value, str):
            items = (item.strip() for item in value.split(",") if item.strip())
        elif isinstance(value, list | tuple):
            items = value
        else:
            raise ValueError  # noqa: TRY004  one exception says "not accepted"
        return tuple(parse(item) for item in items)

    return parse_all


def origin(value: object) -> str:
    """What browsers call a page's origin."""
    given = text(value)
    parts = urlsplit(given)
    is_origin = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    if not is_origin or given != f"{parts.scheme}://{parts.netloc}" or parts.username is not None:
        raise ValueError(f"{given!r} is no origin")
    return given


def http_url(value: object) -> str:
    """An http(s) address."""
    given = text(value)
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    return given


def secret(value: object) -> str:
    """A secret that is long enough."""
    given = text(value)
    if len(given) < MIN_SECRET_CHARS:
        raise ValueError
    return given


def table(value: object) -> str:
    """A table's name, with its schema or without."""
    given = text(value)
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)?", given, re.ASCII) is None:
        raise ValueError
    return given


def address(value: object) -> str:
    """An IP address."""
    return str(ipaddress.ip_address(text(value)))
