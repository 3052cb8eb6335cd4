"""A conversation in the terminal, with a hub on a real port."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import pytest
import trio
import trustme
from attrs import evolve, frozen

from hub.app import Server
from hub.cli.chat import PAGE, Chat, Person, sign_in, url_of, why_signed_out
from hub.cli.demo import make_demo_people
from hub.cli.rest import CallFailed
from hub.settings.config import Config
from persistence.interface import Store
from persistence.records import Draft
from protocol.errors import KICKED
from protocol.model import Posted, UserId
from tests.support.programs.server import demo_passwords, serve
from tests.support.stores.held import Held

Lose: TypeAlias = Callable[[UserId], Awaitable[None]]
"""Ends a user's connections."""


@frozen
class Terminal:
    """A user at `parlour chat`: what they type, and the lines they see."""

    chat: Chat
    typed: trio.MemorySendChannel[str]
    shown: trio.MemoryReceiveChannel[str]

    async def sees(self, *lines: str) -> None:
        """Exactly these lines come next."""
        for line in lines:
            assert await self.shown.receive() == line


async def open_terminal(
    nursery: trio.Nursery, server: Server, words: dict[str, str], name: str, peer: str
) -> Terminal:
    """Sign in, and start to talk."""
    cookie, me, them = await sign_in(server.url, name, words[name], peer)
    typed, lines = trio.open_memory_channel[str](1_000)
    show, shown = trio.open_memory_channel[str](1_000)
    why = partial(why_signed_out, server.url, name, words[name])
    chat = Chat(server.url, cookie, me, them, show.send_nowait, why)
    nursery.start_soon(chat.run, lines)
    terminal = Terminal(chat, typed, shown)
    await terminal.sees(f"* connected, talking to {them.name}")
    return terminal


async def test_two_people_talk(memory_store: Store) -> None:
    async with serve(memory_store) as server, trio.open_nursery() as nursery:
        words = demo_passwords(await make_demo_people(server))
        ann = await open_terminal(nursery, server, words, "ann", "ben")
        ben = await open_terminal(nursery, server, words, "ben", "ann")
        await ann.typed.send("hello")
        await ann.sees("* Ben is online", "you: hello")
        await ben.sees("* Ann is online", "Ann: hello")
        await ben.typed.send("hi\x1b[2J there")
        await ben.sees("you: hi [2J there")
        await ann.sees("Ben: hi [2J there")
        for terminal in (ann, ben):
            await terminal.typed.aclose()  # the conversation ends when everything is confirmed
        while server.services.hub.clients():
            await trio.lowlevel.checkpoint()
        assert server.services.hub.figures.closed == {("private_messages", 1000): 2}


