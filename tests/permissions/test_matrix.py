"""Each REST call as each kind of user: every status is the one that the policy requires."""

import re
from collections.abc import AsyncIterator
from typing import Final

import pytest
from attrs import evolve

import hub.rest.routes
from hub.rest.app import discover
from hub.settings.redaction import Secret
from tests.permissions.calls import ROWS, Row
from tests.permissions.expected import NotBlocked, SignedIn, expected_status
from tests.permissions.scene import Kind, Scene, open_scene
from tests.support.clients.http import Reply
from tests.support.stores.databases import Databases, open_store
from tests.support.stores.records import NOBODY
from tests.support.world import World, open_world


def test_every_call_has_a_row() -> None:
    claims = discover(hub.rest.routes)
    calls = {(each.dialect.name, each.endpoint.method, each.paths[0]) for each in claims}
    assert {(row.dialect, row.method, row.documented) for row in ROWS} == calls


@pytest.fixture
async def scene(databases: Databases) -> AsyncIterator[tuple[World, Scene]]:
    async with (
        databases.migrated() as dsn,
        open_store(dsn, pool_size=2) as store,
        open_world(
            store,
            presence_grace=0.0,
            keep_versions=True,
            admin_token=Secret("0123456789abcdef"),
        ) as world,
    ):
        yield world, await open_scene(world, dsn)


async def answer_to(world: World, scene: Scene, row: Row, kind: Kind) -> Reply:
    headers = scene.headers(kind, bearer=row.dialect == "channel_messages")
    path = str(scene.filled(f"{row.path} ", kind)).strip()
    return await world.call(row.method, path, scene.filled(row.body, kind), headers)


async def status_of(world: World, scene: Scene, row: Row, kind: Kind) -> int:
    return (await answer_to(world, scene, row, kind)).status


def is_done(status: int) -> bool:
    return status < 300


@pytest.mark.parametrize("dialect", sorted({row.dialect for row in ROWS}))
async def test_reads_and_refused_calls_get_the_status_that_the_policy_requires(
    scene: tuple[World, Scene], dialect: str
) -> None:
    """The calls that change nothing, in one scene: refused calls, and calls that only read."""
    wrong = {}
    for row in ROWS:
        for kind in Kind if row.dialect == dialect else ():
            expected = expected_status(row.expected, kind)
            if row.method == "GET" or not is_done(expected):
                found = await status_of(*scene, row, kind)
                if found != expected:
                    wrong[row.method, row.path, kind] = f"{found}, not {expected}"
    assert not wrong


ABOUT_PAUL: Final = [
    row
    for row in ROWS
    if isinstance(row.expected, NotBlocked | SignedIn)
    and re.search("paul|{low}", f"{row.path} {row.body}")
    and row.documented != "/api/users/{user_id}/block"  # a blocked user may block too
]


@pytest.mark.parametrize("row", ABOUT_PAUL, ids=lambda row: f"{row.method} {row.path}")
async def test_a_blocked_user_gets_the_same_response_as_for_a_missing_user(
    scene: tuple[World, Scene], row: Row
) -> None:
    world, people = scene

    async def answer(paul: object) -> tuple[int, str]:
        asked = evolve(people, ids={**people.ids, "paul": paul})
        reply = await answer_to(world, asked, row, Kind.BLOCKED)
        return reply.status, re.sub(str(paul), "PAUL", reply.text)

    assert await answer(people.ids["paul"]) == await answer(NOBODY)


CHANGES: Final = [
    row
    for row in ROWS
    if row.method != "GET" and any(is_done(expected_status(row.expected, kind)) for kind in Kind)
]


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: f"{row.method} {row.path}")
async def test_the_kind_with_the_fewest_rights_that_may_make_a_call_can_make_it(
    scene: tuple[World, Scene], row: Row
) -> None:
    """Kinds are in the order of their rights, so later kinds may make the call too."""
    allowed = [kind for kind in Kind if is_done(expected_status(row.expected, kind))]
    kind = allowed[0]
    assert await status_of(*scene, row, kind) == expected_status(row.expected, kind)
