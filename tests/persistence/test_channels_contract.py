"""Workspaces, channels, uploads and messages in channels: the same promises from every store."""

import pytest
from attrs import evolve

from persistence.interface import Store
from persistence.records import Draft, NewChannel, NoSuchUser, Upload
from protocol.model import (
    ASSISTANT_ID,
    Channel,
    ChannelId,
    ChannelKind,
    GradingStatus,
    Message,
    MessageId,
    MessageKind,
    Posted,
    Refusal,
    User,
    UserId,
    WorkspaceId,
)
from tests.persistence.people import make_users

NOBODY = UserId(987_654_321)
NOWHERE = ChannelId(987_654_321)


async def make_channel(store: Store, owner: User, *members: User) -> Channel:
    workspace = await store.workspaces.create(owner.id, "w", None)
    for member in members:
        await store.workspaces.add_member(workspace.id, member.id)
    channel = await store.channels.create(NewChannel(workspace.id, "general"))
    assert channel is not None
    return channel


def to_channel(
    author: User, channel: Channel, content: str = "hi", key: str | None = None
) -> Draft:
    return Draft(author.id, None, content, key, channel_id=channel.id)


async def post(store: Store, draft: Draft) -> Message:
    (outcome,) = await store.messages.post([draft])
    assert isinstance(outcome, Posted), outcome
    return outcome.message


