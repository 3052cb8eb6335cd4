"""Lists that are read in pages: an entry that exists all the time is shown exactly once, whatever
is added and removed meanwhile, and a page that cannot exist is an error.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import pytest
from attrs import define, field, frozen

from persistence.records import NewChannel
from protocol.dialects.messenger.conversations import conversation_id
from protocol.model import FollowStatus, MessageId
from protocol.revisions import Delete
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.http import Reply
from tests.support.posting import say
from tests.support.school import School, open_school
from tests.support.stores.records import changed
from tests.support.tokens import ask as ask_with_token
from tests.support.world import World

LIMIT: int = 3
Ask: TypeAlias = Callable[[str], Awaitable[Reply]]


@define
class Entries:
    """The entries of a list, by names; `there`: those that exist all the time."""

    add: Callable[[str], Awaitable[Any]]
    remove: Callable[[Any], Awaitable[Any]]
    there: dict[str, Any] = field(factory=dict)

    async def begin(self, count: int) -> None:
        for number in range(count):
            self.there[f"first{number}"] = await self.add(f"first{number}")

    async def change(self, chance: random.Random) -> None:
        """Add some entries, and remove some."""
        for _ in range(chance.randrange(3)):
            await self.add(f"later{chance.getrandbits(60)}")
        for name in chance.sample(sorted(self.there), min(len(self.there), chance.randrange(3))):
            await self.remove(self.there.pop(name))


@frozen
class Listed:
    """A list: the path of its first page, and what a page shows."""

    ask: Ask
    path: str
    shown: Callable[[Any], Sequence[str]]
    entries: Entries
    size: int = LIMIT


async def pages(listed: Listed, meanwhile: Callable[[], Awaitable[None]]) -> list[str]:
    """The entries of all pages, following `Link` from each page to the next."""
    found: list[str] = []
    path = listed.path
    while True:
        reply = await listed.ask(path)
        assert reply.status == 200, reply.text
        page = listed.shown(reply.json)
        found += page
        if "link" not in reply.headers:
            assert len(page) < listed.size
            return found
        assert len(page) == listed.size
        target, _, relation = reply.headers["link"].partition("; ")
        assert relation == 'rel="next"'
        path = listed.path.partition("?")[0] + target.strip("<>")
        await meanwhile()


def contents(page: Any) -> list[str]:
    return [message["content"] for message in page]


async def deleted(school: School, message_id: MessageId) -> None:
    await changed(school.world.store, message_id, Delete(), by=school.ann.id)


def private_messages(school: School) -> Entries:
    async def add(content: str) -> Any:
        body = {"content": content}
        return (await school.ann.call("POST", f"/api/messages/{school.ben.id}", body)).json["id"]

    return Entries(add, partial(deleted, school))


def channel_messages(school: School) -> Entries:
    async def add(content: str) -> Any:
        body = {"channelId": school.general.id, "content": content}
        return (await school.ann.ask("POST", "/api/messages", body)).json["id"]

    return Entries(add, partial(deleted, school))


def followers(school: School) -> Entries:
    relations = school.world.store.relations

    async def add(name: str) -> Any:
        person = await school.world.person(name)
        assert await relations.request_follow(person.id, school.ann.id) is FollowStatus.ACCEPTED
        return person.id

    return Entries(add, lambda user_id: relations.remove_follow(user_id, school.ann.id))


def channels(school: School) -> Entries:
    store = school.world.store

    async def add(name: str) -> Any:
        return await store.channels.create(NewChannel(school.workspace.id, name), by=school.tea.id)

    async def remain(_: object) -> None:
        """Channels are not removed."""

    return Entries(add, remain)


def conversations(school: School, *, is_listed_by_id: bool = False) -> Entries:
    """Those of ann. A conversation that is listed by its id needs no message."""
    store = school.world.store

    async def add(name: str) -> Any:
        person = await school.world.person(name)
        if is_listed_by_id:
            await store.channels.dm(school.ann.id, person.id)
        else:
            await say(person, school.ann, "hi")
        return person.id

    return Entries(add, lambda user_id: store.relations.block(user_id, school.ann.id))


def listed_of(kind: str, school: School) -> Listed:
    ann, ben, general = school.ann, school.ben, school.general.id

    async def call(path: str) -> Reply:
        return await ann.call("GET", path)

    async def ask(path: str) -> Reply:
        return await ann.ask("GET", path)

    async def with_token(path: str) -> Reply:
        return await ask_with_token(ann, "GET", path)

    private, public = private_messages(school), channel_messages(school)
    history = f"/api/messagepal/conversations/{conversation_id(ann.id, ben.id)}/history"
    uuid = to_uuid(IdKind.CHANNEL, general)
    made: dict[str, Callable[[], Listed]] = {
        "private": lambda: Listed(
            call, f"/api/messages/{ben.id}?mark_read=false&limit={LIMIT}", contents, private
        ),
        "private, forward": lambda: Listed(
            call, f"/api/messages/{ben.id}?after_seq=0&limit={LIMIT}", contents, private
        ),
        "platform": lambda: Listed(
            ask, f"/api/channels/{general}/messages?limit={LIMIT}", contents, public
        ),
        "platform, forward": lambda: Listed(
            ask, f"/api/messages/{general}?limit={LIMIT}&after_seq=0", contents, public
        ),
        "messenger": lambda: Listed(
            ask, f"{history}?userId={ann.id}&limit={LIMIT}", contents, private
        ),
        "messenger, forward": lambda: Listed(
            ask, f"{history}?userId={ann.id}&limit={LIMIT}&after_seq=0", contents, private
        ),
        "Socket.IO": lambda: Listed(
            with_token,
            f"/api/messages/channel/{uuid}?",
            lambda page: contents(page["messages"]),
            public,
            size=50,
        ),
        "followers": lambda: Listed(
            call,
            f"/api/users/followers?limit={LIMIT}",
            lambda page: [user["username"] for user in page],
            followers(school),
        ),
        "channels by name": lambda: Listed(
            with_token,
            f"/api/channels?limit={LIMIT}&sortBy=name&sortOrder=desc",
            lambda page: [each["name"] for each in page],
            channels(school),
        ),
        "conversations": lambda: Listed(
            call,
            f"/api/messages/conversations?limit={LIMIT}",
            lambda page: [each["user"]["username"] for each in page],
            conversations(school),
        ),
        "requests": lambda: Listed(
            call,
            f"/api/messages/requests?limit={LIMIT}",
            lambda page: [each["user"]["username"] for each in page],
            conversations(school),
        ),
        "messenger's conversations": lambda: Listed(
            ask,
            f"/api/messagepal/conversations/{ann.id}?limit={LIMIT}",
            lambda page: [_peer(each["participants"], ann.id).lower() for each in page],
            conversations(school),
        ),
        "dms": lambda: Listed(
            ask,
            f"/api/users/me/dms?limit={LIMIT}",
            lambda page: [each["partner"]["username"] for each in page],
            conversations(school, is_listed_by_id=True),
        ),
        "the platform's conversations": lambda: Listed(
            ask,
            f"/api/chat/conversations?limit={LIMIT}",
            lambda page: [each["name"] for each in page],
            channels(school),
        ),
        "the platform's channels": lambda: Listed(
            ask,
            f"/api/users/me/channels?limit={LIMIT}",
            lambda page: [each["name"] for each in page],
            channels(school),
        ),
        "people": lambda: Listed(
            call,
            f"/api/users/all?limit={LIMIT}",
            lambda page: [user["username"] for user in page],
            followers(school),
        ),
    }
    return made[kind]()


def _peer(people: Any, me: int) -> str:
    (name,) = [each["name"] for each in people if each["id"] != me]
    return str(name)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("private", 12),
        ("private, forward", 12),
        ("platform", 12),
        ("platform, forward", 12),
        ("messenger", 12),
        ("messenger, forward", 12),
        ("Socket.IO", 120),
        ("followers", 12),
        ("channels by name", 12),
        ("conversations", 12),
        ("requests", 12),
        ("messenger's conversations", 12),
        ("dms", 12),
        ("the platform's conversations", 12),
        ("the platform's channels", 12),
        ("people", 12),
    ],
)
async def test_an_entry_that_exists_all_the_time_is_shown_exactly_once(
    world: World, kind: str, count: int, seed: int
) -> None:
    chance = random.Random(f"{kind} {seed}")
    listed = listed_of(kind, await open_school(world))
    await listed.entries.begin(count)
    shown = await pages(listed, lambda: listed.entries.change(chance))
    assert len(shown) == len(set(shown))
    assert set(listed.entries.there) <= set(shown)


WRONG = ("abc", "-1", "1.5", str(2**53 + 1), "undefined")


async def test_a_page_that_cannot_exist_is_an_error(timed_world: World) -> None:
    school = await open_school(timed_world)
    ann, ben = school.ann, school.ben
    await say(ann, ben, "hi")

    async def refused(asked: Callable[..., Awaitable[Reply]], path: str, query: str) -> None:
        reply = await asked("GET", f"{path}{query}")
        assert (reply.status, reply.json["code"]) == (400, "invalid_field"), (path, query)

    async def with_token(method: str, path: str) -> Reply:
        return await ask_with_token(ann, method, path)

    history = f"/api/messagepal/conversations/{conversation_id(ann.id, ben.id)}/history"
    uuid = to_uuid(IdKind.CHANNEL, school.general.id)
    numbers = {
        (ann.call, f"/api/messages/{ben.id}"): ("page", "limit", "before_seq", "after_seq"),
        (ann.call, "/api/users/followers"): ("page", "limit", "cursor"),
        (ann.call, "/api/following"): ("page", "limit", "cursor"),
        (ann.call, "/api/users/all"): ("limit", "before"),
        (ann.call, "/api/messages/conversations"): ("limit", "cursor"),
        (ann.ask, "/api/users/me/dms"): ("limit", "cursor"),
        (ann.ask, f"/api/channels/{school.general.id}/messages"): ("limit", "before", "after_seq"),
        (ann.ask, history): ("limit", "before_seq", "after_seq"),
        (with_token, f"/api/messages/channel/{uuid}"): ("cursor", "after_seq"),
        (with_token, "/api/channels"): ("page", "limit", "cursor"),
        (with_token, "/api/users"): ("limit", "before"),
    }
    for (asked, path), names in numbers.items():
        for name in names:
            zero = ("0",) if name in ("page", "limit", "before_seq") else ()
            for value in (*WRONG, *zero):
                more = f"&userId={ann.id}" if path == history else ""
                await refused(asked, path, f"?{name}={value}{more}")


async def test_a_page_that_was_requested_by_its_number_links_to_the_next(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    for number in range(5):
        await say(ann, ben, str(number))
    path = f"/api/messages/{ben.id}"
    second = await ann.call("GET", f"{path}?page=2&limit=2")
    third = await ann.call("GET", path + second.headers["link"].partition(">")[0][1:])
    assert (contents(second.json), contents(third.json)) == (["1", "2"], ["0"])


async def test_a_cursor_is_valid_for_its_own_list_only(world: World) -> None:
    school = await open_school(world)
    await channels(school).begin(3)
    path = "/api/channels?limit=1&sortBy="
    reply = await ask_with_token(school.ann, "GET", f"{path}name")
    cursor = reply.headers["link"].partition("cursor=")[2].partition(">")[0]
    assert (await ask_with_token(school.ann, "GET", f"{path}name&cursor={cursor}")).status == 200
    for other in (f"{path}createdAt&cursor={cursor}",):
        reply = await ask_with_token(school.ann, "GET", other)
        assert (reply.status, reply.json["code"]) == (400, "invalid_field")
    reply = await school.ann.call("GET", f"/api/users/followers?cursor={cursor}")
    assert (reply.status, reply.json["code"]) == (400, "invalid_field")
