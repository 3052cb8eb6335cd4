"""What becomes of a batch when its caller, or the database, gives up in the middle."""

from collections.abc import Sequence

import pytest
import trio
from attrs import evolve

from persistence.postgres import open_postgres_store
from persistence.records import Draft, Locked, Outcome, StoreUnavailable
from protocol.model import Posted, Refusal, UserId
from tests.support.stores.databases import (
    Databases,
    execute,
    open_store,
    open_transaction,
    run_script,
)
from tests.support.stores.records import (
    make_channel,
    make_upload,
    make_users,
    post_one,
    to_channel,
)

REFUSES_STRANGERS = """
    CREATE FUNCTION no_strangers() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NOT EXISTS (SELECT FROM users WHERE id = NEW.author_id) THEN
            RAISE 'nobody' USING ERRCODE = '42501';
        END IF;
        RETURN NEW;
    END $$
"""
TRIGGER = """
    CREATE TRIGGER no_strangers BEFORE INSERT ON messages
        FOR EACH ROW EXECUTE FUNCTION no_strangers()
"""
SLEEPS = """
    CREATE FUNCTION sleep_on_demand() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.content = 'sleep' THEN PERFORM pg_sleep(300); END IF; RETURN NEW; END $$;
    CREATE TRIGGER sleep_on_demand BEFORE INSERT ON messages
        FOR EACH ROW EXECUTE FUNCTION sleep_on_demand();
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def test_the_repeat_of_a_cancelled_post_is_stored_exactly_once(
    databases: Databases,
) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        cancelled = 0
        for n in range(40):
            draft = Draft(ann.id, ben.id, str(n), f"k{n}")
            with trio.move_on_after(n * 0.000_05) as scope:
                await store.messages.post([draft])
            cancelled += scope.cancelled_caught
            (outcome,) = await store.messages.post([draft])
            assert isinstance(outcome, Posted)
            assert outcome.message.seq == n + 1
        assert cancelled


async def test_a_row_that_the_database_refuses_does_not_affect_others(
    databases: Databases,
) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        contents = ["1", "nul \x00", "2", "lone \ud800", "3"]
        outcomes = await store.messages.post([Draft(ann.id, ben.id, c) for c in contents])
        assert [outcomes[1], outcomes[3]] == [Refusal.UNSTORABLE] * 2
        log = await store.messages.conversation_after(ann.id, ben.id, after_seq=0, limit=10)
        assert [(message.seq, message.content) for message in log] == [(1, "1"), (2, "2"), (3, "3")]


async def test_a_deleted_assistant_cannot_post(databases: Databases) -> None:
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        (ann,) = await make_users(store, "ann")
        channel = (await make_channel(store, ann)).id
        await execute(dsn, "DELETE FROM users WHERE id = 999")
        (outcome,) = await store.messages.post(
            [Draft(UserId(999), None, "hello", channel_id=channel)]
        )
        assert outcome is Refusal.NOT_A_MEMBER


async def test_a_first_message_that_is_refused_leaves_no_conversation(
    databases: Databases,
) -> None:
    """Not even an empty one, which no list would show."""
    async with (
        databases.migrated() as dsn,
        open_postgres_store(dsn, pool_size=1, lanes=1) as store,
    ):
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        seen = await post_one(store, Draft(ann.id, eve.id, "seen"))
        secret = await post_one(store, to_channel(ann, await make_channel(store, ann)))
        first = Draft(eve.id, ben.id, "first")
        refused = {
            Refusal.FILE_NOT_FOUND: evolve(first, file_url=await make_upload(store, ann)),
            Refusal.PARENT_NOT_FOUND: evolve(first, parent_id=seen.id),
            Refusal.ORIGINAL_NOT_FOUND: evolve(first, forwards=secret.id),
            Refusal.CANNOT_MESSAGE_SELF: evolve(first, recipient_id=eve.id),
            Refusal.RECIPIENT_NOT_FOUND: evolve(first, recipient_id=UserId(987_654_321)),
        }
        assert await store.messages.post(list(refused.values())) == list(refused)
        assert await execute(dsn, "SELECT count(*) FROM channels WHERE kind = 'dm'") == 1
        forwarding = evolve(first, forwards=seen.id)
        assert isinstance((await store.messages.post([forwarding]))[0], Posted)


async def test_settling_an_author_waits_until_their_running_batch_is_committed(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn, lanes=2) as store:
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        sql = (
            f"SELECT * FROM post_messages(ARRAY[{ann.id}], ARRAY[{ben.id}], NULL,"
            " '{1}', '{hi}', NULL, '{text}', NULL, '{false}', NULL, NULL, NULL, NULL)"
        )
        settled = trio.Event()

        async def settle() -> None:
            await store.messages.settle({ann.id})
            settled.set()

        async with trio.open_nursery() as nursery:
            async with open_transaction(dsn, sql, commit=True):
                nursery.start_soon(settle)
                while not await execute(dsn, WAITING):
                    pass
                assert not settled.is_set()
                await store.messages.settle({eve.id})
            await settled.wait()
        log = await store.messages.conversation_after(ann.id, ben.id, after_seq=0, limit=10)
        assert [message.content for message in log] == ["hi"]


async def test_the_server_gives_up_a_send_that_takes_too_long(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben = await make_users(store, "ann", "ben")
        await run_script(dsn, SLEEPS)
        with pytest.raises(StoreUnavailable, match="57014"):
            await store.messages.post([Draft(ann.id, ben.id, "sleep")])
        (outcome,) = await store.messages.post([Draft(ann.id, ben.id, "3")])
        assert isinstance(outcome, Posted)
        assert outcome.message.seq == 1


async def test_a_probe_checks_whether_messages_can_be_stored_and_stores_none(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn, lanes=2) as store:
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.post([Draft(ann.id, ben.id, "1")])
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(store.messages.probe)
        for mode in ("SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE"):
            async with open_transaction(dsn, f"LOCK TABLE messages IN {mode} MODE"):
                with pytest.raises(StoreUnavailable):
                    await store.messages.probe()
        await store.messages.probe()
        assert await execute(dsn, "SELECT count(*) FROM messages") == 1


async def test_a_deployment_that_refuses_a_probe_still_stores_messages(
    databases: Databases,
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        for statement in (REFUSES_STRANGERS, TRIGGER):
            await execute(dsn, statement)
        ann, ben = await make_users(store, "ann", "ben")
        await store.messages.probe()
        (outcome,) = await store.messages.post([Draft(ann.id, ben.id, "1")])
        assert isinstance(outcome, Posted)


def contents_of(outcomes: Sequence[Outcome | Locked]) -> list[str | None]:
    """The contents of posted messages; None for a locked one."""
    assert not any(isinstance(each, Refusal) for each in outcomes)
    return [each.message.content if isinstance(each, Posted) else None for each in outcomes]


@pytest.mark.parametrize(
    ("held", "stored"),
    [
        # the conversation of ann and ben, for both authors and both ways to address it
        ("SELECT FROM channels WHERE id = {both} FOR UPDATE", "_ 2 3 _ 5 _"),
        # the messages of ann, and those that follow them in the same conversations
        ("SELECT FROM users WHERE id = {ann} FOR UPDATE", "_ _ 3 _ _ _"),
        # which conversation is locked cannot be known
        ("LOCK TABLE messages", "_ _ _ _ _ _"),
    ],
)
async def test_a_lock_of_another_transaction_holds_up_only_its_conversations(
    databases: Databases, held: str, stored: str
) -> None:
    async with databases.migrated() as dsn, open_store(dsn) as store:
        ann, ben, eve = await make_users(store, "ann", "ben", "eve")
        await store.messages.post([Draft(ann.id, ben.id, "before", "k")])
        both = (await store.channels.dm(ann.id, ben.id)).id
        drafts = [
            Draft(ann.id, ben.id, "1"),
            Draft(ann.id, eve.id, "2"),
            Draft(ben.id, eve.id, "3"),
            Draft(ben.id, ann.id, "4", "twice"),
            Draft(eve.id, ann.id, "5"),
            Draft(ben.id, None, "6", channel_id=both),
            Draft(ben.id, ann.id, "4", "twice"),
        ]
        expected = [None if each == "_" else each for each in stored.split()]
        async with open_transaction(dsn, held.format(both=both, ann=ann.id), commit=True):
            first = contents_of(await store.messages.post(drafts))
            assert first == [*expected, expected[3]]
            waiting = [draft for draft, each in zip(drafts, first, strict=True) if each is None]
            if held.startswith("SELECT"):
                again = await store.messages.post_again(waiting)
                assert contents_of(again) == [None] * len(waiting)
        again = await store.messages.post_again(waiting)
        assert contents_of(again) == [draft.content for draft in waiting]
        log = await store.messages.conversation_after(ann.id, ben.id, after_seq=0, limit=10)
        assert [message.content for message in log] == ["before", "1", "4", "6"]
        assert [message.seq for message in log] == [1, 2, 3, 4]
