"""The policy functions, which a deployment may replace."""

import json

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import open_database
from persistence.postgres.database.migrate import migrate
from persistence.postgres.relations import PEER_VIEWS
from persistence.records import Draft
from protocol.model import Refusal, UserId
from tests.support.stores.databases import Databases, execute
from tests.support.stores.plans import rows_read
from tests.support.stores.records import make_users


async def test_a_deployments_own_policy_rules_every_path(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        assert await allowed(store, ann.id, ben.id)
        await execute(
            dsn,
            "CREATE OR REPLACE FUNCTION may_message(sender bigint, recipient bigint)"
            " RETURNS boolean LANGUAGE sql STABLE AS 'SELECT false'",
        )
        assert not await allowed(store, ann.id, ben.id)
        outcomes = await store.messages.post([Draft(ann.id, ben.id, "x")])
        assert outcomes == [Refusal.NOT_ALLOWED]
        assert await migrate(dsn) == []  # as at every start: it stays until policy.sql changes
        assert not await allowed(store, ann.id, ben.id)


async def allowed(store: Store, sender: int, recipient: int) -> bool:
    (permit,) = await store.relations.may_message([(UserId(sender), UserId(recipient))])
    return permit.allowed


async def test_policy_functions_of_channels(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        await execute(
            dsn,
            "INSERT INTO users (username, username_key, name, name_key, password_hash)"
            " SELECT 'u' || n, 'u' || n, 'U', 'u', 'x' FROM generate_series(1, 4) AS n",
        )
        await execute(dsn, "INSERT INTO workspaces (name, owner_id) VALUES ('w', 1)")
        await execute(dsn, "INSERT INTO workspace_members VALUES (1, 1), (1, 2)")
        await execute(
            dsn,
            "INSERT INTO channels (kind, workspace_id, user_lo, user_hi, name, name_key)"
            " VALUES ('text', 1, NULL, NULL, 'general', 'general'),"
            " ('dm', NULL, 1, 3, 'dm_1_3', NULL)",
        )
        await execute(dsn, "INSERT INTO channel_members VALUES (2, 1), (2, 3)")
        may_join = "SELECT array_agg(may_join(u, c) ORDER BY u, c) FROM generate_series(1, 4) AS u,"
        verdicts = await execute(dsn, f"{may_join} generate_series(1, 3) AS c")
        yes, no = True, False
        assert verdicts == [yes, yes, no, yes, no, no, no, yes, no, no, no, no]
        audience = "SELECT array_agg(p ORDER BY p) FROM presence_audience(1) AS p"
        assert await execute(dsn, audience) == [2]  # a dm in which nothing was said relates nobody
        await execute(dsn, "UPDATE channels SET last_seq = 2, answered = true WHERE id = 2")
        assert await execute(dsn, audience) == [2, 3]


async def test_a_pair_is_asked_about_without_everybody_else(databases: Databases) -> None:
    """Of whom somebody has many relations, one costs as much as of anybody."""
    async with databases.migrated() as dsn, open_database(dsn, 1) as database:
        await execute(
            dsn,
            "WITH made AS (INSERT INTO users"
            " (username, username_key, name, name_key, password_hash)"
            " SELECT 'u' || n, 'u' || n, 'x', 'x', 'none' FROM generate_series(1, 2000) AS n"
            " RETURNING id)"
            " INSERT INTO channels (kind, user_lo, user_hi, name, last_seq, answered)"
            " SELECT 'dm', 1, id, 'dm', 1, true FROM made WHERE id > 1",
        )
        await execute(dsn, "ANALYZE")
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {PEER_VIEWS}"
        (row,) = await database.fetch(explain, [2, 1], [1, 2])
        (explained,) = json.loads(row["QUERY PLAN"])
        assert max(rows_read(explained["Plan"])) < 100, row["QUERY PLAN"]
