"""A call or two of every endpoint in the normal run, with two kinds of login and without it."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import trio

from persistence.interface import Store
from tests.contract.campaign import Hub, Login, run, sign_in
from tests.support.programs.server import serve

FEW = ("--phases=fuzzing", "--max-examples=1", "--seed=1")
SETTINGS: Final[Mapping[str, Any]] = {"open_roles": "student,teacher", "joining": "at_once"}
KINDS = ("session_token", "connect.sid of a pupil", "bearer")
"""Each call is repeated without the login: `ignored_auth`."""


@pytest.mark.timeout(180)  # two programs beside each other
async def test_every_response_is_as_documented_with_each_kind_of_login(memory_store: Store) -> None:
    reports: dict[str, str] = {}

    async def ask(hub: Hub, login: Login) -> None:
        is_fine, report = await run(hub, login, *FEW)
        if not is_fine or " generated" not in report:
            reports[login.name] = report

    async with serve(memory_store, **SETTINGS) as server, trio.open_nursery() as nursery:
        address = urlsplit(server.url)
        hub = Hub(str(address.hostname), address.port or 0)
        logins = {login.name: login for login in await sign_in(hub)}
        for kind in KINDS:
            nursery.start_soon(ask, hub, logins[kind])
    assert not reports, "\n".join(reports.values())
