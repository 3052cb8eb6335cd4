"""`parlour chat`: a conversation in the terminal.

Guarantees: a line is sent again after every reconnect until the hub confirms it, under the same
key, so it is stored once; messages that came in meanwhile are fetched; a user who was signed out
sees why. Must not know: the server's modules, but for settings; it is a plain client of `/ws` and
REST.
"""

import http.client
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final, TypeAlias, cast
from urllib.parse import quote, urlsplit
from uuid import uuid4

import trio
from attrs import define, field, frozen
from trio_websocket import (
    CloseReason,
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    wrap_client_stream,
)

from hub.cli.rest import CallFailed, below, call
from hub.cli.terminal import printable
from hub.settings.config import Config
from hub.settings.reasons import reason_of
from hub.sockets.addresses import UNIX, in_url, unix_path

CONNECT_SECONDS: Final = 10.0
RECONNECT_SECONDS: Final = 1.0
MAX_RECONNECT_SECONDS: Final = 30.0
CONFIRM_SECONDS: Final = 5.0
CLOSE_SECONDS: Final = 1.0
HISTORY: Final = 20  # messages that are shown at the start
PAGE: Final = 100
_EVERY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  where to connect instead

_Stream: TypeAlias = trio.SocketStream | trio.SSLStream[trio.SocketStream]
_LOCALHOST: Final = "localhost"  # a host name that every hub accepts


@frozen
class Person:
    """One side of the conversation."""

    id: int
    name: str


