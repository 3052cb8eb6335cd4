"""A message's content as HTML that a page may show as it is.

See docs/dialects/channel_messages.md#message-object. Guarantees: the result has only the elements
p, b, i, em, strong and a, and no attribute but a link's `href`, with a harmless scheme. The content
itself is stored and sent unchanged. Must not know: messages, dialects.
"""

from typing import Final

import nh3
from markdown_it import MarkdownIt

_TAGS: Final = frozenset({"p", "b", "i", "em", "strong", "a"})
_TARGETS: Final = ("http://", "https://", "mailto:", "/uploads/")
_MARKDOWN: Final = MarkdownIt("commonmark", {"breaks": True})


def _harmless(element: str, attribute: str, value: str) -> str | None:
    """A link's target if it says where it leads; `//host` and the like do not."""
    del element, attribute
    return value if value.startswith(_TARGETS) else None


_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS), attributes={"a": {"href"}}, attribute_filter=_harmless, link_rel=None
)


def render_html(content: str) -> str:
    """Harmless HTML from Markdown that may contain HTML."""
    return _CLEANER.clean(_MARKDOWN.render(content))
