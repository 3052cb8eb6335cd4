"""Session tokens and their cookie."""

from datetime import timedelta
from http.cookies import SimpleCookie
from uuid import UUID

from hub.identity.cookies import (
    CookieScope,
    expired_cookie,
    new_token,
    session_cookie,
    token_hash,
)

PLAIN = CookieScope("/", secure=False)


def test_tokens_are_random_uuids() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {UUID(token).version for token in tokens} == {4}


def test_any_text_a_peer_may_send_as_a_token_has_a_hash() -> None:
    texts = ["", "x", "ü", "\x00", "\udc80", "a" * 10_000]
    assert len({token_hash(text) for text in texts}) == len(texts)
    assert {len(token_hash(text)) for text in texts} == {32}


def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    scope = CookieScope("/chat/", secure=True)
    cookie = SimpleCookie(session_cookie("t", timedelta(days=7), scope))["session_token"]
    assert (cookie.value, cookie["path"], cookie["max-age"]) == ("t", "/chat/", "604800")
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
    assert "Secure" not in session_cookie("t", timedelta(days=7), PLAIN)


def test_the_cookie_that_ends_a_session_is_empty_and_over() -> None:
    cookie = SimpleCookie(expired_cookie(PLAIN))["session_token"]
    assert (cookie.value, cookie["max-age"]) == ("", "0")