async def test_a_workspaces_members_come_in_order_and_once(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    workspaces = store.workspaces
    made = await workspaces.create(ben.id, "School", "for all")
    assert (made.name, made.description, made.members) == ("School", "for all", (ben.id,))
    for person in (eve, ann, eve):
        changed = await workspaces.add_member(made.id, person.id)
    assert changed is not None
    assert changed.members == (ben.id, eve.id, ann.id)
    assert await workspaces.get(made.id) == changed
    for _ in range(2):
        changed = await workspaces.remove_member(made.id, eve.id)
        assert changed is not None
        assert changed.members == (ben.id, ann.id)
    assert await workspaces.get(WorkspaceId(NOBODY)) is None
    assert await workspaces.add_member(WorkspaceId(NOBODY), ann.id) is None
    assert await workspaces.remove_member(WorkspaceId(NOBODY), ann.id) is None
    with pytest.raises(NoSuchUser):
        await workspaces.add_member(made.id, NOBODY)


async def test_a_users_workspaces(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    first = await store.workspaces.create(ann.id, "1", None)
    second = await store.workspaces.create(ben.id, "2", None)
    second_with_ann = await store.workspaces.add_member(second.id, ann.id)
    assert await store.workspaces.of_user(ann.id) == [first, second_with_ann]
    assert await store.workspaces.of_user(eve.id) == []
    assert await store.workspaces.of_users([ann.id, eve.id, ben.id]) == {
        ann.id: {first.id, second.id}, ben.id: {second.id}, eve.id: frozenset(),
    }  # fmt: skip


async def test_members_of_a_workspace_may_know_who_is_online(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    await make_channel(store, ann, ben)
    audiences = await store.relations.presence_audience([ann.id, eve.id])
    assert audiences[ann.id] == {ben.id}
    assert audiences.get(eve.id, frozenset()) == frozenset()


async def test_a_channel_is_its_workspaces_members(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    assert (channel.kind, channel.pair, channel.pinned) == (ChannelKind.TEXT, None, ())
    for person, allowed in ((ann, True), (ben, True), (eve, False)):
        access = await store.channels.access(person.id, channel.id)
        assert access is not None
        assert (access.channel, access.allowed) == (channel, allowed)
    assert await store.channels.access(ann.id, NOWHERE) is None
    pairs = [(ann.id, channel.id), (eve.id, channel.id), (ann.id, NOWHERE), (ben.id, channel.id)]
    assert list(await store.channels.may_join(pairs)) == [True, False, False, True]
    assert list(await store.channels.may_join([])) == []
    assert channel.workspace_id is not None
    assert await store.channels.in_workspace(channel.workspace_id) == [channel]
    assert await store.channels.create(NewChannel(WorkspaceId(NOBODY), "x")) is None


async def test_a_dm_is_made_once_whoever_asks(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    made = await store.channels.dm(ben.id, ann.id)
    assert await store.channels.dm(ann.id, ben.id) == made
    assert (made.kind, made.pair, made.workspace_id) == (ChannelKind.DM, (ann.id, ben.id), None)
    assert made.name == f"dm_{ann.id}_{ben.id}"
    assert (made.peer_of(ann.id), made.peer_of(eve.id)) == (ben.id, None)
    assert await store.channels.dms(ann.id) == [made]
    assert await store.channels.dms(eve.id) == []
    access = await store.channels.access(eve.id, made.id)
    assert access is not None
    assert not access.allowed
    with pytest.raises(NoSuchUser):
        await store.channels.dm(ann.id, NOBODY)
    with pytest.raises(ValueError, match="two people"):
        await store.channels.dm(ann.id, ann.id)


async def test_a_private_message_and_a_post_in_the_dm_are_one_log(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await store.channels.dm(ann.id, ben.id)
    first = await post(store, Draft(ann.id, ben.id, "by name"))
    second = await post(store, to_channel(ben, channel, "by channel"))
    assert (first.channel_id, first.seq, first.recipient_id) == (channel.id, 1, ben.id)
    assert (second.channel_id, second.seq, second.recipient_id) == (channel.id, 2, ann.id)
    assert await store.messages.channel_page(channel.id, before=None, limit=9) == [first, second]
    page = await store.messages.conversation_page(ann.id, ben.id, offset=0, limit=9)
    assert page == [first, second]
    (permit,) = await store.relations.may_message([(ann.id, ben.id)])
    assert permit.channel_id == channel.id


async def test_posts_are_stored_for_members_alone(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    dm = await store.channels.dm(ann.id, ben.id)
    outcomes = await store.messages.post(
        [
            to_channel(ann, channel, "1"),
            to_channel(eve, channel, "no"),
            Draft(ann.id, None, "no", channel_id=NOWHERE),
            to_channel(eve, dm, "no"),
            to_channel(ben, channel, "2"),
            to_channel(ann, channel, "3"),
        ]
    )
    seqs = [each.message.seq if isinstance(each, Posted) else each for each in outcomes]
    refusals = [Refusal.NOT_A_MEMBER, Refusal.CHANNEL_NOT_FOUND, Refusal.NOT_A_MEMBER]
    assert seqs == [1, *refusals, 2, 3]
    posted = [each for each in outcomes if isinstance(each, Posted)]
    assert {each.workspace_id for each in posted} == {channel.workspace_id}
    page = await store.messages.channel_page(channel.id, before=None, limit=9)
    assert [message.content for message in page] == ["1", "2", "3"]
    assert await store.messages.channel_page(dm.id, before=None, limit=9) == []


async def test_a_block_counts_in_the_dm_channel_too(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await store.channels.dm(ann.id, ben.id)
    first = await post(store, to_channel(ann, channel, "x", "k"))
    await store.relations.block(ben.id, ann.id)
    again, new = await store.messages.post(
        [to_channel(ann, channel, "x", "k"), to_channel(ann, channel, "y")]
    )
    assert again == Posted(first, repeated=True)
    assert new is Refusal.NOT_ALLOWED


async def test_keys_are_the_authors_across_channels(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel, other = await make_channel(store, ann, ben), await make_channel(store, ann)
    first = await post(store, to_channel(ann, channel, "x", "k"))
    outcomes = await store.messages.post(
        [
            to_channel(ann, channel, "x", "k"),
            to_channel(ann, other, "x", "k"),
            to_channel(ann, channel, "y", "k"),
            to_channel(ben, channel, "x", "k"),
        ]
    )
    assert outcomes[0] == Posted(first, repeated=True, workspace_id=channel.workspace_id)
    assert outcomes[1:3] == [Refusal.KEY_CONFLICT] * 2
    assert isinstance(outcomes[3], Posted)


async def test_the_assistant_answers_anywhere_and_the_asker_has_read_it(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    dm = await store.channels.dm(ann.id, eve.id)
    for where in (channel, dm):
        question = await post(store, to_channel(ann, where, "@AI?"))
        draft = Draft(ASSISTANT_ID, None, "42", channel_id=where.id, asker_id=ann.id)
        answer = await post(store, draft)
        assert (answer.author_id, answer.seq) == (ASSISTANT_ID, question.seq + 1)
        assert (answer.read_by, answer.recipient_id) == ((ann.id,), None)
        assert (await store.messages.channel_page(where.id, before=None, limit=9))[-1] == answer
    conversation = await store.messages.conversation_page(ann.id, eve.id, offset=0, limit=9)
    assert [message.content for message in conversation] == ["@AI?"]
    (listed,) = await store.messages.conversations(eve.id)
    assert (listed.last_message.content, listed.unread_count) == ("@AI?", 1)
    assert await store.messages.unread_count(eve.id) == 1


async def test_the_assistant_has_an_account_that_is_nobodys(store: Store) -> None:
    assistant = await store.accounts.get(ASSISTANT_ID)
    assert assistant is not None
    assert (assistant.username, assistant.name, assistant.role) == (
        "AI Tutor",
        "AI Tutor",
        "assistant",
    )
    assert await store.accounts.list_page(after=None, limit=9) == []
    users = await make_users(store, *(f"u{n}" for n in range(3)))
    assert [user.id for user in await store.accounts.list_page(after=None, limit=9)] == [
        user.id for user in users
    ]


async def test_pages_go_back_by_id(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel, other = await make_channel(store, ann), await make_channel(store, ann)
    messages = []
    for n in range(6):
        messages.append(await post(store, to_channel(ann, channel, str(n))))
        await post(store, to_channel(ann, other, "elsewhere"))
    page = store.messages.channel_page
    assert await page(channel.id, before=None, limit=3) == messages[3:]
    assert await page(channel.id, before=messages[3].id, limit=2) == messages[1:3]
    assert await page(channel.id, before=MessageId(messages[3].id + 1), limit=2) == messages[2:4]
    assert await page(channel.id, before=messages[0].id, limit=2) == []
    assert await page(NOWHERE, before=None, limit=2) == []


async def test_a_message_comes_back_as_it_was(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    draft = Draft(
        ann.id, None, "x", "k", MessageKind.IMAGE, "/uploads/x", channel.id, is_homework=True
    )
    message = await post(store, draft)
    assert (message.kind, message.file_url, message.key) == (MessageKind.IMAGE, "/uploads/x", "k")
    assert (message.is_homework, message.grading, message.is_pinned) == (True, None, False)
    assert await store.messages.get(message.id) == message
    assert await store.messages.get(MessageId(NOBODY)) is None


async def test_a_deleted_message_is_gone_but_keeps_its_number(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    first, second = [await post(store, to_channel(ann, channel, c)) for c in "12"]
    await store.channels.pin(channel.id, first.id)
    assert await store.messages.delete(first.id)
    assert not await store.messages.delete(first.id)
    assert await store.messages.get(first.id) is None
    assert await store.messages.pinned(channel.id) == []
    assert await store.messages.channel_page(channel.id, before=None, limit=9) == [second]
    assert await store.messages.unread_in(ben.id, channel.id, among=50) == 1
    assert (await post(store, to_channel(ann, channel, "3"))).seq == 3
    advance = await store.messages.mark_read_up_to(ben.id, second.id)
    assert advance is not None
    assert advance.message_ids == (second.id,)
    assert await store.messages.mark_read_up_to(ben.id, first.id) is None
    assert await store.channels.pin(channel.id, first.id) is None
    assert await store.messages.grade(first.id, GradingStatus.GRADED) is None


async def test_a_deleted_private_message_leaves_the_conversation(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    first = await post(store, Draft(ann.id, ben.id, "1"))
    second = await post(store, Draft(ann.id, ben.id, "2"))
    await store.messages.delete(second.id)
    (listed,) = await store.messages.conversations(ben.id)
    assert (listed.last_message, listed.unread_count) == (first, 1)
    assert await store.messages.unread_count(ben.id) == 1
    await store.messages.delete(first.id)
    assert await store.messages.conversations(ben.id) == []


async def test_read_marks_move_forward_to_a_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    first, own, third, fourth = [
        await post(store, to_channel(author, channel)) for author in (ann, ben, ann, ann)
    ]
    messages = store.messages
    advance = await messages.mark_read_up_to(ben.id, third.id)
    assert advance is not None
    assert (advance.channel_id, advance.seq, advance.peer_id) == (channel.id, 3, None)
    assert advance.message_ids == (first.id, third.id)
    assert await messages.mark_read_up_to(ben.id, first.id) is None
    assert await messages.mark_read_up_to(eve.id, fourth.id) is None
    page = await messages.channel_page(channel.id, before=None, limit=9)
    assert [message.read_by for message in page] == [(ben.id,), (), (ben.id,), ()]
    assert await messages.unread_in(ben.id, channel.id, among=50) == 1
    assert await messages.unread_in(ann.id, channel.id, among=50) == 1
    assert await messages.unread_in(ann.id, channel.id, among=2) == 0
    assert own.id == page[1].id


async def test_at_most_a_hundred_newly_read_messages_are_named(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    outcomes = await store.messages.post([Draft(ann.id, ben.id, str(n)) for n in range(130)])
    ids = [each.message.id for each in outcomes if isinstance(each, Posted)]
    advance = await store.messages.mark_read(ben.id, ann.id)
    assert advance is not None
    assert (advance.seq, advance.peer_id) == (130, ann.id)
    assert advance.message_ids == tuple(ids[-100:])


async def test_pins_come_in_the_order_they_were_set(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel, other = await make_channel(store, ann), await make_channel(store, ann)
    messages = [await post(store, to_channel(ann, channel)) for _ in range(3)]
    for number in (2, 0, 2):
        pinned = await store.channels.pin(channel.id, messages[number].id)
    assert pinned is not None
    assert pinned.pinned == (messages[2].id, messages[0].id)
    listed = await store.messages.pinned(channel.id)
    assert [message.id for message in listed] == [messages[2].id, messages[0].id]
    assert all(message.is_pinned for message in listed)
    for _ in range(2):
        unpinned = await store.channels.unpin(channel.id, messages[2].id)
        assert unpinned is not None
        assert unpinned.pinned == (messages[0].id,)
    assert await store.channels.pin(other.id, messages[0].id) is None
    assert await store.channels.unpin(NOWHERE, messages[0].id) is None


async def test_homework_is_graded(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    message = await post(store, to_channel(ann, channel))
    for status in GradingStatus:
        graded = await store.messages.grade(message.id, status)
        assert graded is not None
        assert graded.grading is status
    assert await store.messages.grade(MessageId(NOBODY), GradingStatus.GRADED) is None


async def test_channels_are_found_in_ones_own_workspaces(store: Store) -> None:
    ann, eve = await make_users(store, "ann", "eve")
    workspace = await store.workspaces.create(ann.id, "w", None)
    for name, class_name, subject in (("lab", "10A", None), ("Maths_%", None, "ALGEBRA")):
        await store.channels.create(
            NewChannel(workspace.id, name, class_name=class_name, subject=subject)
        )
    for text, names in (("10A", ["lab"]), ("10", []), ("gebr", ["Maths_%"]), ("_%", ["Maths_%"])):
        found = await store.channels.search(ann.id, text)
        assert [channel.name for channel in found] == names
    assert await store.channels.search(eve.id, "lab") == []


async def test_an_archived_conversation_is_marked_until_the_next_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    await store.channels.dm(ann.id, eve.id)
    assert not await store.messages.archive(ann.id, ben.id)
    assert not await store.messages.archive(ann.id, eve.id)
    await post(store, Draft(ann.id, ben.id, "1"))
    assert await store.messages.archive(ben.id, ann.id)
    assert [each.is_archived for each in await store.messages.conversations(ben.id)] == [True]
    assert [each.is_archived for each in await store.messages.conversations(ann.id)] == [False]
    assert await store.messages.unread_count(ben.id) == 1
    await post(store, Draft(ann.id, ben.id, "2"))
    assert [each.is_archived for each in await store.messages.conversations(ben.id)] == [False]


async def test_a_file_is_seen_by_who_may_see_its_message(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    upload = Upload("/uploads/d/x.png", ann.id, "image/png")
    await store.uploads.add(upload)
    visible = store.uploads.visible
    assert await visible(ann.id, upload.url) == upload
    assert await visible(ben.id, upload.url) is None
    message = await post(
        store, Draft(ann.id, ben.id, "see", kind=MessageKind.IMAGE, file_url=upload.url)
    )
    assert await visible(ben.id, upload.url) == upload
    assert await visible(eve.id, upload.url) is None
    assert await visible(ann.id, "/uploads/other") is None
    await store.messages.delete(message.id)
    assert await visible(ben.id, upload.url) is None


async def test_the_first_secret_wins(store: Store) -> None:
    assert await store.sessions.secret("a", "one") == "one"
    assert await store.sessions.secret("a", "two") == "one"
    assert await store.sessions.secret("b", "two") == "two"


async def test_delivered_marks_move_forward_and_reading_moves_them_along(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    first, own, third, fourth = [
        await post(store, to_channel(author, channel)) for author in (ann, ben, ann, ann)
    ]
    messages = store.messages
    advance = await messages.mark_delivered_up_to(ben.id, third.id)
    assert advance is not None
    assert (advance.seq, advance.message_ids) == (3, (first.id, third.id))
    assert advance.author_ids == (ann.id, ann.id)
    assert await messages.mark_delivered_up_to(ben.id, own.id) is None
    assert await messages.mark_delivered_up_to(eve.id, fourth.id) is None
    page = await messages.channel_page(channel.id, before=None, limit=9)
    assert [message.is_delivered for message in page] == [True, False, True, False]
    assert [message.read_by for message in page] == [()] * 4
    advance = await messages.mark_read_up_to(ben.id, fourth.id)
    assert advance is not None
    assert advance.message_ids == (first.id, third.id, fourth.id)
    assert await messages.mark_delivered_up_to(ben.id, fourth.id) is None
    page = await messages.channel_page(channel.id, before=None, limit=9)
    assert [message.is_delivered for message in page] == [True, False, True, True]


async def test_a_repeat_shows_how_far_it_got(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    draft = Draft(ann.id, ben.id, "x", "k")
    first = await post(store, draft)
    await store.messages.mark_delivered_up_to(ben.id, first.id)
    delivered = await post(store, draft)
    assert (delivered.is_delivered, delivered.is_read) == (True, False)
    await store.messages.mark_read_up_to(ben.id, first.id)
    assert (await post(store, draft)).is_read


async def test_a_reply_names_what_it_replies_to(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    channel = await make_channel(store, ann)
    first = await post(store, to_channel(ann, channel))
    draft = Draft(ann.id, None, "re", channel_id=channel.id, parent_id=first.id)
    reply = await post(store, draft)
    assert reply.parent_id == first.id
    assert await store.messages.get(reply.id) == reply
    second = await post(store, evolve(draft, content="re 2"))
    await post(store, to_channel(ann, channel))
    assert await store.messages.replies(first.id, limit=9) == [reply, second]
    assert await store.messages.replies(first.id, limit=1) == [reply]
    assert await store.messages.replies(second.id, limit=9) == []
    await store.messages.delete(reply.id)
    assert await store.messages.replies(first.id, limit=9) == [second]


async def test_the_parent_of_a_reply_is_in_the_same_channel(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel, other = await make_channel(store, ann, ben), await make_channel(store, ann)
    dm = await store.channels.dm(ann.id, ben.id)
    parents = [await post(store, to_channel(ann, each)) for each in (channel, other, dm)]
    for place in (channel, other, dm):
        drafts = [evolve(to_channel(ann, place), parent_id=parent.id) for parent in parents]
        for parent, outcome in zip(parents, await store.messages.post(drafts), strict=True):
            if parent.channel_id == place.id:
                assert isinstance(outcome, Posted)
                assert outcome.message.parent_id == parent.id
            else:
                assert outcome is Refusal.PARENT_NOT_FOUND
    stranger = evolve(to_channel(eve, channel), parent_id=parents[0].id)
    assert await store.messages.post([stranger]) == [Refusal.NOT_A_MEMBER]
