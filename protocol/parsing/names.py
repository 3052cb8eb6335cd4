"""Which texts may be the name of a person, a channel or a workspace.

Guarantees: a name can be seen and reads as it is written; a username moreover is in Unicode's
normal form NFKC, of assigned characters, with letters of at most one of the alphabets whose letters
look alike; it is not too long, no email address, no name that deleted accounts get, and not
`channel`, which mentions everybody. The part of an address before the @ is a valid username. Must
not know: who has which name.
"""

import re
import unicodedata
from typing import Final

MAX_USERNAME_CHARS: Final = 200
USERNAME: Final = (
    f"username must have 1 to {MAX_USERNAME_CHARS} characters, be in one alphabet, without an @ and"
    " letters that only look like others, and not be `channel`, or `deleted-` and a number"
)
"""What a username is, for people."""
CHANNEL: Final = "channel"
"""The name that stands for everybody in a channel, in mentions."""
_OF_THE_DELETED: Final = re.compile(r"deleted-\d+(-.*)?", re.ASCII | re.IGNORECASE)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories of characters that cannot be seen, or change the order in which others are."""
_JOINERS: Final = "\u200c\u200d"  # parts of emoji, and of words in scripts beyond the European ones
_LAST_OF_EUROPE: Final = "\u058f"
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that show nothing
_ALPHABETS: Final = ("LATIN", "CYRILLIC", "GREEK")  # whose letters look alike


def reads_as_written(text: str) -> bool:
    """Whether every character of a text can be seen, and in its place."""
    return all(
        unicodedata.category(letter) not in _UNSEEN
        or (letter in _JOINERS and before > _LAST_OF_EUROPE)
        for before, letter in zip(f" {text}", text, strict=False)
    )


def is_name(text: str) -> bool:
    """Whether a text may be the name that others are shown."""
    is_seen = any(not letter.isspace() and letter not in _BLANK for letter in text)
    return is_seen and reads_as_written(text)


def is_username(text: str) -> bool:
    """Whether a text may be a username, which names one account alone (RFC 8265, Unicode TR 39)."""
    is_preferred = unicodedata.normalize("NFKC", text) == text == " ".join(text.split())
    alphabets = {_alphabet(letter) for letter in text} - {None}
    return (
        is_name(text)
        and is_preferred
        and len(alphabets) <= 1
        and "@" not in text
        and len(text) <= MAX_USERNAME_CHARS
        and _OF_THE_DELETED.fullmatch(text) is None
        and text.lower() != CHANNEL
        and not _BLANK & set(text)
        and "Cn" not in {unicodedata.category(letter) for letter in text}
    )


def is_address(text: str) -> bool:
    """Whether a text may be an email address, from which a username may be made."""
    local, _, domain = text.partition("@")
    is_one_word = not any(letter.isspace() for letter in text)
    return is_username(local) and is_name(domain) and "@" not in domain and is_one_word


def _alphabet(letter: str) -> str | None:
    name = unicodedata.name(letter, "")
    return next((each for each in _ALPHABETS if name.startswith(each)), None)
