"""What counts as one emoji: a sequence that Unicode recommends (RGI), fully qualified.

Guarantees: spellings of one emoji that differ in presentation selectors alone come out the same;
skin tones are different emoji. Must not know: what an emoji is for.
"""

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Final, TypeAlias

from protocol.errors import ErrorCode, WireError
from protocol.schemas import Keywords, Spelt

MAX_EMOJI_CHARS: Final = 20
"""No sequence of Unicode 18 has more than 10 characters."""
Emoji: TypeAlias = Annotated[str, Keywords(format="emoji", maxLength=MAX_EMOJI_CHARS)]
"""What `check_emoji` accepts has this form."""
_SELECTORS: Final = {0xFE0E: None, 0xFE0F: None}  # of text and of emoji presentation


def check_emoji(text: str, *, field: str = "emoji") -> str:
    """The emoji that `text` is, fully qualified.

    Raises:
        WireError: NO_EMOJI: it is none, only a part of one, or several.
    """
    found = None
    if len(text) <= MAX_EMOJI_CHARS:
        found = _qualified().get(text.translate(_SELECTORS))
    if found is None:
        raise WireError(ErrorCode.NO_EMOJI, field=field)
    return found


def _read(given: object) -> str | None:
    return check_emoji(given) if isinstance(given, str) else None


EmojiField: TypeAlias = Annotated[str, Spelt(Emoji, _read)]
"""A field that `check_emoji` reads."""


@cache
def _qualified() -> Mapping[str, str]:
    """By its spelling without selectors, each emoji. Loaded at the first use: it takes 13 ms and
    6 MB.
    """
    library = importlib.import_module("emoji")
    status = library.STATUS["fully_qualified"]
    return {
        emoji.translate(_SELECTORS): emoji
        for emoji, data in library.EMOJI_DATA.items()
        if data["status"] == status
    }