async def test_the_hub_may_use_tls(
    memory_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    trusted, chain, key = (tmp_path / name for name in ("trusted.pem", "chain.pem", "key.pem"))
    authority.cert_pem.write_to_path(trusted)
    certificate.cert_chain_pems[0].write_to_path(chain)
    certificate.private_key_pem.write_to_path(key)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    server_context = serve(memory_store, tls_cert=chain, tls_key=key)
    async with server_context as server, trio.open_nursery() as nursery:
        words = demo_passwords(await make_demo_people(server))
        ann = await open_terminal(nursery, server, words, "ann", "ben")
        await ann.typed.send("hello")
        await ann.sees("you: hello")
        await ann.typed.aclose()


async def test_after_a_reconnect_missed_messages_are_shown_and_typed_lines_are_sent(
    memory_store: Store,
) -> None:
    missed = 2 * PAGE + 1
    async with trio.open_nursery() as nursery:
        async with serve(memory_store) as server:
            port = urlsplit(server.url).port
            assert port is not None
            words = demo_passwords(await make_demo_people(server))
            ann = await open_terminal(nursery, server, words, "ann", "ben")
        await ann.sees("* connection lost (Server shutting down), trying again in 1 s")
        await ann.typed.send("are you there?")
        me, ben = UserId(ann.chat.me.id), UserId(ann.chat.peer.id)
        drafts = [Draft(ben, me, f"{number}") for number in range(missed)]
        assert all(isinstance(each, Posted) for each in await memory_store.messages.post(drafts))
        async with serve(memory_store, port=port):
            await ann.sees(
                *(f"Ben: {number}" for number in range(missed)),
                "* connected, talking to Ben",
                "you: are you there?",
            )
            await ann.typed.aclose()


async def test_a_line_in_flight_is_sent_again_under_its_key_after_a_reconnect(
    memory_store: Store,
) -> None:
    held = Held(memory_store.messages, ("post",))
    async with trio.open_nursery() as nursery:
        first = serve(evolve(memory_store, messages=held), shutdown_timeout=0.1)
        async with first as server:
            port = urlsplit(server.url).port
            assert port is not None
            words = demo_passwords(await make_demo_people(server))
            ann = await open_terminal(nursery, server, words, "ann", "ben")
            await ann.typed.send("are you there?")
            await held.asked.wait()
        await ann.sees("* connection lost, trying again in 1 s")
        async with serve(memory_store, port=port):
            await ann.sees("* connected, talking to Ben", "you: are you there?")
            await ann.typed.aclose()
    (((draft,),),) = held.calls
    me, ben = UserId(ann.chat.me.id), UserId(ann.chat.peer.id)
    (stored,) = await memory_store.messages.conversation_page(me, ben, offset=0, limit=10)
    assert (stored.content, stored.key) == ("are you there?", draft.key)


async def test_the_reason_for_a_refused_line_is_shown(memory_store: Store) -> None:
    async with serve(memory_store, max_content_chars=5) as server, trio.open_nursery() as nursery:
        words = demo_passwords(await make_demo_people(server))
        ann = await open_terminal(nursery, server, words, "ann", "ben")
        await ann.typed.send("too long")
        await ann.sees("* Message content is longer than 5 characters")
        await ann.typed.aclose()


async def test_a_wrong_password_or_an_unknown_peer_is_refused(memory_store: Store) -> None:
    async with serve(memory_store) as server:
        words = demo_passwords(await make_demo_people(server))
        with pytest.raises(CallFailed, match="Invalid email or password"):
            await sign_in(server.url, "ann", "wrong", "ben")
        with pytest.raises(CallFailed, match="There is no user eve"):
            await sign_in(server.url, "ann", words["ann"], "eve")


async def open_and_lose(server: Server, words: dict[str, str], lose: Lose) -> str:
    """Chat as ann until the hub ends the connection; returns the error's text."""
    with pytest.RaisesGroup(CallFailed, flatten_subgroups=True) as lost:
        async with trio.open_nursery() as nursery:
            ann = await open_terminal(nursery, server, words, "ann", "ben")
            await lose(UserId(ann.chat.me.id))
    with pytest.raises(trio.WouldBlock):
        ann.shown.receive_nowait()  # such as a line that it tries again
    (error,) = lost.value.exceptions
    while isinstance(error, BaseExceptionGroup):
        (error,) = error.exceptions
    return str(error)


async def test_a_user_who_is_signed_out_sees_why_and_is_not_reconnected(
    memory_store: Store,
) -> None:
    async with serve(memory_store) as server:
        words = demo_passwords(await make_demo_people(server))

        async def end_sessions(user: UserId) -> None:
            await memory_store.sessions.close_all(user)

        async def deactivate(user: UserId) -> None:
            await memory_store.accounts.deactivate(user)

        async def kick(user: UserId) -> None:
            await server.services.hub.send_back([user], KICKED)

        said = "You were signed out"
        assert await open_and_lose(server, words, end_sessions) == said
        assert await open_and_lose(server, words, kick) == "Disconnected by the operator"
        gone = await open_and_lose(server, words, deactivate)
        assert gone == f"{said}: This account was deactivated by the operator"


async def test_a_user_signed_out_while_disconnected_sees_it_at_the_reconnect(
    memory_store: Store,
) -> None:
    with pytest.RaisesGroup(
        pytest.RaisesExc(CallFailed, match="^You were signed out$"), flatten_subgroups=True
    ):
        async with trio.open_nursery() as nursery:
            async with serve(memory_store) as server:
                port = urlsplit(server.url).port
                words = demo_passwords(await make_demo_people(server))
                ann = await open_terminal(nursery, server, words, "ann", "ben")
            await ann.sees("* connection lost (Server shutting down), trying again in 1 s")
            await memory_store.sessions.close_all(UserId(ann.chat.me.id))
            assert port is not None
            async with serve(memory_store, port=port):
                await trio.sleep_forever()


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "::", "port": 1}, "http://[::1]:1"),
        ({"host": "0.0.0.0"}, "http://127.0.0.1:8000"),
        ({"public_url": "https://a.example/chat/"}, "https://a.example/chat/"),
        ({"tls_cert": Path(__file__), "tls_key": Path(__file__)}, "https://127.0.0.1:8000"),
    ],
)
def test_the_url_of_the_hub_follows_from_its_settings(settings: dict[str, Any], url: str) -> None:
    assert url_of(Config(**settings)) == url


def test_the_session_is_not_in_the_repr_of_a_chat() -> None:
    why = partial(why_signed_out, "http://a", "ann", "hunter2")
    chat = Chat("http://a", "session_token=hunter2", Person(1, "Ann"), Person(2, "Ben"), print, why)
    assert "hunter2" not in repr(chat)
