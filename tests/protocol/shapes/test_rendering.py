"""Messages as HTML, and the elements that are never in it."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.shapes.rendering import MAX_MARKUP, render_html

TAG = re.compile(r"<(?:/?(?:p|b|i|em|strong)|/a|a(?: href=\"[^\"<>]*\")?)>")


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("**hi** _you_", "<p><strong>hi</strong> <em>you</em></p>"),
        ("[site](https://x.y/?a=1&b=2)", '<p><a href="https://x.y/?a=1&amp;b=2">site</a></p>'),
        ("[mail](mailto:a@b.c)", '<p><a href="mailto:a@b.c">mail</a></p>'),
        ("[x](//evil.example)", "<p><a>x</a></p>"),
        ("[x](ftp://y)", "<p><a>x</a></p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("<script>alert(1)</script>x", "x"),
        ("<b onclick=alert(1) style='x'>q</b>", "<p><b>q</b></p>"),
        ("<a href='javascript:alert(1)'>z</a>", "<p><a>z</a></p>"),
        ("<a href=' jAvAsCrIpT&colon;alert(1)'>z</a>", "<p><a>z</a></p>"),
        ("<a href='data:text/html,x'>z</a>", "<p><a>z</a></p>"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<svg><a xlink:href='javascript:1'>z</a></svg>", "<p></p>"),
        ("# head", "head"),
        ("![i](https://x.y/i.png)", "<p></p>"),
    ],
)
def test_rendered(content: str, html: str) -> None:
    assert render_html(content).strip() == html


@given(
    st.text()
    | st.lists(st.sampled_from(list("<>\"'&=/ abhref:javsciptonlk[]()*_`\n!#"))).map("".join)
)
def test_only_allowed_elements_are_rendered(content: str) -> None:
    html = render_html(content)
    assert "<" not in TAG.sub("", html)
    assert "javascript:" not in "".join(TAG.findall(html)).lower()


@pytest.mark.parametrize("markup", list("[]!*_<`"))
def test_content_with_too_much_markup_is_not_rendered(markup: str) -> None:
    content = markup * (MAX_MARKUP + 1)
    assert unescape(render_html(content)) == f"<p>{content}</p>"
    assert TAG.sub("", render_html(content)).count("<") == 0


def test_a_little_markup_is_rendered() -> None:
    assert render_html("**a** " * (MAX_MARKUP // 4)).count("<strong>") == MAX_MARKUP // 4


def test_rendered_content_is_cached() -> None:
    """A page of messages is rendered once, however often it is read."""
    contents = [f"**message** {number}" for number in range(100)]
    render_html.cache_clear()
    pages = [[render_html(content) for content in contents] for _ in range(3)]
    assert pages[0] == pages[1] == pages[2]
    remembered = render_html.cache_info()
    assert (remembered.misses, remembered.hits) == (100, 200)
