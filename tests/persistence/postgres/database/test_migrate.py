"""The schema: applied whole or not at all, once, as it was released, and not over a newer one."""

import re

import pytest
import trio
from attrs import evolve

from persistence.postgres.database.migrate import (
    LOCK,
    Schema,
    SchemaChanged,
    SchemaLocked,
    SchemaTooNew,
    SqlFile,
    load_schema,
    migrate,
)
from persistence.postgres.database.session import DatabaseRefused
from persistence.postgres.database.takeover import UnknownSchema
from persistence.records import StoreUnavailable
from tests.support.stores.databases import (
    Databases,
    execute,
    open_transaction,
    with_database,
    with_setting,
)

# A released file is frozen: databases have it. Add a line for each release; never change one.
RELEASED = {
    "schema/0001_tables.sql": ("bf4a7fcf726743572c061765fa14439a2fc6b30f4f2ef84fdb47ac3a87f7c189"),
    "schema/0002_channel_names.sql": (
        "fb3b4ac71af5f9813aca6018c020f89526d6319cbd203a98952f90870d0b7d8c"
    ),
    "schema/0003_message_kinds.sql": (
        "396e81f2638588fcfc36832b8d69dbc79991703b4c0b0b58dd5a12091dd80fc7"
    ),
    "schema/0004_roles.sql": ("b9f6285e0976276dd6c2f85d245334d8b7817bc6ec518c1ddf40c0e7f36e0d2c"),
    "schema/0005_uploads.sql": ("7154cab4cbc2060a3f2c0a0381fcc5a914aa8a13c9fbd4dec7b53d4fdcb3532c"),
    "schema/0006_sessions.sql": (
        "0fd50c24576dd3269d846984a8f228efcd46a8ba5886a263ef5fe54197baa73e"
    ),
    "schema/0007_deleted_messages.sql": (
        "af26f3f2d6ee6df8da933d1da76bb9a2fede7dfe7514beafd040256da9db6931"
    ),
    "schema/0008_answered_conversations.sql": (
        "53db70dcf912141e03af378322f187bda58c432fe2655ab29ab9c602cedf4f0a"
    ),
    "schema/0009_identities.sql": (
        "b303a0ab5a5d85fdd6308ca3d60474efb211773422e3b9cbee819ebb1f1c67e2"
    ),
    "schema/0010_declined_requests.sql": (
        "419a82e9ffcc3ede814ac668c5585ceb155d5462d1bfa156b0b06659e55d6d0c"
    ),
    "schema/0011_changes.sql": ("0c00bb3aa35fedbdbbeddbe5b6a69ebaac66833a4865cc2bee5eaabb474059eb"),
    "schema/0012_name_keys.sql": (
        "d89be373c41e6b137bbf69a7561aeebfcce45aee24d0db14b1352fe3aca13e2c"
    ),
    "schema/0013_epoch.sql": ("dad4c933f76cd302943041496d8116b3bc37e66ea9a1c603c877898ae738d593"),
    "schema/0014_last_ids.sql": (
        "e9347b7d12f6bf4f1e21b5492a2f548e23a3bd0cbf5537446ecbeee1434dc57f"
    ),
    "schema/0015_audit.sql": ("d331d6de727369351a626572e0c33eb6bedb7c6af09d2bfd69b3c0870d0a1666"),
    "schema/0016_people.sql": ("f18bc5592f3a4d6056fd80db6090f6d5e4ec0e6527a2a493dfb73e2e8f77eb3d"),
    "schema/0017_revisions.sql": (
        "8ee675cbd784760c9bb5d7ade2e9af62a7c8283d9786aa7f3bed8b9bdb76c81d"
    ),
    "schema/0018_search.sql": ("d3dd774acac3582b2377e78519dfb91cc3391a8b9502610853dd78bb344a46d2"),
    "schema/0020_notes.sql": ("98a3679936253fd05326d8280950c49a6177ea0801eecf68ba56f90c406666b9"),
    "schema/0022_forwards.sql": (
        "de70c661a142f5fef8842b152289ef25a4b3a44d3f1996a0a2bf4a730dfcd7c0"
    ),
    "schema/0023_parents.sql": ("b1583ad31c40427f0f783dd1628cbda4651c33e380aa4e8a06262866035db41a"),
    "schema/0019_threads.sql": ("d6308a851c1baae5d7ba0e146b9f69beed43a56d5b20d27a2144d99480adc151"),
    "schema/0021_mentions.sql": (
        "074e67734cbf93628a94337f40bea8d74dea2e13b4194f01c60344ba26ae7b14"
    ),
    "schema/0024_channel_keys.sql": (
        "b2c49b13db48d8aedb9db5d5cf6012029c3816f073df1f0fc1e0d53b71877b01"
    ),
    "schema/0025_joining.sql": ("0b8b9e159de2cda807f29771fd2bffba25c594b75f77b4e516f21baba84be329"),
    "schema/0026_nodes.sql": ("c6b702f2e31001acd73ed36dcf9bd0dae696a99471a59d1ce57653025e6a2932"),
    "schema/0027_attempts.sql": (
        "1dd175a3483f7e2db110339ab8fd20566384c1c77b5e4814cb43c458dc513e91"
    ),
    "schema/0028_proposed_emails.sql": (
        "b94c9beef4e1a4e5176bce98d75ea3994a9e719d02323f35a18e4e5b408f5927"
    ),
}


