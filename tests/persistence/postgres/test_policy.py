"""The policy functions, which a deployment may replace."""

import json
import re
from pathlib import Path

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.database.bridge import open_database
from persistence.postgres.database.migrate import migrate
from persistence.postgres.relations import PEER_VIEWS
from persistence.records import Draft
from protocol.model import Refusal, UserId
from tests.support.stores.databases import Databases, execute, run_script
from tests.support.stores.plans import rows_read
from tests.support.stores.records import make_users

SOURCES = Path(__file__).parents[3] / "persistence" / "postgres"


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
        assert await execute(dsn, audience) == [2]  # an empty dm does not relate its users
        await execute(dsn, "UPDATE channels SET last_seq = 2, answered = true WHERE id = 2")
        assert await execute(dsn, audience) == [2, 3]


async def test_the_lookup_of_one_pair_does_not_read_other_relations(databases: Databases) -> None:
    """The lookup of one pair costs no more for a user who has many relations."""
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


async def test_the_check_whether_a_user_may_write_does_not_read_blocks_of_others(
    databases: Databases,
) -> None:
    """Nor their follows, which decide if a profile is not public."""
    async with databases.migrated() as dsn, open_database(dsn, 1) as database:
        await run_script(dsn, """
            INSERT INTO users (username, username_key, name, name_key, password_hash, is_public)
            SELECT 'u' || n, 'u' || n, 'x', 'x', 'none', false FROM generate_series(1, 3) AS n;
            SET LOCAL session_replication_role = replica;  -- of users that there are not
            INSERT INTO blocks SELECT n, n + 1 FROM generate_series(1000, 20000) AS n;
            INSERT INTO follows SELECT n, n + 1, 'accepted' FROM generate_series(1000, 20000) AS n;
            ANALYZE blocks, follows;
        """)  # fmt: skip
        ask = "SELECT may_message({}, 2)"
        await database.fetch(ask.format(1))  # the catalog is read
        (row,) = await database.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {ask.format(3)}")
        (explained,) = json.loads(row["QUERY PLAN"])
        assert explained["Plan"]["Shared Hit Blocks"] < 50, row["QUERY PLAN"]


def test_no_statement_looks_for_two_pairs_with_in() -> None:
    """The hub's sessions, which do no bitmap scans, would read the whole table for it."""
    files = [each for kind in ("*.py", "*.sql") for each in SOURCES.rglob(kind)]
    assert len(files) > 20
    assert not [each.name for each in files if re.search(r"\bIN\s*\(\(", _code(each))]


def _code(path: Path) -> str:
    return re.sub(r"^\s*--.*$", "", path.read_text(), flags=re.MULTILINE)


# Sixteen users who at random are private, follow, block, share a workspace and have written to each
# other. Not every dm has both its members.
ANYHOW = """
    SELECT setseed(0.5);
    INSERT INTO users (username, username_key, name, name_key, password_hash, is_public)
    SELECT 'u' || n, 'u' || n, 'x', 'x', 'none', random() < 0.4 FROM generate_series(1, 16) AS n;
    INSERT INTO follows (follower_id, followee_id, status)
    SELECT a.id, b.id, CASE WHEN random() < 0.5 THEN 'accepted' ELSE 'pending' END
      FROM users a JOIN users b ON a.id <> b.id AND random() < 0.2 WHERE 999 NOT IN (a.id, b.id);
    INSERT INTO blocks (blocker_id, blocked_id)
    SELECT a.id, b.id FROM users a JOIN users b ON a.id <> b.id AND random() < 0.15
     WHERE 999 NOT IN (a.id, b.id);
    INSERT INTO workspaces (name, owner_id) SELECT 'w', n FROM generate_series(1, 2) AS n;
    INSERT INTO workspace_members (workspace_id, user_id)
    SELECT w.id, u.id FROM workspaces w, users u WHERE random() < 0.15 AND u.id <> 999;
    INSERT INTO channels (kind, user_lo, user_hi, name, last_seq, opened_by, answered)
    SELECT 'dm', p.lo, p.hi, 'dm', p.last_seq, CASE WHEN p.last_seq > 0 THEN p.opener END,
           p.last_seq > 1
      FROM (SELECT a.id AS lo, b.id AS hi, (random() * 2)::int AS last_seq,
                   CASE WHEN random() < 0.5 THEN a.id ELSE b.id END AS opener
              FROM users a JOIN users b ON a.id < b.id WHERE b.id < 999) AS p;
    INSERT INTO channels (kind, workspace_id, name, name_key)
    SELECT 'text', w.id, 'c' || n, 'c' || n FROM workspaces w, generate_series(1, 3) AS n;
    INSERT INTO channel_members (channel_id, user_id)
    SELECT c.id, who FROM channels c, unnest(ARRAY[c.user_lo, c.user_hi]) AS who
     WHERE c.kind = 'dm' AND random() < 0.9;
    INSERT INTO channel_members (channel_id, user_id)
    SELECT c.id, u.id FROM channels c, users u
     WHERE c.kind <> 'dm' AND u.id < 999 AND random() < 0.2;
"""
DISAGREEMENTS = """
    SELECT count(*) FROM users u CROSS JOIN channels c
      LEFT JOIN LATERAL (SELECT * FROM seen_conversations(u.id)) AS s ON s.id = c.id
      LEFT JOIN LATERAL (SELECT * FROM seen_channels(u.id)) AS o ON o.id = c.id
     WHERE u.id < 999 AND (
           may_join(u.id, c.id) <> (s.id IS NOT NULL OR o.id IS NOT NULL)
        OR (c.kind = 'dm') <> (s.id IS NOT NULL) AND may_join(u.id, c.id)
        OR s.is_request <> coalesce(is_request(c, u.id), false)
        OR s.may_write <> may_message(u.id, s.peer))
"""


async def test_the_policy_for_all_at_once_equals_the_policy_for_each(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        await run_script(dsn, ANYHOW)
        seen = "SELECT count(*) FROM users u, seen_conversations(u.id)"
        assert await execute(dsn, f"{seen} AS s WHERE s.is_request AND NOT s.may_write") != 0
        assert await execute(dsn, DISAGREEMENTS) == 0
