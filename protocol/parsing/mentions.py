"""The users that a message's content may mention: the names behind an `@`.

Guarantees: takes time that grows with the content alone; content without an `@` is only searched
for one. An `@` within code, behind a backslash, within an email address or an address that begins
with `http`, `www.` or `mailto:` mentions nobody. Must not know: who has which name, who may see the
message.
"""

import re
import unicodedata
from collections import defaultdict, deque
from typing import Final

from attrs import frozen

from protocol.model import name_key
from protocol.parsing.names import CHANNEL, MAX_USERNAME_CHARS

MAX_MENTIONS: Final = 50
"""How many different names of one message are looked up: the first ones."""

# What a name without quotation marks cannot contain: white space, quotation marks, brackets, and
# punctuation that is followed by no space in some scripts.
_ENDS: Final = r"\s@<>\"“”„«»`()\[\]{}|\\/,;:!?、。，！？；：（）「」『』【】…"  # noqa: RUF001
_FOUND: Final = re.compile(
    r"(?:https?://|\bwww\.|mailto:)[^\s<>\"“”«»]+"
    rf"|(?<![\w.+\-@/&=%#~])@(?:\"([^\"\n]{{1,{MAX_USERNAME_CHARS}}})\""
    rf"|([^{_ENDS}]{{1,{MAX_USERNAME_CHARS}}})(?![^{_ENDS}]|@))",
    re.IGNORECASE,
)
# Code, as CommonMark defines it: lines between fences; else the text from a run of backticks that
# is not behind a backslash to the next run of the same length in the same paragraph.
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_RUN: Final = re.compile("`+")
_ESCAPE_OR_RUN: Final = re.compile(r"\\[!-/:-@\[-`{-~]|`+")


@frozen
class Candidate:
    """A name as `name_key` makes it. `bare`: the name without an end that may not belong to it
    (punctuation, an apostrophe and what follows it), for the case that no user has the full name.
    """

    name: str
    bare: str


@frozen
class Candidates:
    """What a content may mention: names, each once, in their order, and whether the channel."""

    names: tuple[Candidate, ...] = ()
    channel: bool = False


NOBODY: Final = Candidates()


def candidates_in(content: str) -> Candidates:
    """The mentions that a content may hold."""
    if "@" not in content:
        return NOBODY
    names: dict[Candidate, None] = {}
    channel = False
    for match in _FOUND.finditer(_without_code(content)):
        quoted, plain = match.groups()
        if quoted is None and plain is None:
            continue  # an address
        candidate = _candidate(plain) if quoted is None else Candidate(*[name_key(quoted)] * 2)
        if CHANNEL in (candidate.name, candidate.bare):
            channel = True
        elif len(names) < MAX_MENTIONS and candidate.name:
            names[candidate] = None
    return Candidates(tuple(names), channel)


def _without_code(content: str) -> str:
    """The parts of a content in which an `@` may mention a user."""
    if not any(sign in content for sign in ("`", "~~~", "\\@")):
        return content
    paragraphs: list[list[str]] = [[]]
    fence = ""
    for line in content.split("\n"):
        found = _FENCE.match(line)
        sign, after = ("", "") if found is None else found.groups()
        if fence:
            if sign.startswith(fence) and not after.strip():
                fence = ""
        elif sign and not (sign[0] == "`" and "`" in after):
            fence = sign
            paragraphs.append([])
        elif line.strip():
            paragraphs[-1].append(line)
        else:
            paragraphs.append([])
    return "\n".join(_without_spans("\n".join(lines)) for lines in paragraphs if lines)


def _without_spans(text: str) -> str:
    """A paragraph without its code, and without the `@` that are behind a backslash."""
    runs: defaultdict[int, deque[int]] = defaultdict(deque)
    for run in _RUN.finditer(text):
        runs[len(run[0])].append(run.start())
    kept: list[str] = []
    at = 0
    while found := _ESCAPE_OR_RUN.search(text, at):
        kept.append(text[at : found.start()])
        at = found.end()
        kept.append("\\#" if found[0] == "\\@" else found[0])  # an `@` behind `#` mentions nobody
        if found[0][0] == "`":
            closing = runs[len(found[0])]
            while closing and closing[0] < at:
                closing.popleft()
            if closing:
                at = closing[0] + len(found[0])
    return "".join([*kept, text[at:]])


def _candidate(text: str) -> Candidate:
    name = name_key(text)
    end = max(text.rfind("'"), text.rfind("’")) % (len(text) + 1)  # noqa: RUF001  `@ann's`
    while end and unicodedata.category(text[end - 1])[0] in "PS":
        end -= 1
    return Candidate(name, name_key(text[:end]) or name)
