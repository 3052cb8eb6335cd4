"""The two accounts of `parlour serve --demo`."""

import re

import pytest

from hub.app import open_server
from hub.cli.chat import sign_in
from hub.cli.demo import make_demo_people
from hub.cli.rest import CallFailed
from hub.settings.config import Config
from persistence.interface import Store


def passwords(text: str) -> dict[str, str]:
    """By username, from the commands that the text shows."""
    return {name: word for word, name in re.findall(r"PARLOUR_PASSWORD=(\S+) .* --as (\w+)", text)}


async def test_the_passwords_that_are_shown_are_good_until_the_next_start(
    memory_store: Store,
) -> None:
    async with open_server(Config(port=0), memory_store) as server:
        first = await make_demo_people(server)
        assert set(passwords(first)) == {"ann", "ben"}
        for name, peer in (("ann", "ben"), ("ben", "ann")):
            word = passwords(first)[name]
            assert f"{server.url}/#enter={name}:{word}" in first
            _, me, them = await sign_in(server.url, name, word, peer)
            assert (me.name, them.name) == (name.capitalize(), peer.capitalize())
        second = await make_demo_people(server)
        with pytest.raises(CallFailed):
            await sign_in(server.url, "ann", passwords(first)["ann"], "ben")
        await sign_in(server.url, "ann", passwords(second)["ann"], "ben")


async def test_without_the_web_client_there_is_no_link(memory_store: Store) -> None:
    async with open_server(Config(port=0, web_client=False), memory_store) as server:
        text = await make_demo_people(server)
        assert "#enter" not in text
        assert set(passwords(text)) == {"ann", "ben"}
