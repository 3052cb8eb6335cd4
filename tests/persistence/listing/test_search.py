"""Searching messages, on both stores: what a user finds, and in which order."""

from datetime import timedelta

import pytest

from persistence.interface import Store
from persistence.records import Draft
from persistence.search import FIRST, Ranking, Wanted
from protocol.model import MessageFate, MessageKind
from protocol.revisions import Delete
from protocol.searching.query import parse_query
from tests.support.finding import contents, have_found, marked, pages, search
from tests.support.stores.records import (
    changed,
    make_channel,
    make_upload,
    make_user,
    make_users,
    post_one,
    say,
    to_channel,
)

TEXT = "Grüße aus Köln, the_quick parse(arr[1]) 我喜欢学习python"


@pytest.mark.parametrize(
    ("query", "marks"),
    [
        ("grüße", ["Grüße"]),
        ("GRÜSSE", None),
        ("KÖLN the", ["Köln", "the"]),
        ("the quick", ["the", "quick"]),
        ("quic*", ["quick"]),
        ("quic", None),
        ('"the quick"', ["the_quick"]),
        ('"quick the"', None),
        ('"köln the"', ["Köln, the"]),
        ("arr[1]", ["arr[1"]),
        ("parse(arr", ["parse(arr"]),
        ("学习", ["学习"]),
        ("喜欢学", ["喜欢学"]),
        ("习", ["习"]),
        ("我", ["我"]),
        ("习我", None),
        ("学习python", ["学习python"]),
        ("python", ["python"]),
        ("köln nothing", None),
    ],
)
async def test_words_are_found_as_they_are_written(
    store: Store, query: str, marks: list[str] | None
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, TEXT))
    await have_found(store)
    page = await search(store, ben, query)
    assert [marked(each) for each in page.found] == ([] if marks is None else [marks])


@pytest.mark.parametrize(
    ("content", "query", "mark"),
    [
        ("in İstanbul", "İstanbul", "İstanbul"),
        ("in İstanbul", "istanbul", "İstanbul"),
        ("IN ISTANBUL", "istanbul", "ISTANBUL"),
        ("\u0131s\u0131 ile", "\u0131s\u0131", "\u0131s\u0131"),
        ("ΤΗΣ ΟΔΟΥΣ", "οδους", "ΟΔΟΥΣ"),
        ("της οδους", "ΟΔΟΥΣ", "οδους"),
        ("\u1fd3 x", "\u0390", "\u1fd3"),
        ("\u03aa\u0301 x", "\u03aa\u0301", "\u03aa\u0301"),
        ("J\u030can x", "ǰan", "J\u030can"),
        ("Straße", "straße", "Straße"),
        ("ŉ x", "ŉ", "ŉ"),
        ("5\N{KELVIN SIGN}", "5k", "5\N{KELVIN SIGN}"),
        ("\uff26\uff35\uff2c\uff2c width", "full", "\uff26\uff35\uff2c\uff2c"),
        ("\u202ahay\u202c", "hay", "hay"),
        ("\u2066hay\u2069 \ufeffx", "hay", "hay"),
        ("hay\u00adfield", "hayfield", "hay\u00adfield"),
        ("hayfield", "hay\u200bfield", "hayfield"),
        ("می\u200cخو\u0627\u0647م", "میخو\u0627\u0647م", "می\u200cخو\u0627\u0647م"),
        ("add 3½ l", "3½", "3½"),
        ("1.2.3.4 and 1 2", "½", None),
        ("\U00020bb7野家", "\U00020bb7", "\U00020bb7"),
        ("ไปกรุงเทพกัน", "กรุงเทพ", "กรุงเทพ"),
        ("ຂ້ອຍມັກລາວ", "ລາວ", "ລາວ"),
        ("ខ្ញុំស្រលាញ់ភាសាខ្មែរ", "ភាសា", "ភាសា"),
        ("မြန်မာစာကိုဖတ်", "စာကို", "စာကို"),
        ("대한민국은 큰", "민국", "민국"),
        ("대한민국은 큰", "국큰", None),
    ],
)
async def test_a_message_is_found_by_the_text_that_it_shows(
    store: Store, content: str, query: str, mark: str | None
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, content))
    await have_found(store)
    page = await search(store, ben, query)
    assert [marked(each) for each in page.found] == ([] if mark is None else [[mark]])