def names_of(schema: Schema) -> list[str]:
    return [file.name for file in (*schema.numbered, *schema.routines)]


def schema_of(*numbered: str, routine: str = "SELECT") -> Schema:
    files = [SqlFile(f"schema/{n:04}_x.sql", sql) for n, sql in enumerate(numbered, 1)]
    return Schema(files, [SqlFile("routines/x.sql", routine)])


def test_released_files_are_unchanged() -> None:
    assert {file.name: file.sha256 for file in load_schema().numbered} == RELEASED


def test_numbered_files_have_numbers_and_routines_have_names() -> None:
    schema = load_schema()
    numbers = [re.fullmatch(r"schema/(\d{4})_\w+\.sql", file.name) for file in schema.numbered]
    found = [int(match[1]) for match in numbers if match]
    assert len(found) == len(schema.numbered)
    assert found == sorted(set(found))
    assert schema.routines
    assert all(re.fullmatch(r"routines/[a-z]+\.sql", file.name) for file in schema.routines)


async def test_an_empty_database_gets_every_file_once(databases: Databases) -> None:
    async with databases.empty() as dsn:
        assert await migrate(dsn) == names_of(load_schema())
        assert await migrate(dsn) == []


async def test_two_hubs_that_start_together_migrate_once(databases: Databases) -> None:
    async with databases.empty() as dsn:
        applied: list[str] = []

        async def run() -> None:
            applied.extend(await migrate(dsn))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            nursery.start_soon(run)
        assert applied == names_of(load_schema())


async def test_if_a_file_fails_no_file_is_applied(databases: Databases) -> None:
    good, bad = "CREATE TABLE good ()", "CREATE TABLE half (); SELECT 1/0"
    async with databases.empty() as dsn:
        with pytest.raises(DatabaseRefused, match=r"schema/0002_x\.sql .* division by zero"):
            await migrate(dsn, schema_of(good, bad))
        assert await execute(dsn, "SELECT count(*) FROM pg_class WHERE relkind = 'r'"
                                  " AND relnamespace = 'public'::regnamespace") == 0  # fmt: skip
        mended = schema_of(good, "CREATE TABLE half ()")
        assert await migrate(dsn, mended) == names_of(mended)


async def test_only_the_files_that_a_new_version_adds_are_applied(databases: Databases) -> None:
    async with databases.empty() as dsn:
        await migrate(dsn, schema_of("CREATE TABLE one ()"))
        newer = schema_of("CREATE TABLE one ()", "CREATE TABLE two ()")
        assert await migrate(dsn, newer) == ["schema/0002_x.sql"]


