"""The language in which users write searches. See docs/search.md.

    deploy* "release notes" from:ann in:ops after:2026-01-31 has:link

Guarantees: every text is a query or a `WireError` with one sentence; it is read once from the
beginning to the end. Must not know: which users there are, and who searches.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from attrs import define, field, frozen

from protocol.errors import ErrorCode, WireError
from protocol.parsing.content import is_storable
from protocol.searching.words import Phrase, Word, words_in

MAX_QUERY_CHARS: Final = 500
MAX_PHRASES: Final = 10
MIN_PREFIX_CHARS: Final = 3  # a shorter prefix matches too many words
FIELD: Final = "q"
_DAY: Final = len("2026-01-31")


@frozen
class Query:
    """Finds messages with all phrases, by one of the senders and in one of the places, if any are
    given. `since`: at that moment or later; `until`: before that moment.
    """

    phrases: tuple[Phrase, ...] = ()
    senders: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    has_file: bool = False
    has_link: bool = False


@define
class _Draft:
    """A query while its text is read."""

    phrases: list[Phrase] = field(factory=list)
    senders: list[str] = field(factory=list)
    places: list[str] = field(factory=list)
    since: list[datetime] = field(factory=list)
    until: list[datetime] = field(factory=list)
    has: set[str] = field(factory=set)

    def done(self) -> Query:
        return Query(
            tuple(dict.fromkeys(self.phrases)),
            tuple(dict.fromkeys(self.senders)),
            tuple(dict.fromkeys(self.places)),
            max(self.since, default=None),
            min(self.until, default=None),
            has_file="file" in self.has,
            has_link="link" in self.has,
        )


def refused(text: str) -> WireError:
    """A query that cannot be carried out; `text` says why, in one sentence."""
    return WireError(ErrorCode.INVALID_FIELD, text, field=FIELD)


def parse_query(text: str) -> Query:
    """The query in a text.

    Raises:
        WireError: INVALID_FIELD: the query is empty, too long or no valid text, or a filter has an
            invalid value.
    """
    if len(text) > MAX_QUERY_CHARS:
        raise refused(f"A search has at most {MAX_QUERY_CHARS} characters")
    if not is_storable(text):
        raise refused("A search must be valid text without NUL")
    draft = _Draft()
    for number, (name, value, is_quoted) in enumerate(_terms(text), 1):
        if number > MAX_PHRASES:
            raise refused(f"A search has at most {MAX_PHRASES} words, phrases and filters")
        if name:
            _FILTERS[name](draft, value)
        else:
            draft.phrases += _phrases(value, is_quoted=is_quoted)
    query = draft.done()
    if query == Query():
        raise refused("A search has a word, a phrase or a filter")
    return query


def _terms(text: str) -> Iterator[tuple[str, str, bool]]:
    """Each term: the name of its filter, or "", its value, and whether that was quoted."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        name, value_at = _filter_at(text, place)
        is_quoted = text.startswith('"', value_at)
        if is_quoted:
            end = text.find('"', value_at + 1)
            end = len(text) if end < 0 else end
            yield name, text[value_at + 1 : end], True
            place = end + 1
            continue
        end = value_at
        while end < len(text) and not text[end].isspace() and text[end] != '"':
            end += 1
        yield name, text[value_at:end], False
        place = end


def _filter_at(text: str, place: int) -> tuple[str, int]:
    """The filter that begins at `place`, or "", and where its value begins."""
    colon = text.find(":", place, place + 1 + max(map(len, _FILTERS)))
    name = text[place:colon].lower() if colon > place else ""
    return (name, colon + 1) if name in _FILTERS else ("", place)


def _phrases(value: str, *, is_quoted: bool) -> Iterator[Phrase]:
    """The phrases of one term: several if a part of it is in a script without spaces."""
    goes_on = value.endswith("*") and not is_quoted
    groups = [
        (is_unspaced, list(words)) for is_unspaced, words in groupby(words_in(value), _is_unspaced)
    ]
    for place, (is_unspaced, words) in enumerate(groups, 1):
        texts = tuple(word.text for word in words)
        if is_unspaced:
            # In a longer text the last character does not stand alone, but begins a pair.
            yield Phrase(texts[:-1] or texts, is_prefix=len(texts) == 1)
        else:
            is_prefix = goes_on and place == len(groups)
            if is_prefix and len(texts[-1]) < MIN_PREFIX_CHARS:
                raise refused(f"A word that goes on (*) has at least {MIN_PREFIX_CHARS} letters")
            yield Phrase(texts, is_prefix, is_exact=is_quoted or is_prefix or len(texts) > 1)


def _is_unspaced(word: Word) -> bool:
    return word.is_unspaced


def _sender(draft: _Draft, value: str) -> None:
    draft.senders.append(_name("from", value, "@"))


def _place(draft: _Draft, value: str) -> None:
    draft.places.append(_name("in", value, "@#"))


def _name(filter_name: str, value: str, signs: str) -> str:
    name = value.strip()
    bare = name[1:] if name[:1] and name[0] in signs else name
    if not bare:
        raise refused(f"{filter_name}: needs a name behind it")
    return bare


def _before(draft: _Draft, value: str) -> None:
    draft.until.append(_moment("before", value))


def _after(draft: _Draft, value: str) -> None:
    draft.since.append(_moment("after", value))


def _moment(filter_name: str, value: str) -> datetime:
    """A moment; a day stands for its beginning in UTC."""
    is_spelt_out = len(value) >= _DAY and value[4] == "-" == value[7]  # not 2026-W05, not 20260131
    try:
        moment = datetime.fromisoformat(value if is_spelt_out else "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        text = f"{filter_name}: needs a day (2026-01-31) or a time (2026-01-31T12:00:00Z)"
        raise refused(text) from None


def _has(draft: _Draft, value: str) -> None:
    if value.lower() not in ("file", "link"):
        raise refused("has: needs file or link behind it")
    draft.has.add(value.lower())


_FILTERS: Final[Mapping[str, Callable[[_Draft, str], None]]] = {
    "from": _sender,
    "in": _place,
    "before": _before,
    "after": _after,
    "has": _has,
}
