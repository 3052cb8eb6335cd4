"""What the Postgres store does when its server, or a caller, lets go in the middle."""

from contextlib import suppress

import trio

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.postgres.bridge import open_database
from persistence.postgres.migrate import migrate
from persistence.records import Draft, StoreUnavailable
from protocol.model import Posted, Refusal, UserId
from tests.persistence.people import make_users
from tests.support.stores.databases import Databases, execute

KILL = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1"


async def kill_connections(databases: Databases, dsn: str) -> None:
    name = dsn.partition("?")[0].rpartition("/")[2]
    await execute(databases.dsn, KILL, name)


async def test_a_killed_connection_fails_one_send_at_most_and_is_replaced(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.post([Draft(ann.id, ben.id, "1")])
        await kill_connections(databases, dsn)
        draft = Draft(ann.id, ben.id, "2", "k")
        try:  # whether the loss was noticed before the send is a matter of timing
            (outcome,) = await store.messages.post([draft])
        except StoreUnavailable:
            (outcome,) = await store.messages.post([draft])
        assert isinstance(outcome, Posted)
        assert outcome.message.seq == 2
        await kill_connections(databases, dsn)
        for _ in range(2):  # as many as the pool may still hold dead ones
            with suppress(StoreUnavailable):
                await store.accounts.get(ann.id)
        assert await store.accounts.get(ann.id) == ann


async def test_a_cancelled_post_is_unknown_and_its_repeat_exactly_once(
    databases: Databases,
) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        for n in range(40):
            draft = Draft(ann.id, ben.id, str(n), f"k{n}")
            with trio.move_on_after(n * 0.000_05):
                await store.messages.post([draft])
            (outcome,) = await store.messages.post([draft])
            assert isinstance(outcome, Posted)
            assert outcome.message.seq == n + 1


async def test_every_lane_busy_is_unavailable_within_seconds(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=2, lanes=1) as store,
    ):
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.post([Draft(ann.id, ben.id, "1")])
        refused: list[StoreUnavailable] = []

        async def post_behind_a_lock() -> None:
            try:
                await store.messages.post([Draft(ann.id, ben.id, "2")])
            except StoreUnavailable as error:
                refused.append(error)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(
                execute, dsn, "SELECT pg_sleep(4), 1 FROM (SELECT 1 FROM channels FOR UPDATE) AS c"
            )
            await until_locked(dsn)
            for _ in range(2):
                nursery.start_soon(post_behind_a_lock)
        assert len(refused) == 1  # the first waited on the lock, the second for a connection
        assert "busy" in str(refused[0])


async def until_locked(dsn: str) -> None:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with trio.fail_after(5):
        while not await execute(dsn, sql):
            pass


async def test_a_row_that_the_database_refuses_does_not_take_others_with_it(
    databases: Databases,
) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        contents = ["1", "nul \x00", "2", "lone \ud800", "3"]
        outcomes = await store.messages.post([Draft(ann.id, ben.id, c) for c in contents])
        assert [outcomes[1], outcomes[3]] == [Refusal.UNSTORABLE] * 2
        log = await store.messages.conversation_after(ann.id, ben.id, after_seq=0, limit=10)
        assert [(message.seq, message.content) for message in log] == [(1, "1"), (2, "2"), (3, "3")]


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
            "INSERT INTO users (username, name, password_hash)"
            " SELECT 'u' || n, 'U', 'x' FROM generate_series(1, 4) AS n",
        )
        await execute(dsn, "INSERT INTO workspaces (name, owner_id) VALUES ('w', 1)")
        await execute(dsn, "INSERT INTO workspace_members VALUES (1, 1), (1, 2)")
        await execute(
            dsn,
            "INSERT INTO channels (kind, workspace_id, user_lo, user_hi, name)"
            " VALUES ('text', 1, NULL, NULL, 'general'), ('dm', NULL, 1, 3, 'dm_1_3')",
        )
        await execute(dsn, "INSERT INTO channel_members VALUES (2, 1), (2, 3)")
        may_join = "SELECT array_agg(may_join(u, c) ORDER BY u, c) FROM generate_series(1, 4) AS u,"
        verdicts = await execute(dsn, f"{may_join} generate_series(1, 3) AS c")
        yes, no = True, False
        assert verdicts == [yes, yes, no, yes, no, no, no, yes, no, no, no, no]
        audience = "SELECT array_agg(p ORDER BY p) FROM presence_audience(1) AS p"
        assert await execute(dsn, audience) == [2]  # a dm in which nothing was said relates nobody
        await execute(dsn, "UPDATE channels SET last_seq = 1 WHERE id = 2")
        assert await execute(dsn, audience) == [2, 3]


async def test_listening_goes_on_through_checks_nonsense_and_a_lost_connection(
    databases: Databases,
) -> None:
    async with (
        databases.migrated() as dsn,
        open_database(dsn, 2) as database,
        database.listen("numbers", int, check_seconds=0.01) as numbers,
    ):
        assert await anext(numbers) is None
        for number in range(20):  # each takes longer than the time between two checks
            await execute(dsn, "SELECT pg_notify('numbers', 'nonsense')")
            await execute(dsn, f"SELECT pg_notify('numbers', '{number}')")
            assert await anext(numbers) == number
        await kill_connections(databases, dsn)
        assert await anext(numbers) is None
        await execute(dsn, "SELECT pg_notify('numbers', '9')")
        assert await anext(numbers) == 9
