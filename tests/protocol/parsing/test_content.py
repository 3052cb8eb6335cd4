"""The rules for a message's text, key, kind and file, which all dialects share."""

import pytest

from protocol.errors import ErrorCode, WireError
from protocol.model import PLAIN_KINDS, MessageKind
from protocol.parsing.content import (
    MAX_KEY_CHARS,
    MAX_URL_CHARS,
    check_content,
    check_file_url,
    check_key,
    check_kind,
    is_storable,
)


@pytest.mark.parametrize(
    "text",
    ["x", " x\n", "é😀", "\u200bx", "👩\u200d🚀", "\u0301", "x" * 20, "😀" * 20],
)
def test_content_goes_through_unchanged(text: str) -> None:
    assert check_content(text, 20) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ErrorCode.CONTENT_EMPTY),
        (" \t\n\u2003", ErrorCode.CONTENT_EMPTY),
        *((text, ErrorCode.CONTENT_EMPTY) for text in "\u200b\u2800\u3164\u2060\u00ad\ufe0f\ufeff"),
        ("\u200b \u200b\n", ErrorCode.CONTENT_EMPTY),
        ("\U000e0041", ErrorCode.CONTENT_EMPTY),
        ("x" * 21, ErrorCode.CONTENT_TOO_LONG),
        (" " * 21, ErrorCode.CONTENT_TOO_LONG),
        ("a\x00", ErrorCode.CONTENT_INVALID),
        ("a\ud800", ErrorCode.CONTENT_INVALID),
    ],
)
def test_content_that_is_refused(text: str, code: ErrorCode) -> None:
    with pytest.raises(WireError) as caught:
        check_content(text, 20, field="message.content")
    assert (caught.value.code, caught.value.field) == (code, "message.content")


def test_the_field_of_content_is_content_by_default() -> None:
    with pytest.raises(WireError) as caught:
        check_content("", 20)
    assert caught.value.field == "content"


@pytest.mark.parametrize("key", [None, "k", "é" * MAX_KEY_CHARS])
def test_a_key_goes_through(key: str | None) -> None:
    assert check_key(key, field="client_id") == key


@pytest.mark.parametrize("key", ["", "k" * (MAX_KEY_CHARS + 1), "k\x00", "\udfff"])
def test_a_key_that_is_refused(key: str) -> None:
    with pytest.raises(WireError) as caught:
        check_key(key, field="client_id")
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_FIELD, "client_id")


@pytest.mark.parametrize(
    ("text", "storable"), [("", True), ("é😀", True), ("a\x00b", False), ("\ud800", False)]
)
def test_text_with_nul_or_lone_surrogates_cannot_be_stored(text: str, storable: bool) -> None:
    assert is_storable(text) is storable


@pytest.mark.parametrize(
    ("name", "kind"),
    [(None, MessageKind.TEXT), *((kind.value, kind) for kind in PLAIN_KINDS)],
)
def test_the_kind_is_text_by_default(name: str | None, kind: MessageKind) -> None:
    assert check_kind(name, field="type") is kind


@pytest.mark.parametrize("name", ["", "TEXT", "video", "doubt"])
def test_a_kind_that_is_refused(name: str) -> None:
    with pytest.raises(WireError) as caught:
        check_kind(name, field="messageType")
    error = caught.value
    assert (error.code, error.field) == (ErrorCode.INVALID_FIELD, "messageType")
    assert error.text == "messageType must be text, file or image"


@pytest.mark.parametrize(
    "url",
    [None, "http://a", "https://a/b?c=d#e", "/uploads/2024-01-01/1_a.txt", "/uploads/a",
     "https://" + "a" * (MAX_URL_CHARS - 8)],
)  # fmt: skip
def test_a_file_is_an_upload_or_a_web_address(url: str | None) -> None:
    assert check_file_url(url, field="fileUrl") == url


@pytest.mark.parametrize(
    "url",
    ["", "a", "javascript:alert(1)", "ftp://a", "//a/b", "/uploads/", "/uploads/../x",
     "/uploads/a/../b", "/uploads/.hidden", "/etc/passwd", "https://a\n", "https://a\x00",
     "https://a\u202e", "https://" + "a" * (MAX_URL_CHARS - 7), "HTTP://a"],
)  # fmt: skip
def test_a_file_that_is_refused(url: str) -> None:
    with pytest.raises(WireError) as caught:
        check_file_url(url, field="file_url")
    error = caught.value
    assert (error.code, error.field) == (ErrorCode.INVALID_FIELD, "file_url")
    assert error.text == "file_url must be an upload or http(s)://"
