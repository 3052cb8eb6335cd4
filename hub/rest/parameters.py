"""What a request may say beside its body: parameters of the query, and headers.

Guarantees: one object both reads a parameter and describes it. Must not know: any endpoint.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import field, frozen

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
        default: what it is when it is missing, malformed or out of range.
        low: the smallest.
        high: the largest.
        is_clamped: whether a larger one counts as the largest.
        is_required: whether the endpoint refuses to go without it.
    """

    name: str
    meaning: str
    default: int
    low: int = 0
    high: int = MAX_ID
    is_clamped: bool = field(default=False, kw_only=True)
    is_required: bool = field(default=False, kw_only=True)
    place: Literal["query"] = field(default="query", init=False)

    def read(self, given: str | None) -> int:
        """What was given, or the default."""
        number = decimal(given or "")
        if number is None or number < self.low:
            return self.default
        if number > self.high:
            return self.high if self.is_clamped else self.default
        return number

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
        keywords: of JSON Schema, for what is understood.
        is_required: whether the endpoint refuses to go without it.
        place: where it stands.
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


Parameter: TypeAlias = Number | Text

AFTER_SEQ: Final = Number("after_seq", "only messages after this seq, oldest first", default=0)
KEY: Final = Text(
    "Idempotency-Key",
    "repeats of a send have the same key; counts before one in the body",
    {"minLength": 1, "maxLength": MAX_KEY_CHARS},
    place="header",
)
