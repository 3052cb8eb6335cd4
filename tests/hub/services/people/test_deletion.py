"""The end of an account, and what connected users see of it."""

from datetime import timedelta

import pytest

from hub.services.people.deletion import OwnsWorkspaces, delete_account
from persistence.interface import Store
from persistence.records import NoSuchUser
from protocol.model import MessageFate
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.express import open_hub, remember
from tests.support.posting import private_message, write
from tests.support.quiet import until_quiet
from tests.support.school import open_school
from tests.support.stores.databases import Databases
from tests.support.stores.records import make_channel, make_users, post_one, say, to_channel
from tests.support.world import World


async def test_messages_of_a_deleted_user_stay_in_lists_history_and_resumes(world: World) -> None:
    ann, ben = await world.people("ann", "ben")
    await write(world, ann.user, ben.user, "hello")
    await write(world, ben.user, ann.user, "hi")
    anns, bens = await ann.open(), await ben.open()
    assert (await anns.receive_type("user_online_status"))["is_online"]
    await delete_account(world.store, ann.id, MessageFate.KEEP)
    assert (await anns.until_closed())[1].code == 4001
    await until_quiet()
    frame = await bens.receive_type("user_online_status")
    assert (frame["user_id"], frame["is_online"]) == (ann.id, False)
    bens.ignoring("messages_read")
    (listed,) = (await ben.call("GET", "/api/messages/conversations")).json
    assert listed["user"]["name"] == "Deleted user"
    history = (await ben.call("GET", f"/api/messages/{ann.id}")).json
    assert [each["content"] for each in history] == ["hello", "hi"]
    await bens.send(private_message(ann, "are you there?"))
    assert (await bens.receive_type("error"))["code"] == "recipient_not_found"
    await bens.send({"type": "resume", "after": {}})
    resumed = [await bens.receive_type("private_message") for _ in range(2)]
    assert [each["message"]["seq"] for each in resumed] == [1, 2]
    assert (await bens.receive_type("resumed"))["complete"]


async def test_connections_that_no_session_of_the_hub_opened_are_closed_too(
    databases: Databases,
) -> None:
    async with open_hub(databases, session_recheck=3_600) as (world, dsn):
        ann, ben = await world.people("ann", "ben")
        foreign = await world.websocket("/messagepal", Cookie=await remember(dsn, "abc", ann.id))
        await foreign.receive_type("connected")
        bens = await ben.open()
        await delete_account(world.store, ann.id, MessageFate.KEEP)
        assert (await foreign.until_closed())[1].code == 4001
        await bens.close_in_silence()


async def test_the_logins_of_a_deleted_user_are_refused(world: World) -> None:
    (ann,) = await world.people("ann")
    subject = to_uuid(IdKind.USER, ann.id)
    token = world.services.tokens.issue(subject, timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}"}
    assert (await world.call("GET", "/api/users/me", headers=headers)).status == 200
    await delete_account(world.store, ann.id, MessageFate.KEEP)
    assert (await world.call("GET", "/api/users/me", headers=headers)).status == 401
    assert (await ann.ask("GET", "/api/users/me")).status == 401


async def test_a_channel_shows_a_deleted_author(world: World) -> None:
    school = await open_school(world)
    await say(world.store, school.ben.user, school.general, "my homework")
    await delete_account(world.store, school.ben.id, MessageFate.KEEP)
    page = (await school.ann.ask("GET", f"/api/channels/{school.general.id}/messages")).json
    (message,) = page["messages"] if isinstance(page, dict) else page
    assert message["content"] == "my homework"
    assert message["authorDisplayName"] == "Deleted user", message


@pytest.mark.parametrize("fate", list(MessageFate))
async def test_more_messages_than_one_statement_handles_are_kept_or_removed(
    store: Store, fate: MessageFate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.services.people.deletion.PART", 2)
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ben, ann)
    for number in range(5):
        await post_one(store, to_channel(ann, channel, f"{number}", f"k{number}"))
    await delete_account(store, ann.id, fate)
    page = await store.messages.channel_page(channel.id, before=None, limit=9)
    stays = fate is MessageFate.KEEP
    assert [(each.content, each.key) for each in page] == (
        [(str(number), None) for number in range(5)] if stays else []
    )


@pytest.mark.parametrize("fate", list(MessageFate))
async def test_an_owner_of_a_workspace_with_other_members_is_not_deleted(
    store: Store, fate: MessageFate
) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    await post_one(store, to_channel(ann, channel, "hello", "k"))
    with pytest.raises(OwnsWorkspaces) as refused:
        await delete_account(store, ann.id, fate)
    assert [each.name for each in refused.value.workspaces] == ["school"]
    (message,) = await store.messages.channel_page(channel.id, before=None, limit=9)
    assert (message.content, message.key) == ("hello", "k")


async def test_the_second_of_two_deletions_raises_no_such_user(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    soon = timedelta(days=1)
    await store.sessions.open(ann.id, b"h" * 32, soon)
    await delete_account(store, ann.id, MessageFate.KEEP)
    with pytest.raises(NoSuchUser):
        await delete_account(store, ann.id, MessageFate.REMOVE)
