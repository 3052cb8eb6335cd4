"""What a request may have beside its body: query parameters and headers.

Guarantees: one object both reads a parameter and describes it; a malformed or out-of-range value is
refused, and an empty number or cursor counts as missing. Must not know: any endpoint.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import field, frozen

from protocol.errors import ErrorCode, WireError
from protocol.model import MAX_ID
from protocol.parsing.content import MAX_KEY_CHARS


def decimal(text: str) -> int | None:
    """A number below 2**53, written in digits; None for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID))):
        return None
    return int(text) if int(text) <= MAX_ID else None


@frozen
class Number:
    """A number in the query.

    Args:
        name: its name.
        meaning: for the documentation.
        default: its value when it is missing.
        low: the smallest.
        high: the largest.
        larger: the value that replaces a larger one; None: a larger one is refused.
        refusal: the error text when it is malformed or out of range; None: a text with the range.
        is_required: whether the endpoint refuses a request without it.
    """

    name: str
    meaning: str
    default: int
    low: int = 0
    high: int = MAX_ID
    larger: int | None = field(default=None, kw_only=True)
    refusal: str | None = field(default=None, kw_only=True)
    is_required: bool = field(default=False, kw_only=True)
    place: Literal["query"] = field(default="query", init=False)

    def read(self, given: str | None) -> int:
        """The number that was given, or the default.

        Raises:
            WireError: it is not a number, or out of range.
        """
        if not given:
            return self.default
        number = decimal(given)
        if number is not None and self.low <= number <= self.high:
            return number
        if number is None or number < self.low or self.larger is None:
            text = f"{self.name} must be a whole number from {self.low} to {self.high}"
            raise WireError(ErrorCode.INVALID_FIELD, self.refusal or text, field=self.name)
        return self.larger

    @property
    def schema(self) -> Mapping[str, object]:
        """As JSON Schema."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}


@frozen
class Text:
    """A text in the query or a header.

    Args:
        name: its name.
        meaning: for the documentation.
        keywords: further keywords of its JSON Schema, such as `enum`.
        is_required: whether the endpoint refuses a request without it.
        place: where a request has it.
    """

    name: str
    meaning: str
    keywords: Mapping[str, object] = field(factory=dict)
    is_required: bool = field(default=False, kw_only=True)
    place: Literal["query", "header"] = field(default="query", kw_only=True)

    @property
    def schema(self) -> Mapping[str, object]:
        """As JSON Schema."""
        return {"type": "string", **self.keywords}


@frozen
class Cursor:
    """Where a page begins: a value that clients take from the header `Link` of the page before.

    Args:
        parts: the types of its parts.
    """

    parts: tuple[type[int] | type[str], ...]
    name: str = field(default="cursor", init=False)
    meaning: str = field(default="the cursor in the header `Link` of the previous page", init=False)
    is_required: bool = field(default=False, init=False)
    place: Literal["query"] = field(default="query", init=False)

    @staticmethod
    def text(*parts: int | str) -> str:
        """The cursor of the page that begins after the entry with these parts."""
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    def read(self, given: str | None) -> tuple[int | str, ...] | None:
        """The parts of a cursor; None: the page is the first one.

        Raises:
            WireError: it is not a cursor of this list.
        """
        if not given:
            return None
        try:
            parts = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
        except (binascii.Error, ValueError, RecursionError):  # JSON's errors are a ValueError
            parts = None
        if not isinstance(parts, list) or tuple(map(type, parts)) != self.parts:
            raise WireError(ErrorCode.INVALID_FIELD, "Invalid cursor", field=self.name)
        if any(isinstance(part, int) and not 0 <= part <= MAX_ID for part in parts):
            raise WireError(ErrorCode.INVALID_FIELD, "Invalid cursor", field=self.name)
        return tuple(parts)

    @property
    def schema(self) -> Mapping[str, object]:
        """As JSON Schema."""
        return {"type": "string", "minLength": 1}


Parameter: TypeAlias = Number | Text | Cursor

AFTER_SEQ: Final = Number("after_seq", "only messages after this seq, oldest first", default=0)
BEFORE_SEQ: Final = Number("before_seq", "only messages before this seq", MAX_ID, 1)
KEY: Final = Text(
    "Idempotency-Key",
    "the idempotency key, the same when a call is repeated; overrides a key in the body",
    {"minLength": 1, "maxLength": MAX_KEY_CHARS},
    place="header",
)
UP_TO_SEQ: Final = Number("up_to_seq", "messages after this seq stay unread", MAX_ID, 1)
