"""Whom a message's content may mention: the names behind an `@`.

Guarantees: takes time that grows with the content alone; content without an `@` is looked at once.
An `@` within an email address or an address that begins with `http`, `www.` or `mailto:` mentions
nobody. Must not know: who has which name, who may see the message.
"""

import re
import unicodedata
from typing import Final

from attrs import frozen

from protocol.model import name_key
from protocol.parsing.names import MAX_USERNAME_CHARS

MAX_MENTIONS: Final = 50
"""Different names of one message that are looked up, the first ones."""
CHANNEL: Final = "channel"
"""The name that stands for everybody in the channel."""

# What a name without quotation marks cannot have: white space, quotation marks, brackets, and
# punctuation that is followed by no space in some scripts.
_ENDS: Final = r"\s@<>\"“”„«»`()\[\]{}|\\/,;:!?、。，！？；：（）「」『』【】…"  # noqa: RUF001
_FOUND: Final = re.compile(
    r"(?:https?://|\bwww\.|mailto:)[^\s<>\"“”«»]+"
    rf"|(?<![\w.+\-@/&=%#~])@(?:\"([^\"\n]{{1,{MAX_USERNAME_CHARS}}})\""
    rf"|([^{_ENDS}]{{1,{MAX_USERNAME_CHARS}}})(?![^{_ENDS}]|@))",
    re.IGNORECASE,
)


@frozen
class Candidate:
    """A name as `name_key` has it. `bare`: without what may be no part of it (punctuation at its
    end, an apostrophe and what follows it), for the case that nobody has the first name.
    """

    name: str
    bare: str


@frozen
class Candidates:
    """Whom a content may mention: names, each once, in their order, and whether the channel."""

    names: tuple[Candidate, ...] = ()
    channel: bool = False


NOBODY: Final = Candidates()


def candidates_in(content: str) -> Candidates:
    """Whom a content may mention."""
    if "@" not in content:
        return NOBODY
    names: dict[Candidate, None] = {}
    channel = False
    for match in _FOUND.finditer(content):
        quoted, plain = match.groups()
        if quoted is None and plain is None:
            continue  # an address
        candidate = _candidate(plain) if quoted is None else Candidate(*[name_key(quoted)] * 2)
        if CHANNEL in (candidate.name, candidate.bare):
            channel = True
        elif len(names) < MAX_MENTIONS and candidate.name:
            names[candidate] = None
    return Candidates(tuple(names), channel)


def _candidate(text: str) -> Candidate:
    name = name_key(text)
    end = max(text.rfind("'"), text.rfind("’")) % (len(text) + 1)  # noqa: RUF001  `@ann's`
    while end and unicodedata.category(text[end - 1])[0] in "PS":
        end -= 1
    return Candidate(name, name_key(text[:end]) or name)
