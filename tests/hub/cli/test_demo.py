"""The two accounts of `parlour serve --demo`."""

import pytest

from hub.cli.chat import sign_in
from hub.cli.demo import make_demo_people
from hub.cli.rest import CallFailed
from persistence.interface import Store
from tests.support.programs.server import demo_passwords, serve


async def test_the_passwords_that_are_shown_are_good_until_the_next_start(
    memory_store: Store,
) -> None:
    async with serve(memory_store) as server:
        first = await make_demo_people(server)
        assert set(demo_passwords(first)) == {"ann", "ben"}
        for name, peer in (("ann", "ben"), ("ben", "ann")):
            word = demo_passwords(first)[name]
            assert f"{server.url}/#enter={name}:{word}" in first
            _, me, them = await sign_in(server.url, name, word, peer)
            assert (me.name, them.name) == (name.capitalize(), peer.capitalize())
        second = await make_demo_people(server)
        with pytest.raises(CallFailed):
            await sign_in(server.url, "ann", demo_passwords(first)["ann"], "ben")
        await sign_in(server.url, "ann", demo_passwords(second)["ann"], "ben")


async def test_without_the_web_client_there_is_no_link(memory_store: Store) -> None:
    async with serve(memory_store, web_client=False) as server:
        text = await make_demo_people(server)
        assert "#enter" not in text
        assert set(demo_passwords(text)) == {"ann", "ben"}