async def test_channels_with_the_same_name_are_renamed(databases: Databases) -> None:
    async with databases.empty() as dsn:
        schema = load_schema()
        await migrate(dsn, evolve(schema, numbered=schema.numbered[:1], routines=[]))
        await execute(dsn, """
            WITH ann AS (INSERT INTO users (username, name, password_hash)
                         VALUES ('ann', 'Ann', '') RETURNING id),
                 school AS (INSERT INTO workspaces (name, owner_id)
                            SELECT unnest(ARRAY['one', 'two']), id FROM ann RETURNING id, name)
            INSERT INTO channels (kind, workspace_id, name)
            SELECT 'text', school.id, each.name
              FROM unnest(ARRAY['a', 'b', ' A', 'a', 'a (2)']) WITH ORDINALITY AS each (name, nr),
                   school
             WHERE school.name = 'one' OR each.nr = 1
             ORDER BY school.name, each.nr
        """)  # fmt: skip
        assert "schema/0002_channel_names.sql" in await migrate(dsn)
        names = await execute(dsn, "SELECT array_agg(name ORDER BY id) FROM channels")
        assert names == ["a", "b", " A (3)", "a (4)", "a (2)", "a"]


async def test_owners_that_were_removed_become_members_again(databases: Databases) -> None:
    async with databases.empty() as dsn:
        schema = load_schema()
        await migrate(dsn, evolve(schema, numbered=schema.numbered[:3], routines=[]))
        await execute(dsn, """
            WITH people AS (INSERT INTO users (username, name, password_hash)
                            VALUES ('ann', 'Ann', ''), ('ben', 'Ben', '') RETURNING id, username),
                 school AS (INSERT INTO workspaces (name, owner_id)
                            SELECT 'school', id FROM people WHERE username = 'ann' RETURNING id)
            INSERT INTO workspace_members (workspace_id, user_id)
            SELECT school.id, people.id FROM school, people WHERE username = 'ben'
        """)  # fmt: skip
        assert "schema/0004_roles.sql" in await migrate(dsn)
        standings = await execute(
            dsn, "SELECT array_agg(standing_in_workspace(id, 1) ORDER BY id) FROM users"
        )
        assert standings == ["owner", "member", None]  # the last is the assistant


async def test_replies_from_before_threads_are_put_into_threads(databases: Databases) -> None:
    async with databases.empty() as dsn:
        schema = load_schema()
        before = [each for each in schema.numbered if each.name < "schema/0019"]
        await migrate(dsn, evolve(schema, numbered=before, routines=[]))
        await execute(dsn, """
            INSERT INTO messages (channel_id, seq, author_id, content, parent_id, deleted_at)
            SELECT 1, nr, 1, 'text ' || nr, parent, CASE WHEN is_deleted THEN now() END
              FROM (VALUES (1, NULL, false), (2, 1, false), (3, 2, false), (4, 3, false),
                           (5, 1, true), (6, NULL, false), (7, 6, true), (8, NULL, false),
                           (9, 8, false), (10, NULL, true), (11, 10, false), (12, 5, false)
                   ) AS each (nr, parent, is_deleted) ORDER BY nr
        """)  # fmt: skip
        assert {"schema/0019_threads.sql", "schema/0023_parents.sql"} <= {*await migrate(dsn)}
        counts = "SELECT array_agg(ARRAY[root_id, replies, last_id] ORDER BY root_id) FROM threads"
        assert await execute(dsn, counts) == [[1, 4, 12], [8, 1, 9], [10, 1, 11]]
        roots = await execute(dsn, "SELECT array_agg(root_id ORDER BY id) FROM messages")
        assert roots == [None, 1, 1, 1, 1, None, 6, None, 8, None, 10, 1]
        # the original parent of 4 is not known any more: a repeat may name any of its thread
        repeat = "SELECT is_repeat(m, 'text 4', 'text', NULL, {}, NULL) FROM messages m WHERE id=4"
        found = [await execute(dsn, repeat.format(named)) for named in (3, 1, 999, 8, "NULL")]
        assert found == [True, True, True, False, False]
        await execute(dsn, """
            INSERT INTO messages (channel_id, seq, author_id, content, parent_id, root_id)
            VALUES (1, 13, 1, 're', 4, 1)
        """)  # fmt: skip
        assert await execute(dsn, counts) == [[1, 5, 13], [8, 1, 9], [10, 1, 11]]


