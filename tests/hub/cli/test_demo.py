"""The two accounts of `parlour serve --demo`."""

import html
import re
from urllib.parse import urlsplit

import pytest
import trio

from hub.app import open_server
from hub.cli.chat import sign_in
from hub.cli.demo import make_demo_people
from hub.cli.rest import CallFailed
from hub.settings.config import Config
from hub.sockets.addresses import open_listeners
from persistence.interface import Store
from tests.support.clients.http import request
from tests.support.programs.server import demo_passwords, serve


async def test_the_passwords_that_are_shown_are_valid_until_the_next_start(
    memory_store: Store,
) -> None:
    async with serve(memory_store) as server:
        first = await make_demo_people(server)
        assert set(demo_passwords(first)) == {"ann", "ben"}
        for name, peer in (("ann", "ben"), ("ben", "ann")):
            word = demo_passwords(first)[name]
            assert word not in entries(first)[name]
            _, me, them = await sign_in(server.url, name, word, peer)
            assert (me.name, them.name) == (name.capitalize(), peer.capitalize())
        second = await make_demo_people(server)
        with pytest.raises(CallFailed):
            await sign_in(server.url, "ann", demo_passwords(first)["ann"], "ben")
        await sign_in(server.url, "ann", demo_passwords(second)["ann"], "ben")


def entries(text: str) -> dict[str, str]:
    """The secrets in the printed sign-in links, by username."""
    return dict(re.findall(r"http://127\S+/#enter=(\w+):(\S+)", text))


async def test_a_link_signs_in_only_once_and_only_its_own_user(memory_store: Store) -> None:
    async with serve(memory_store) as server:
        links = entries(await make_demo_people(server))
        with pytest.raises(CallFailed):
            await sign_in(server.url, "ben", links["ann"], "ann")
        await sign_in(server.url, "ann", links["ann"], "ben")
        with pytest.raises(CallFailed):
            await sign_in(server.url, "ann", links["ann"], "ben")
        again = entries(await make_demo_people(server))
        with pytest.raises(CallFailed):
            await sign_in(server.url, "ben", links["ben"], "ann")
        await sign_in(server.url, "ben", again["ben"], "ann")


@pytest.mark.parametrize("is_demo", [True, False])
async def test_the_page_contains_whether_the_hub_is_a_demo(
    memory_store: Store, is_demo: bool
) -> None:
    """The page uses a sign-in link only in a demo; it asks first, and forgets the link."""
    config = Config(port=0)
    listeners = open_listeners(config.host, 0)
    async with (
        open_server(config, listeners, memory_store, is_demo=is_demo) as server,
        await trio.open_tcp_stream("127.0.0.1", urlsplit(server.url).port or 0) as stream,
    ):
        page = html.unescape((await request(stream, "GET", "/")).text)
        assert f'"isDemo": {str(is_demo).lower()}' in page


async def test_without_the_web_client_there_is_no_link(memory_store: Store) -> None:
    async with serve(memory_store, web_client=False) as server:
        text = await make_demo_people(server)
        assert "#enter" not in text
        assert set(demo_passwords(text)) == {"ann", "ben"}