@define
class Chat:
    """A conversation at the terminal.

    Args:
        url: the hub, e.g. `http://127.0.0.1:8000`.
        cookie: the session, as the value of a Cookie header.
        me: the user of the session.
        peer: the other person.
        show: prints one line.
        why: returns why the user is signed out; see `why_signed_out`.
    """

    url: str
    cookie: str = field(repr=False)
    me: Person
    peer: Person
    show: Callable[[str], None]
    why: Callable[[], Awaitable[str]] = field(repr=False)
    _unconfirmed: dict[str, str] = field(factory=dict, init=False)  # key -> text, oldest first
    _confirmed: trio.Event = field(factory=trio.Event, init=False)
    _socket: WebSocketConnection | None = field(default=None, init=False)
    _last_seq: int | None = field(default=None, init=False)  # that was shown
    _is_leaving: bool = field(default=False, init=False)

    async def run(self, lines: AsyncIterator[str]) -> None:
        """Show what comes in and send `lines`; after the last one, wait for confirmations.

        Raises:
            CallFailed: the hub refuses to connect again, such as after the session has ended.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._stay_connected)
                async for line in lines:
                    key = str(uuid4())
                    self._unconfirmed[key] = line
                    if self._socket is not None:
                        await self._send(self._socket, key, line)
                with trio.move_on_after(CONFIRM_SECONDS):
                    while self._unconfirmed:
                        await self._confirmed.wait()
                self._is_leaving = True
                if self._socket is not None:
                    with trio.move_on_after(CLOSE_SECONDS):
                        await self._socket.aclose()
                nursery.cancel_scope.cancel()
        finally:
            for line in self._unconfirmed.values():
                self._say(f"* not confirmed: {line}")

    async def _stay_connected(self) -> None:
        pause = RECONNECT_SECONDS
        while True:
            lost: BaseException | None = None
            try:
                async with await _open_stream(self.url) as stream, trio.open_nursery() as reader:
                    socket = await self._open_socket(reader, stream)
                    await self._catch_up()
                    self._say(f"* connected, talking to {self.peer.name}")
                    pause = RECONNECT_SECONDS
                    await self._talk(socket)
            except* (
                ConnectionClosed,
                HandshakeError,
                CallFailed,
                OSError,
                trio.TooSlowError,
            ) as group:
                lost = _first(group)
            finally:
                self._socket = None
            if self._is_leaving:
                return
            why = await self._why_lost(lost)
            self._say(f"* connection lost{why}, trying again in {pause:.0f} s")
            await trio.sleep(pause)
            pause = min(2 * pause, MAX_RECONNECT_SECONDS)

    async def _why_lost(self, error: BaseException | None) -> str:
        """Why the connection was lost, in brackets; empty if that is not known.

        Raises:
            CallFailed: connecting again would not help.
        """
        match error:
            case (
                ConnectionClosed(reason=CloseReason(code=4001))
                | ConnectionRejected(status_code=401)
                | CallFailed(code="not_signed_in" | "invalid_session")
            ):
                raise CallFailed(await self.why())
            case ConnectionClosed(reason=CloseReason(code=4003, reason=str(text))):
                raise CallFailed(text)
            case ConnectionClosed(reason=CloseReason(reason=str(text))) if text:
                return f" ({text})"
            case ConnectionRejected(status_code=status):
                return f" (the hub responded with status {status})"
            case CallFailed():
                return f" ({error})"
            case OSError():
                return f" ({reason_of(error)})"
            case _:
                return ""

    async def _open_socket(self, reader: trio.Nursery, stream: _Stream) -> WebSocketConnection:
        host = urlsplit(self.url).netloc or _LOCALHOST
        cookie = [(b"Cookie", self.cookie.encode())]
        path = below(self.url, "/ws")
        with trio.fail_after(CONNECT_SECONDS):
            return await wrap_client_stream(reader, stream, host, path, extra_headers=cookie)

    async def _talk(self, socket: WebSocketConnection) -> None:
        for key, line in tuple(self._unconfirmed.items()):
            await self._send(socket, key, line)
        self._socket = socket
        while True:
            frame = json.loads(await socket.get_message())
            self._take(frame)

    async def _send(self, socket: WebSocketConnection, key: str, line: str) -> None:
        frame = {
            "type": "private_message",
            "recipient_id": self.peer.id,
            "content": line,
            "client_id": key,
        }
        try:
            await socket.send_message(json.dumps(frame))
        except ConnectionClosed:
            self._socket = None  # it is still unconfirmed, so the next connection repeats it

    async def _catch_up(self) -> None:
        """Show what came in since the connection was lost; at first, the newest messages."""
        if self._last_seq is None:
            await self._show_page(f"limit={HISTORY}")
            self._last_seq = self._last_seq or 0
            return
        while await self._show_page(f"after_seq={self._last_seq}&limit={PAGE}"):
            pass

    async def _show_page(self, query: str) -> bool:
        """Show a page of the conversation; returns whether there was anything on it."""
        path = f"/api/messages/{self.peer.id}?{query}"
        response = await call(self.url, "GET", path, cookie=self.cookie)
        messages = cast("list[dict[str, object]]", response.body)
        for message in messages:
            self._show_message(message)
        return bool(messages)

    def _take(self, frame: Mapping[str, object]) -> None:
        match frame:
            case {"type": "private_message", "message": dict(message)}:
                if self.peer.id in (message.get("sender_id"), message.get("recipient_id")):
                    self._show_message(message)
            case {"type": "typing_indicator", "user_id": self.peer.id, "is_typing": True}:
                self._say(f"* {self.peer.name} is typing")
            case {"type": "user_online_status", "user_id": self.peer.id, "is_online": bool(online)}:
                self._say(f"* {self.peer.name} is {'online' if online else 'offline'}")
            case {"type": "messages_read", "reader_id": self.peer.id}:
                self._say(f"* {self.peer.name} has read your messages")
            case {"type": "announcement", "text": str(text)}:
                self._say(f"* The operator says: {text}")
            case {"type": "error", "message": str(text)}:
                self._confirm(frame.get("client_id"))
                self._say(f"* {text}")
            case _:
                pass  # the welcome, and frames of newer hubs

    def _show_message(self, message: Mapping[str, object]) -> None:
        self._confirm(message.get("client_id"))
        seq = cast("int", message["seq"])
        if seq > (self._last_seq or 0):
            self._last_seq = seq
            author = "you" if message["sender_id"] == self.me.id else self.peer.name
            self._say(f"{author}: {message['content']}")

    def _say(self, line: str) -> None:
        self.show(printable(line))

    def _confirm(self, key: object) -> None:
        if isinstance(key, str) and self._unconfirmed.pop(key, None) is not None:
            self._confirmed.set()
            self._confirmed = trio.Event()


async def why_signed_out(url: str, login: str, password: str) -> str:
    """Why the user is signed out: the error that the hub returns when they sign in again."""
    signed_out = "You were signed out"
    try:
        cookie, _ = await _log_in(url, login, password)
        await call(url, "POST", "/api/auth/logout", cookie=cookie)
    except CallFailed as error:
        return signed_out if error.code is None else f"{signed_out}: {error}"
    return signed_out


def url_of(config: Config) -> str:
    """The URL at which the hub of these settings is reached."""
    if config.public_url is not None:
        return config.public_url
    if unix_path(config.host) is not None:
        return config.host
    host = _EVERY.get(config.host, config.host)
    return f"{'http' if config.tls_cert is None else 'https'}://{in_url(host)}:{config.port}"


async def _log_in(url: str, login: str, password: str) -> tuple[str, Person]:
    response = await call(url, "POST", "/api/auth/login", {"email": login, "password": password})
    return f"session_token={response.cookies['session_token']}", _person(response.body)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def sign_in(url: str, login: str, password: str, peer: str) -> tuple[str, Person, Person]:
    """Log in and look the peer up.

    Returns:
        the value of the Cookie header, the signed-in user and the peer.

    Raises:
        CallFailed: wrong password, unknown peer, or no hub there.
    """
    cookie, me = await _log_in(url, login, password)
    found = await call(url, "GET", f"/api/users?username={quote(peer)}", cookie=cookie)
    people = cast("list[dict[str, object]]", found.body)
    if not people:
        raise CallFailed(f"There is no user {peer}")
    return cookie, me, _person(people[0])


def _person(body: object) -> Person:
    user = cast("dict[str, object]", body)
    return Person(cast("int", user["id"]), str(user["name"]))


async def _open_stream(url: str) -> _Stream:
    """Open a stream that the caller closes: trio-websocket would leave its own open when the hub
    ends the connection.
    """
    parts = urlsplit(url)
    host = str(parts.hostname)
    with trio.fail_after(CONNECT_SECONDS):
        if url.startswith(UNIX):
            return await trio.open_unix_socket(url.removeprefix(UNIX))
        if parts.scheme == "http":
            return await trio.open_tcp_stream(host, parts.port or http.client.HTTP_PORT)
        return await trio.open_ssl_over_tcp_stream(
            host, parts.port or http.client.HTTPS_PORT, https_compatible=True
        )


async def typed_lines() -> AsyncIterator[str]:
    """Non-empty lines from standard input until its end or `/quit`."""
    while True:
        line = await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
        if not line or line.strip() == "/quit":
            return
        if line.strip():
            yield line.rstrip("\n")