async def test_users_find_the_messages_of_channels_that_they_may_read(store: Store) -> None:
    ann, ben, eve, ida = await make_users(store, "ann", "ben", "eve", "ida")
    channel = await make_channel(store, ann, ben)
    await post_one(store, Draft(ann.id, eve.id, "hay in private"))
    await say(store, ann, channel, "hay in a channel")
    await have_found(store)
    found = {
        user.username: contents((await search(store, user, "hay")).found)
        for user in (ann, ben, eve, ida)
    }
    assert found == {
        "ann": ["hay in a channel", "hay in private"],
        "ben": ["hay in a channel"],
        "eve": ["hay in private"],
        "ida": [],
    }


async def test_a_user_who_loses_a_right_finds_those_messages_no_more(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben, eve)
    await say(store, ann, channel, "hay")
    await post_one(store, Draft(ann.id, ben.id, "hay for ben"))
    await have_found(store)
    assert channel.workspace_id is not None
    await store.workspaces.remove_member(channel.workspace_id, eve.id, by=ann.id)
    assert contents((await search(store, eve, "hay")).found) == []
    await store.relations.block(ann.id, ben.id)  # the user who blocks may still read
    assert contents((await search(store, ben, "hay")).found) == ["hay"]
    assert contents((await search(store, ann, "hay")).found) == ["hay for ben", "hay"]
    await store.relations.unblock(ann.id, ben.id)
    assert contents((await search(store, ben, "hay")).found) == ["hay for ben", "hay"]