async def test_a_routine_is_applied_again_when_its_file_has_changed(databases: Databases) -> None:
    function = "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT {}'"
    async with databases.empty() as dsn:
        for number in (1, 2, 1):  # the last one is a return to the version before
            schema = schema_of("CREATE TABLE one ()", routine=function.format(number))
            assert "routines/x.sql" in await migrate(dsn, schema)
            assert await migrate(dsn, schema) == []
            assert await execute(dsn, "SELECT one()") == number


async def test_a_numbered_file_that_has_changed_is_refused_by_name(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        schema = load_schema()
        first, *others = schema.numbered
        changed = evolve(first, sql=f"{first.sql} ")
        with pytest.raises(SchemaChanged, match=re.escape(first.name)):
            await migrate(dsn, evolve(schema, numbered=[changed, *others]))
        assert await migrate(dsn) == []


async def test_a_database_of_a_newer_parlour_is_refused(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        await execute(
            dsn, "INSERT INTO schema_migrations (name, sha256) VALUES ('schema/9999_x.sql', '')"
        )
        with pytest.raises(SchemaTooNew, match="9999_x"):
            await migrate(dsn)


@pytest.mark.parametrize(
    ("foreign", "reason"),
    [
        ("CREATE TABLE users (id int)", 'relation "users" already exists'),
        ("CREATE TYPE users AS ENUM ('a')", "users"),
        ("CREATE TABLE schema_migrations (version bigint, dirty bool)", "table schema_migrations"),
        ("CREATE TABLE schema_migrations (number int)", "table schema_migrations"),
    ],
)
async def test_a_database_of_another_application_is_refused_and_left_as_it_is(
    databases: Databases, foreign: str, reason: str
) -> None:
    async with databases.empty() as dsn:
        await execute(dsn, foreign)
        with pytest.raises(UnknownSchema, match=reason) as refused:
            await migrate(dsn)
        assert "\n" not in str(refused.value)
        assert "needs a database of its own" in str(refused.value)
        assert await execute(dsn, "SELECT to_regclass('channels') IS NULL")


async def test_the_error_names_the_holder_of_the_migration_lock(databases: Databases) -> None:
    async with databases.empty() as dsn:
        other = with_setting(dsn, "application_name", "slow+hub")
        async with open_transaction(other, f"SELECT pg_advisory_xact_lock({LOCK})") as pid:
            with pytest.raises(SchemaLocked) as locked:
                await migrate(dsn, lock_seconds=0.1)
            assert re.search(
                rf"within 0\.1 s\. The lock is held by pid {pid}"
                r" \(application slow hub, client .+, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)$",
                str(locked.value),
            )
        assert await migrate(dsn) == names_of(load_schema())


async def test_the_error_names_the_holder_of_a_table_lock(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        schema = load_schema()
        alter = SqlFile("schema/9999_x.sql", "ALTER TABLE users ADD COLUMN x text")
        newer = evolve(schema, numbered=[*schema.numbered, alter])
        async with open_transaction(dsn, "SELECT FROM users") as pid:
            with pytest.raises(SchemaLocked, match=f"held by pid {pid} "):
                await migrate(dsn, newer, lock_seconds=0.1)
        assert await migrate(dsn, newer) == [alter.name]


async def test_an_up_to_date_database_needs_no_right_to_change_it(databases: Databases) -> None:
    async with databases.migrated() as dsn:
        read_only = with_setting(dsn, "options", "-crole%3Dpg_read_all_data")
        assert await migrate(read_only) == []


async def test_the_error_of_a_missing_or_read_only_database_is_one_line(
    databases: Databases,
) -> None:
    async with databases.empty() as dsn:
        read_only = with_setting(dsn, "options", "-crole%3Dpg_read_all_data")
        with pytest.raises(DatabaseRefused, match=r"permission denied[^\n]*$"):
            await migrate(read_only)
        with pytest.raises(DatabaseRefused, match=r'database "none" does not exist$'):
            await migrate(with_database(dsn, "none"))


async def test_an_absent_server_is_unavailable(databases: Databases) -> None:
    async with databases.migrated():
        with pytest.raises(StoreUnavailable):
            await migrate("postgresql://nobody@127.0.0.1:1/none")
