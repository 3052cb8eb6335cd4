"""Search in Postgres only: forms of words, edits, transactions that have not ended."""

import pytest

from persistence.interface import Store
from persistence.postgres import open_postgres_store
from persistence.records import Draft
from persistence.search import Wanted
from protocol.model import User
from protocol.revisions import Delete
from protocol.searching.query import parse_query
from protocol.searching.words import words_in
from tests.support.finding import contents, have_found, marked, search
from tests.support.stores.databases import Databases, execute, open_transaction
from tests.support.stores.records import changed, make_users, post_one

EDIT = "UPDATE messages SET content = $2 WHERE id = $1"


async def in_language(store: Store, user: User, asked: str, language: str) -> list[list[str]]:
    wanted = Wanted(parse_query(asked).phrases, language=language)
    page = await store.search.messages(user.id, wanted)
    return [marked(each) for each in page.found]


async def test_other_forms_of_a_word_are_found_and_marked(databases: Databases) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        await post_one(store, Draft(ann.id, ben.id, "Running, he ran. Die Häuser"))
        await have_found(store, "english", "german")
        assert await in_language(store, ben, "run", "english") == [["Running"]]
        assert await in_language(store, ben, "haus", "german") == [["Häuser"]]
        assert await in_language(store, ben, "run", "simple") == []
        assert await in_language(store, ben, '"run"', "english") == []
        assert await in_language(store, ben, "the", "english") == []
        assert await in_language(store, ben, "he", "english") == [["he"]]  # a stop word


async def test_a_new_search_language_applies_to_old_messages_as_well(databases: Databases) -> None:
    async with databases.store() as store:
        ann, ben = await make_users(store, "ann", "ben")
        await post_one(store, Draft(ann.id, ben.id, "Häuser"))
        await have_found(store, "english")
        assert await in_language(store, ben, "haus", "german") == []
        await have_found(store, "german")
        assert await in_language(store, ben, "haus", "german") == [["Häuser"]]


async def test_an_edited_message_is_found_by_its_current_text(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_postgres_store(dsn, pool_size=2, lanes=1) as store:
        ann, ben = await make_users(store, "ann", "ben")
        early = await post_one(store, Draft(ann.id, ben.id, "hay"))
        await have_found(store)
        late = await post_one(store, Draft(ann.id, ben.id, "straw"))
        for message in (early, late):
            await execute(dsn, EDIT, message.id, f"corn {message.id}")
        await have_found(store)
        assert contents((await search(store, ben, "hay")).found) == []
        assert contents((await search(store, ben, "straw")).found) == []
        found = contents((await search(store, ben, "corn")).found)
        assert found == [f"corn {late.id}", f"corn {early.id}"]


async def test_a_deleted_message_leaves_no_search_document(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_postgres_store(dsn, pool_size=2, lanes=1) as store:
        ann, ben = await make_users(store, "ann", "ben")
        message = await post_one(store, Draft(ann.id, ben.id, "hay"))
        await have_found(store)
        await changed(store, message.id, Delete(), by=ann.id)
        assert await execute(dsn, "SELECT count(*) FROM search_documents") == 0


async def test_a_message_that_is_committed_late_is_found(databases: Databases) -> None:
    async with databases.migrated() as dsn, open_postgres_store(dsn, pool_size=2, lanes=1) as store:
        ann, ben = await make_users(store, "ann", "ben")
        first = await post_one(store, Draft(ann.id, ben.id, "hay one"))
        await have_found(store)
        insert = f"""
            INSERT INTO messages (channel_id, seq, author_id, content)
            SELECT id, 2, {ann.id}, 'hay late' FROM channels
        """
        async with open_transaction(dsn, insert, commit=True):
            assert await store.search.index(["english"], limit=10) == 0
            assert contents((await search(store, ben, "hay")).found) == ["hay one"]
        await have_found(store)
        assert contents((await search(store, ben, "hay")).found) == ["hay late", first.content]


@pytest.mark.parametrize(
    "content",
    [
        "我喜欢学习python写code", "東京タワー x", "a_b fooBar(x[1])", "ÄPFEL ﬁne", "𠀀𠀁",
        "İstanbul ISTANBUL \u0131s\u0131", "ΟΔΟΣ οδος", "\u03aa\u0301 J\u030c ŉ ß \N{KELVIN SIGN}",
        "\u202ahay\u202c hay\u00adfield\ufeff", "3½ ⅓", "it\u00b4s", "ไทย", "한국어", "ລາວ",
    ],
)  # fmt: skip
async def test_postgres_sees_the_words_that_python_sees(databases: Databases, content: str) -> None:
    words = [word.text for word in words_in(content)]
    statement = "SELECT tsvector_to_array(to_tsvector('simple', spaced_words($1)))"
    async with databases.migrated() as dsn:
        assert await execute(dsn, statement, content) == sorted(set(words), key=str.encode)


async def test_a_search_uses_its_index_whatever_its_session_prefers(databases: Databases) -> None:
    settings = "SELECT proconfig FROM pg_proc WHERE proname = 'search_messages'"
    async with databases.migrated() as dsn:
        assert await execute(dsn, settings) == ["enable_bitmapscan=on", "enable_seqscan=off"]


async def test_the_index_is_not_used_for_a_prefix_of_many_words(databases: Databases) -> None:
    asked = """
        SELECT looked_up::text
          FROM words_wanted(ARRAY['straw', $1], ARRAY[false, true], ARRAY[true, true], 'simple')
    """
    async with databases.migrated() as dsn, open_postgres_store(dsn, pool_size=2, lanes=1) as store:
        ann, ben = await make_users(store, "ann", "ben")
        for number in range(20):
            await post_one(store, Draft(ann.id, ben.id, f"hay{number} straw"))
        for content in ("corn straw", "hay", "big hay0"):
            await post_one(store, Draft(ann.id, ben.id, content))
        await have_found(store)
        assert await execute(dsn, asked, "hay") == "'straw':D"
        assert await execute(dsn, asked, "big hay") == "'straw':D & 'big':D"
        assert await execute(dsn, asked, "cor") == "'straw':D & 'cor':*D"
        assert len((await search(store, ben, "hay*", limit=50)).found) == 22
        assert len((await search(store, ben, "hay* straw", limit=50)).found) == 20
        assert contents((await search(store, ben, "hay1* straw", limit=2)).found) == [
            "hay19 straw",
            "hay18 straw",
        ]
        assert contents((await search(store, ben, "big.hay*")).found) == ["big hay0"]
        assert contents((await search(store, ben, "corn* straw")).found) == ["corn straw"]
