"""A listener finds the changes that were made while its connection was away."""

from collections.abc import AsyncIterator

import pytest

import persistence.postgres.changes
from persistence.changes import (
    BlockEnded,
    BlockMade,
    Change,
    InvitationChanged,
    PairMet,
    RequestDecided,
)
from persistence.records import Draft
from tests.support.stores.databases import Databases, execute, open_store, while_nobody_listens
from tests.support.stores.records import make_users, post

BLOCK = "INSERT INTO blocks (blocker_id, blocked_id) VALUES ({}, {})"
UNBLOCK = "DELETE FROM blocks WHERE blocker_id = {}"
DECLINE = "INSERT INTO receipts (channel_id, user_id, declined_seq) VALUES ({}, {}, 1)"
INVITE = "INSERT INTO invitations (workspace_id, user_id, inviter_id) VALUES ({}, {}, {})"


async def until_none(changes: AsyncIterator[Change | None]) -> list[Change]:
    found: list[Change] = []
    async for change in changes:
        if change is None:
            return found
        found.append(change)
    raise AssertionError("the changes ended")


async def test_changes_committed_while_the_listener_was_away_are_found(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        await store.relations.block(eve.id, ben.id)
        async with store.relations.changes() as changes:
            assert await until_none(changes) == []  # no client is connected yet
            await store.relations.block(eve.id, ann.id)
            assert await anext(changes) == BlockMade(eve.id, ann.id)
            both = BLOCK.format(ann.id, ben.id), UNBLOCK.format(ann.id)
            await while_nobody_listens(dsn, *both)
            found = await until_none(changes)
            assert found[-2:] == [BlockMade(ann.id, ben.id), BlockEnded(ann.id, ben.id)]
            await store.relations.request_follow(ann.id, ben.id)
            assert await anext(changes) == PairMet(ann.id, ben.id)


async def test_declines_and_invitations_while_the_listener_was_away_are_found(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben = await make_users(store, "ann", "ben")
        workspace = await store.workspaces.create(ann.id, "School", None)
        await post(store, Draft(ann.id, ben.id, "hello"))
        dm = await store.channels.dm(ann.id, ben.id)
        async with store.relations.changes() as changes:
            await until_none(changes)
            await while_nobody_listens(
                dsn,
                DECLINE.format(dm.id, ben.id),
                INVITE.format(workspace.id, ben.id, ann.id),
            )
            found = await until_none(changes)
            assert found[-2:] == [RequestDecided(ben.id, ann.id), InvitationChanged(ben.id)]


async def test_many_missed_changes_are_read_in_pages(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence.postgres.changes, "PAGE", 2)
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, *others = await make_users(store, "ann", "b", "c", "d", "e", "f")
        async with store.relations.changes() as changes:
            await until_none(changes)
            await while_nobody_listens(dsn, *(BLOCK.format(ann.id, each.id) for each in others))
            assert await until_none(changes) == [BlockMade(ann.id, each.id) for each in others]


async def test_changes_older_than_a_minute_are_not_read_again(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two marks are moved on: what came before the first of them is known."""
    monkeypatch.setattr(persistence.postgres.changes, "MARK_SECONDS", 0.0)
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, *others = await make_users(store, "ann", "b", "c", "d")
        async with store.relations.changes() as changes:
            await until_none(changes)
            for each in others:
                await store.relations.block(ann.id, each.id)
                assert await anext(changes) == BlockMade(ann.id, each.id)
            await while_nobody_listens(dsn, UNBLOCK.format(ann.id))
            found = await until_none(changes)
            assert BlockMade(ann.id, others[0].id) not in found
            assert found[-3:] == [BlockEnded(ann.id, each.id) for each in others]


async def test_recorded_changes_are_kept_for_a_day(databases: Databases) -> None:
    async with databases.reused() as dsn, open_store(dsn) as store:
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        await store.relations.block(ann.id, ben.id)
        await execute(dsn, "UPDATE changes SET at = at - interval '25 hours'")
        await store.relations.block(ann.id, eve.id)
        kept = await execute(dsn, "SELECT array_agg(payload) FROM changes")
        assert kept == [f"blocked {ann.id} {eve.id}"]


async def test_a_role_that_makes_a_change_needs_no_right_to_record_it(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben = await make_users(store, "ann", "ben")
        await execute(
            dsn,
            "DO $$ BEGIN CREATE ROLE another; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        )
        await execute(dsn, "GRANT INSERT ON blocks TO another")
        sql = f"SET ROLE another; {BLOCK.format(ann.id, ben.id)}"
        await while_nobody_listens(dsn, sql)
        assert await execute(dsn, "SELECT count(*) FROM changes") == 1
