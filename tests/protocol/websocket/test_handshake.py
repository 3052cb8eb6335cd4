"""Which requests may become a WebSocket (RFC 6455 section 4.2.1), and from which pages."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.websocket.handshake import (
    HandshakeError,
    Head,
    check_upgrade,
    origin_allowed,
    request_bytes,
    wants_upgrade,
)

GOOD = {
    b"host": b"parlour.test",
    b"upgrade": b"websocket",
    b"connection": b"keep-alive, Upgrade",
    b"sec-websocket-version": b"13",
    b"sec-websocket-key": b"dGhlIHNhbXBsZSBub25jZQ==",
}


def head(
    *more: tuple[bytes, bytes], method: bytes = b"GET", version: bytes = b"1.1", **changed: bytes
) -> Head:
    headers = GOOD | {name.replace("_", "-").encode(): value for name, value in changed.items()}
    return Head(method, b"/ws?x=1", version, (*headers.items(), *more))


def without(name: bytes) -> Head:
    return Head(b"GET", b"/ws", b"1.1", tuple((n, v) for n, v in GOOD.items() if n != name))


def test_a_browsers_request_is_accepted() -> None:
    check_upgrade(head())
    assert wants_upgrade(head(upgrade=b"WebSocket"))
    assert not wants_upgrade(without(b"upgrade"))
    assert head().path == "/ws"


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head(method=b"POST"), 405),
        (head(version=b"1.0"), 505),
        (without(b"host"), 400),
        (head((b"host", b"other")), 400),
        (head(connection=b"close"), 400),
        (without(b"sec-websocket-version"), 426),
        (head(sec_websocket_version=b"8"), 426),
        (head((b"sec-websocket-version", b"13")), 426),
        (without(b"sec-websocket-key"), 400),
        (head(sec_websocket_key=b"c2hvcnQ="), 400),
        (head(sec_websocket_key=b"!!!!"), 400),
        (head((b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")), 400),
        (head((b"content-length", b"5")), 400),
        (head((b"transfer-encoding", b"chunked")), 400),
        (head((b"x-name", b"J\xf6rg")), 400),
    ],
)
def test_anything_else_is_refused_with_its_status(request_head: Head, status: int) -> None:
    with pytest.raises(HandshakeError) as caught:
        check_upgrade(request_head)
    assert caught.value.status == status


def test_the_refusal_of_an_old_version_has_the_supported_one() -> None:
    with pytest.raises(HandshakeError) as caught:
        check_upgrade(head(sec_websocket_version=b"8"))
    assert caught.value.headers == (
        (b"Sec-WebSocket-Version", b"13"),
        (b"Upgrade", b"websocket"),
    )


@given(
    st.lists(st.tuples(st.sampled_from([*GOOD, b"origin", b"cookie", b"x"]), st.binary())),
    st.binary(),
)
def test_no_head_raises_anything_but_a_handshake_error(
    headers: list[tuple[bytes, bytes]], target: bytes
) -> None:
    strange = Head(b"GET", target, b"1.1", tuple(headers))
    with suppress(HandshakeError):
        check_upgrade(strange)
    origin_allowed(strange, ("https://app.example",), "http")
    strange.cookies()
    strange.query.get("")


@pytest.mark.parametrize(
    ("origin", "scheme", "allowed"),
    [
        (b"http://parlour.test", "http", True),
        (b"http://parlour.test:80", "http", True),
        (b"http://PARLOUR.test", "http", True),
        (b"https://parlour.test", "http", False),
        (b"https://parlour.test", "https", True),
        (b"http://parlour.test:8080", "http", False),
        (b"https://app.example", "http", True),
        (b"https://app.example:443", "http", True),
        (b"https://app.example.evil", "http", False),
        (b"https://evil@app.example", "http", False),
        (b"null", "http", False),
        (b"", "http", False),
        (b"http://[", "http", False),
        (b"file://", "http", False),
    ],
)
def test_origins(origin: bytes, scheme: str, allowed: bool) -> None:
    request_head = head((b"origin", origin))
    assert origin_allowed(request_head, ("https://app.example",), scheme) is allowed


def test_a_request_without_an_origin_is_allowed_and_one_with_two_is_not() -> None:
    assert origin_allowed(head(), (), "http")
    two = head((b"origin", b"http://parlour.test"), (b"origin", b"http://parlour.test"))
    assert not origin_allowed(two, (), "http")


@pytest.mark.parametrize(
    ("site", "allowed"),
    [(b"same-origin", True), (b"none", True), (b"same-site", False), (b"cross-site", False)],
)
def test_without_an_origin_the_fetch_site_decides(site: bytes, allowed: bool) -> None:
    assert origin_allowed(head((b"sec-fetch-site", site)), (), "http") is allowed


def test_an_origin_has_precedence_over_the_fetch_site() -> None:
    read = head((b"origin", b"https://app.example"), (b"sec-fetch-site", b"cross-site"))
    assert origin_allowed(read, ("https://app.example",), "http")


@pytest.mark.parametrize(
    ("target", "query"),
    [
        (b"/ws", {}),
        (b"/ws?", {}),
        (b"/ws?resume", {"resume": ""}),
        (b"/ws?a=1&b=x%20y+z&a=2", {"a": "2", "b": "x y z"}),
        (b"/ws?%ff=\xff&=&==", {"\ufffd": "\ufffd", "": "="}),
    ],
)
def test_parameters(target: bytes, query: dict[str, str]) -> None:
    assert Head(b"GET", target, b"1.1", ()).query == query


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"a=1; b=2", {"a": ["1"], "b": ["2"]}),
        (b"a=1; b=3; a=2", {"a": ["1", "2"], "b": ["3"]}),
        (b'a="1"', {"a": ["1"]}),
        (b"a=x=y", {"a": ["x=y"]}),
        (b";;junk; a=1;", {"a": ["1"]}),
        (b"a=", {"a": [""]}),
        (b"A=1", {"A": ["1"]}),
        (b"a=\xff", {"a": ["\xff"]}),
    ],
)
def test_cookies(sent: bytes, expected: dict[str, list[str]]) -> None:
    assert head((b"cookie", sent)).cookies() == expected


def test_the_head_is_passed_to_the_next_parser_unchanged() -> None:
    data = request_bytes(head())
    assert data.startswith(b"GET /ws?x=1 HTTP/1.1\r\nhost: parlour.test\r\n")
    assert data.endswith(b"\r\n\r\n")
