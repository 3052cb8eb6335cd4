"""Calls of the terminal client, to a hub on a real port."""

from datetime import UTC, datetime

import pytest
import trio

from hub.cli.rest import CallFailed, call
from hub.settings.setting import ConfigError
from persistence.interface import Store
from tests.support.programs.server import serve

ACCOUNT = {
    "email": "ann@example.org", "password": "correct horse", "first_name": "Ann",
    "last_name": "Test", "date_of_birth": datetime(2000, 1, 1, tzinfo=UTC).date().isoformat(),
}  # fmt: skip


async def test_a_call_returns_the_body_and_the_cookies(memory_store: Store) -> None:
    async with serve(memory_store) as server:
        made = await call(server.url, "POST", "/api/auth/register", ACCOUNT)
        assert isinstance(made.body, dict)
        assert made.body["user_id"] == 1
        assert made.cookies == {}
        session = await call(server.url, "POST", "/api/auth/login", ACCOUNT)
        assert set(session.cookies) == {"session_token", "known_browser"}
        cookie = f"session_token={session.cookies['session_token']}"
        found = await call(server.url, "GET", "/api/users?username=nobody", cookie=cookie)
        assert found.body == []


async def test_an_error_has_the_text_of_the_response(memory_store: Store) -> None:
    async with serve(memory_store) as server:
        with pytest.raises(CallFailed, match="Invalid email or password"):
            await call(server.url, "POST", "/api/auth/login", ACCOUNT)


async def test_a_response_without_json_is_reported_with_its_status() -> None:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    port = listener.socket.getsockname()[1]

    async def respond(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.send_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\n<p>")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, respond, [listener])
        with pytest.raises(CallFailed, match="responded with status 502"):
            await call(f"http://127.0.0.1:{port}", "GET", "/")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1", "127.0.0.1:8000", "http://", "http://[::1", "http://a:b"]
)
async def test_an_invalid_url_of_a_hub_is_wrong_use(url: str) -> None:
    with pytest.raises(ConfigError, match=r"is no (http:// or https:// )?address"):
        await call(url, "GET", "/")


async def test_the_error_for_an_unreachable_hub_names_its_url() -> None:
    with pytest.raises(CallFailed, match=r"http://127\.0\.0\.1:1 cannot be reached"):
        await call("http://127.0.0.1:1", "GET", "/")
