"""An account that is deleted between the statement that reads messages and the one that reads their
authors: nothing breaks, and its messages, deleted with it, are sent to no client.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from persistence.interface import Store
from persistence.records import Gone
from protocol.dialects.messenger.conversations import conversation_id
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.clients.socketio import enter
from tests.support.posting import post, write
from tests.support.school import School, open_school
from tests.support.stores.intercept import Interception
from tests.support.tokens import ask
from tests.support.world import open_world


@asynccontextmanager
async def without_ann(store: Store) -> AsyncIterator[tuple[School, Interception]]:
    """A school where ann and ben have written; reads of authors do not return ann."""
    accounts = Interception("accounts", "get_many")
    async with open_world(accounts.over(store)) as world:
        school = await open_school(world)
        for author in (school.ann, school.ben):
            await post(world, author.user, school.general, f"of {author.user.username}")
        for author, to in ((school.ann, school.ben), (school.ben, school.ann)):
            await write(world, author.user, to.user, f"of {author.user.username}")

        async def way(call: Any, user_ids: Any) -> Any:
            found = await call(user_ids)
            return {user_id: user for user_id, user in found.items() if user_id != school.ann.id}

        accounts.way = way
        yield school, accounts


def contents(messages: list[dict[str, Any]]) -> list[str]:
    return [message["content"] for message in messages]


async def test_histories_over_rest_omit_messages_of_deleted_authors(memory_store: Store) -> None:
    async with without_ann(memory_store) as (school, _):
        ben, general = school.ben, school.general.id
        for path in (f"/api/channels/{general}/messages", f"/api/messages/{general}?after_seq=0"):
            reply = await ben.ask("GET", path)
            assert (reply.status, contents(reply.json)) == (200, ["of ben"])
        uuid = to_uuid(IdKind.CHANNEL, general)
        for query in ("", "?after_seq=0"):
            reply = await ask(ben, "GET", f"/api/messages/channel/{uuid}{query}")
            assert (reply.status, contents(reply.json["messages"])) == (200, ["of ben"])


async def test_a_message_of_a_deleted_author_is_not_found(memory_store: Store) -> None:
    async with without_ann(memory_store) as (school, _):
        ben, store = school.ben, school.world.store
        (first, _) = await store.messages.channel_page(school.general.id, before=None, limit=2)
        reply = await ben.ask("POST", f"/api/messages/{first.id}/read")
        assert (reply.status, reply.json["code"]) == (404, "message_not_found")


async def test_sockets_omit_messages_of_deleted_authors(memory_store: Store) -> None:
    async with without_ann(memory_store) as (school, _):
        ben, name = school.ben, conversation_id(school.ann.id, school.ben.id)
        messenger = await ben.open("/messagepal")
        await messenger.send({"type": "fetch_history", "conversationId": name})
        assert (await messenger.receive_type("error"))["code"] == "history_unavailable"
        events = await enter(ben)
        uuid = to_uuid(IdKind.CHANNEL, school.general.id)
        page = await events.ask("messages:get", {"channelId": uuid})
        assert contents(page["messages"]) == ["of ben"]
        chat = await ben.open("/ws/chat")
        await chat.send({"type": "resume", "after": {str(school.general.id): 0}})
        await chat.receive_type("joined_channel")
        assert (await chat.receive_type("new_message"))["message"]["content"] == "of ben"
        assert (await chat.receive_type("resumed"))["after"] == {str(school.general.id): 2}
        chat.ignoring("user_presence")


async def test_a_request_of_a_user_who_is_deleted_meanwhile_fails_with_401_or_503(
    memory_store: Store,
) -> None:
    workspaces, messages = (
        Interception("workspaces", "create"),
        Interception("messages", "mark_read"),
    )
    async with open_world(messages.over(workspaces.over(memory_store))) as world:
        ann, ben = await world.people("ann", "ben")

        async def deleted(*_: Any, **__: Any) -> None:
            raise Gone("workspaces_owner_id_fkey")

        workspaces.way = messages.way = deleted
        reply = await ann.ask("POST", "/api/workspaces", {"name": "Tea"})
        assert reply.status == 401
        reply = await ann.call("PUT", f"/api/messages/{ben.id}/read")
        assert reply.status == 503
