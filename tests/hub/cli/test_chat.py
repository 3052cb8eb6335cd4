"""A conversation in the terminal, with a hub on a real port."""

from urllib.parse import urlsplit

import pytest
import trio
from attrs import frozen

from hub.app import Server, open_server
from hub.cli.chat import PAGE, Chat, Person, printable, sign_in
from hub.cli.demo import make_demo_people
from hub.cli.rest import CallFailed
from hub.settings.config import Config
from persistence.interface import Store
from persistence.records import Draft, Posted
from protocol.model import UserId
from tests.hub.cli.test_demo import passwords


@frozen
class Terminal:
    """Somebody at `parlour chat`: what they type, and the lines they see."""

    chat: Chat
    typed: trio.MemorySendChannel[str]
    shown: trio.MemoryReceiveChannel[str]

    async def sees(self, *lines: str) -> None:
        """Exactly these lines come next."""
        for line in lines:
            with trio.fail_after(10):
                assert await self.shown.receive() == line


async def open_terminal(
    nursery: trio.Nursery, server: Server, words: dict[str, str], name: str, peer: str
) -> Terminal:
    """Sign in, and start to talk."""
    cookie, me, them = await sign_in(server.url, name, words[name], peer)
    typed, lines = trio.open_memory_channel[str](1_000)
    show, shown = trio.open_memory_channel[str](1_000)
    chat = Chat(server.url, cookie, me, them, show.send_nowait)
    nursery.start_soon(chat.run, lines)
    terminal = Terminal(chat, typed, shown)
    await terminal.sees(f"* connected, talking to {them.name}")
    return terminal


async def test_two_people_talk(memory_store: Store) -> None:
    async with open_server(Config(port=0), memory_store) as server, trio.open_nursery() as nursery:
        words = passwords(await make_demo_people(server))
        ann = await open_terminal(nursery, server, words, "ann", "ben")
        ben = await open_terminal(nursery, server, words, "ben", "ann")
        await ann.typed.send("hello")
        await ann.sees("you: hello")
        await ben.sees("Ann: hello")
        await ben.typed.send("hi\x1b[2J there")
        await ben.sees("you: hi [2J there")
        await ann.sees("Ben: hi [2J there")
        for terminal in (ann, ben):
            await terminal.typed.aclose()  # the conversation ends when everything is confirmed


# trio-websocket leaves a connection that the server closed first to the garbage collector
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)
async def test_what_was_missed_is_shown_and_what_was_typed_is_sent_after_a_reconnect(
    memory_store: Store,
) -> None:
    missed = 2 * PAGE + 1
    async with trio.open_nursery() as nursery:
        async with open_server(Config(port=0), memory_store) as server:
            port = urlsplit(server.url).port
            assert port is not None
            words = passwords(await make_demo_people(server))
            ann = await open_terminal(nursery, server, words, "ann", "ben")
        await ann.sees("* connection lost, trying again in 1 s")
        await ann.typed.send("are you there?")
        me, ben = UserId(ann.chat.me.id), UserId(ann.chat.peer.id)
        drafts = [Draft(ben, me, f"{number}") for number in range(missed)]
        assert all(isinstance(each, Posted) for each in await memory_store.messages.post(drafts))
        async with open_server(Config(port=port), memory_store):
            await ann.sees(
                *(f"Ben: {number}" for number in range(missed)),
                "* connected, talking to Ben",
                "you: are you there?",
            )
            await ann.typed.aclose()


async def test_a_line_that_is_refused_is_said(memory_store: Store) -> None:
    config = Config(port=0, max_content_chars=5)
    async with open_server(config, memory_store) as server, trio.open_nursery() as nursery:
        words = passwords(await make_demo_people(server))
        ann = await open_terminal(nursery, server, words, "ann", "ben")
        await ann.typed.send("too long")
        await ann.sees("* Message content is longer than 5 characters")
        await ann.typed.aclose()


async def test_nobody_is_let_in_with_a_wrong_password_or_to_nobody(memory_store: Store) -> None:
    async with open_server(Config(port=0), memory_store) as server:
        words = passwords(await make_demo_people(server))
        with pytest.raises(CallFailed, match="Invalid email or password"):
            await sign_in(server.url, "ann", "wrong", "ben")
        with pytest.raises(CallFailed, match="There is no user eve"):
            await sign_in(server.url, "ann", words["ann"], "eve")


def test_control_characters_are_not_printed() -> None:
    assert printable("a\x1b[2J\nb\u202ec é") == "a [2J b c é"


def test_the_session_is_not_in_the_repr_of_a_chat() -> None:
    chat = Chat("http://a", "session_token=hunter2", Person(1, "Ann"), Person(2, "Ben"), print)
    assert "hunter2" not in repr(chat)
