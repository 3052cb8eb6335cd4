"""A message's content as HTML that a page may show as it is.

See docs/dialects/channel_messages.md#message-object. Guarantees: the result has only the elements
p, b, i, em, strong and a, and no attribute but a link's `href`, with a harmless scheme; rendering
takes at most a millisecond, and its result is cached for `REMEMBERED` contents. The content itself
is stored and sent unchanged. Must not know: messages, dialects.
"""

import re
from functools import lru_cache
from typing import Final

import nh3
from markdown_it import MarkdownIt

MAX_MARKUP: Final = 64  # characters with a meaning; with more, content is shown as plain text
REMEMBERED: Final = 2_048  # contents
_MARKUP: Final = re.compile(r"[\[\]!*_<`]")
_TAGS: Final = frozenset({"p", "b", "i", "em", "strong", "a"})
_TARGETS: Final = ("http://", "https://", "mailto:", "/uploads/")
_MARKDOWN: Final = MarkdownIt("commonmark", {"breaks": True})


def _harmless(element: str, attribute: str, value: str) -> str | None:
    """A link's target if its scheme is harmless; None for others, such as `//host`."""
    del element, attribute
    return value if value.startswith(_TARGETS) else None


_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS), attributes={"a": {"href"}}, attribute_filter=_harmless, link_rel=None
)


@lru_cache(REMEMBERED)
def render_html(content: str) -> str:
    """Harmless HTML from Markdown that may contain HTML; for text with too much markup, its
    characters, escaped.
    """
    if len(_MARKUP.findall(content)) > MAX_MARKUP:
        return f"<p>{nh3.clean_text(content)}</p>"
    return _CLEANER.clean(_MARKDOWN.render(content))
