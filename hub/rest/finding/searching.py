"""A search for messages over HTTP: its parameters and its pages, in any dialect.

Guarantees: a malformed request is refused with a stable code and one sentence. Must not know: any
endpoint, how a message looks.
"""

from collections.abc import Mapping
from typing import Final, TypeVar

from hub.rest.endpoint import Call
from hub.rest.parameters import Cursor, Number, Text
from hub.services.finding.messages import MessageFinder
from persistence.search import FIRST, LANGUAGES, SIMPLE, FoundPage, Ranking, Wanted
from protocol.errors import ErrorCode, WireError
from protocol.model import MessageId
from protocol.searching.query import FIELD, MAX_QUERY_CHARS
from protocol.shapes.snippets import FoundObject, snippet_object

M = TypeVar("M")

DEFAULT_LIMIT: Final = 20

QUERY: Final = Text(
    FIELD,
    'the search: words, `"phrases"`, `begin*`, `from:`, `in:`, `before:`, `after:`,'
    " `has:file`, `has:link`",
    {"minLength": 1, "maxLength": MAX_QUERY_CHARS},
    is_required=True,
)
ORDER: Final = Text(
    "order", "the order of the results; by default `newest`", {"enum": ["newest", "best"]}
)
LANGUAGE: Final = Text(
    "language",
    "the language whose forms of a word are found: one of the hub's `search_languages`, by default"
    " the first one; `simple`: words only as they are written",
    {"enum": [SIMPLE, *LANGUAGES]},
)
LIMIT: Final = Number(
    "limit", "the maximum number of messages", DEFAULT_LIMIT, 1, DEFAULT_LIMIT, larger=DEFAULT_LIMIT
)
CURSOR: Final = Cursor((int, int, int))
SEARCHED: Final = (QUERY, ORDER, LANGUAGE, LIMIT, CURSOR)
"""The parameters of an endpoint that searches for messages."""

_ORDERS: Final = {"newest": Ranking.NEWEST, "best": Ranking.BEST}


async def search_page(call: Call, *, only_private: bool) -> FoundPage:
    """The page of a search that a request asks for.

    Raises:
        WireError: it is malformed.
    """
    wanted = Wanted(
        language=_language(call),
        only_private=only_private,
        ranking=_ranking(call),
        after=_place(call),
        limit=call.number(LIMIT),
    )
    finder = MessageFinder(call.services.store, call.user)
    return await finder.find(call.text(QUERY) or "", wanted)


def found_objects(page: FoundPage, shown: Mapping[MessageId, M]) -> list[FoundObject[M]]:
    """The results as clients see them. `shown`: their messages by id, without those whose author
    was deleted in between.
    """
    return [
        {
            "message": shown[each.message.id],
            "snippet": snippet_object(each.message.content, each.marks),
        }
        for each in page.found
        if each.message.id in shown
    ]


def cursor_behind(page: FoundPage) -> str | None:
    """Where the next page begins; None: there is none."""
    return None if page.more is None else CURSOR.text(*page.more)


def more_found(call: Call, page: FoundPage) -> Mapping[str, str]:
    """The header that leads to the next page."""
    return call.next_page(CURSOR, cursor_behind(page))


def _language(call: Call) -> str:
    known = (SIMPLE, *call.services.config.search_languages)
    given = call.text(LANGUAGE)
    if given is None or given == "":
        return known[min(1, len(known) - 1)]
    if given not in known:
        text = f"language must be {' or '.join(known)}"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=LANGUAGE.name)
    return given


def _ranking(call: Call) -> Ranking:
    ranking = _ORDERS.get(call.text(ORDER) or "newest")
    if ranking is None:
        text = "order must be newest or best"
        raise WireError(ErrorCode.INVALID_FIELD, text, field=ORDER.name)
    return ranking


def _place(call: Call) -> tuple[int, int, int]:
    match call.cursor(CURSOR):
        case (int() as below, int() as score, int() as message_id):
            return below, score, message_id
        case _:
            return FIRST