@pytest.mark.partitions
async def test_deleted_messages_are_not_found(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    first = await post_one(store, Draft(ann.id, ben.id, "hay one"))
    await post_one(store, Draft(ann.id, ben.id, "hay two"))
    await post_one(store, Draft(ben.id, eve.id, "hay of ben's"))
    await have_found(store)
    await changed(store, first.id, Delete(), by=ann.id)
    assert contents((await search(store, ben, "hay")).found) == ["hay of ben's", "hay two"]
    hers = await store.search.messages(ben.id, Wanted(authors=[ann.id]))
    assert contents(hers.found) == ["hay two"]
    await store.accounts.delete(ann.id, MessageFate.REMOVE)
    assert contents((await search(store, ben, "hay")).found) == ["hay of ben's"]
    unseen = await post_one(store, Draft(ben.id, eve.id, "hay, soon gone"))
    await changed(store, unseen.id, Delete(), by=ben.id)
    await have_found(store)
    assert contents((await search(store, eve, "hay")).found) == ["hay of ben's"]


@pytest.mark.partitions
async def test_a_search_can_be_filtered(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    url = await make_upload(store, ann)
    channel = await make_channel(store, ann, ben)
    one = await post_one(store, Draft(ann.id, ben.id, "hay", None, MessageKind.FILE, url))
    two = await post_one(store, Draft(ben.id, ann.id, "hay HTTPS://example.org/x"))
    three = await post_one(store, Draft(ann.id, eve.id, "hay"))
    (four,) = await say(store, ben, channel, "hay")
    await have_found(store)

    async def found(wanted: Wanted) -> list[int]:
        page = await store.search.messages(ann.id, wanted)
        return [each.message.id for each in page.found]

    hay = parse_query("hay").phrases
    assert await found(Wanted(hay, authors=[ben.id])) == [four.id, two.id]
    assert await found(Wanted(hay, authors=[ben.id], only_private=True)) == [two.id]
    assert await found(Wanted(hay, channels=[one.channel_id])) == [two.id, one.id]
    assert await found(Wanted(hay, channels=[three.channel_id, channel.id])) == [four.id, three.id]
    assert await found(Wanted(hay, has_file=True)) == [one.id]
    assert await found(Wanted(has_link=True)) == [two.id]
    moment = timedelta(milliseconds=1)
    late, early = four.created_at + moment, one.created_at - moment
    assert await found(Wanted(hay, since=early, until=late)) == [four.id, three.id, two.id, one.id]
    assert await found(Wanted(hay, since=late)) == []
    assert await found(Wanted(hay, until=early)) == []
    since = [each.id for each in (four, three, two, one) if each.created_at >= two.created_at]
    assert await found(Wanted(since=two.created_at)) == since


@pytest.mark.parametrize("ranking", list(Ranking))
async def test_every_message_is_on_exactly_one_page(store: Store, ranking: Ranking) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    hidden = await make_user(store, "hidden")
    texts = [f"hay {n} {'hay ' * (n % 3)}" for n in range(11)]
    for text in texts:
        await post_one(store, Draft(ann.id, ben.id, text))
        await post_one(store, Draft(eve.id, ben.id, text))
        await post_one(store, Draft(hidden.id, ben.id, text))
    await store.relations.block(hidden.id, ben.id)
    await have_found(store)
    for limit in (1, 2, 3, 7, 100):
        found = await pages(store, ben, "hay", ranking, limit)
        ids = [each.message.id for each in found]
        assert len(ids) == len(set(ids)) == 22
        if ranking is Ranking.NEWEST:
            assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize("ranking", list(Ranking))
async def test_new_and_deleted_messages_do_not_shift_the_next_page(
    store: Store, ranking: Ranking
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    texts = [f"hay straw {number}" for number in range(6)]
    messages = [await post_one(store, Draft(ann.id, ben.id, text)) for text in texts]
    await have_found(store)
    phrases = parse_query("hay straw").phrases
    wanted = Wanted(phrases, ranking=ranking, limit=2)
    first = await store.search.messages(ben.id, wanted)
    assert first.more is not None
    for newer in ("hay straw hay straw", "hay, and far behind it there is straw"):
        await post_one(store, Draft(ann.id, ben.id, newer))
    await changed(store, first.found[-1].message.id, Delete(), by=ann.id)
    await have_found(store)
    rest = Wanted(phrases, ranking=ranking, after=first.more, limit=20)
    second = await store.search.messages(ben.id, rest)
    assert second.more is None
    seen = [each.message.id for each in (*first.found, *second.found)]
    assert seen == [each.id for each in reversed(messages)]


@pytest.mark.partitions
async def test_the_best_matches_come_first_with_that_ranking(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    for text in ("hay and hay and hay", "hay", "a word and then hay"):
        await post_one(store, Draft(ann.id, ben.id, text))
    await have_found(store)
    newest = await search(store, ben, "hay")
    best = await search(store, ben, "hay", Ranking.BEST)
    assert contents(newest.found)[-1] == "hay and hay and hay" == contents(best.found)[0]


async def test_a_page_after_the_last_one_is_empty(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ann.id, ben.id, "hay"))
    await have_found(store)
    phrases = parse_query("hay").phrases
    for ranking in Ranking:
        for after in ((0, 0, 0), (1, 0, 0), (0, *FIRST[1:])):
            wanted = Wanted(phrases, ranking=ranking, after=after)
            page = await store.search.messages(ben.id, wanted)
            assert (page.found, page.more) == ([], None)


async def test_a_search_goes_on_if_the_first_query_returns_nothing_visible(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    await post_one(store, Draft(ann.id, ben.id, "hay of old"))
    for _ in range(8):  # so many that the policy removes everything that the first query returns
        await store.messages.post([Draft(eve.id, ben.id, "hay that ben may not see")] * 10)
    await store.messages.post([to_channel(ann, channel, "straw")] * 10)
    await store.relations.block(eve.id, ben.id)
    await have_found(store)
    assert contents(await pages(store, ben, "hay", Ranking.NEWEST, 1)) == ["hay of old"]
