"""Session tokens and their cookie."""

from datetime import timedelta
from http.cookies import SimpleCookie
from uuid import UUID

import pytest

from hub.identity.cookies import (
    COOKIE,
    COOKIES,
    CookieScope,
    expired_cookies,
    new_token,
    session_cookie,
    token_hash,
)

PLAIN = CookieScope("/", secure=False)
TLS = CookieScope("/", secure=True)


def test_tokens_are_random_uuids() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {UUID(token).version for token in tokens} == {4}


def test_any_text_a_peer_may_send_as_a_token_has_a_hash() -> None:
    texts = ["", "x", "ü", "\x00", "\udc80", "a" * 10_000]
    assert len({token_hash(text) for text in texts}) == len(texts)
    assert {len(token_hash(text)) for text in texts} == {32}


@pytest.mark.parametrize("name", COOKIES)
def test_a_cookie_is_kept_from_scripts_and_other_sites(name: str) -> None:
    scope = CookieScope("/chat/", secure=True)
    cookie = SimpleCookie(session_cookie(name, "t", timedelta(days=7), scope))[name]
    assert (cookie.value, cookie["path"], cookie["max-age"]) == ("t", "/chat/", "604800")
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
    assert "Secure" not in session_cookie(name, "t", timedelta(days=7), PLAIN)


def test_over_tls_no_other_host_can_set_the_cookie_of_a_whole_host() -> None:
    names = {
        scope: session_cookie(COOKIE, "t", timedelta(days=7), scope).partition("=")[0]
        for scope in (TLS, PLAIN, CookieScope("/chat/", secure=True))
    }
    assert list(names.values()) == ["__Host-session_token", "session_token", "session_token"]


@pytest.mark.parametrize(
    ("scope", "names"),
    [(PLAIN, {"session_token"}), (TLS, {"session_token", "__Host-session_token"})],
)
def test_the_cookies_that_end_a_session_are_empty_and_expired(
    scope: CookieScope, names: set[str]
) -> None:
    cookies = [SimpleCookie(value) for value in expired_cookies(COOKIE, scope)]
    assert {name for cookie in cookies for name in cookie} == names
    for cookie in cookies:
        (morsel,) = cookie.values()
        assert (morsel.value, morsel["max-age"]) == ("", "0")
