"""Follows, blocks and the policy: the same on every store."""

import pytest

from persistence.interface import Store
from persistence.records import (
    ConversationView,
    Draft,
    FollowCounts,
    NewUser,
    NoSuchUser,
    PeerView,
    Permit,
    ProfileChange,
    Side,
)
from protocol.model import FollowStatus, Posted, User, UserId, WorkspaceId
from protocol.revisions import Delete
from tests.support.stores.records import (
    NOBODY,
    dms,
    make_channel,
    make_user,
    make_users,
    post_one,
    revised,
)


async def allowed(store: Store, sender: UserId, recipient: UserId) -> bool:
    (permit,) = await store.relations.may_message([(sender, recipient)])
    return permit.allowed


async def test_a_public_profile_or_an_accepted_follow_allows_messages(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    eve = await make_user(store, "eve", is_public=False)
    assert await allowed(store, ann.id, ben.id)  # a public profile
    assert not await allowed(store, ann.id, eve.id)  # a private one
    await store.relations.request_follow(ann.id, eve.id)
    assert not await allowed(store, ann.id, eve.id)  # asked, not accepted
    await store.relations.accept_follow(eve.id, ann.id)
    assert await allowed(store, ann.id, eve.id)  # I follow
    await store.relations.remove_follow(ann.id, eve.id)
    assert not await allowed(store, ann.id, eve.id)
    await store.relations.request_follow(eve.id, ann.id)
    assert await allowed(store, ann.id, eve.id)  # I am followed


async def test_a_block_forbids_both_ways_whatever_else_holds(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    assert await store.relations.block(ann.id, ben.id) is True
    assert await store.relations.block(ann.id, ben.id) is False
    assert not await allowed(store, ann.id, ben.id)
    assert not await allowed(store, ben.id, ann.id)
    assert await store.relations.unblock(ann.id, ben.id) is True
    assert await store.relations.unblock(ann.id, ben.id) is False
    assert await allowed(store, ben.id, ann.id)


async def test_messages_to_oneself_or_to_unknown_users_are_never_allowed(store: Store) -> None:
    ann = await make_user(store, "ann")
    pairs = [(ann.id, ann.id), (ann.id, NOBODY), (NOBODY, ann.id), (NOBODY, NOBODY)]
    permits = await store.relations.may_message(pairs)
    assert list(permits) == [Permit(allowed=False, channel_id=None)] * 4


async def test_permits_are_in_the_order_of_the_pairs(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    eve = await make_user(store, "eve", is_public=False)
    pairs = [(ann.id, ben.id), (ann.id, eve.id), (eve.id, ann.id), (ann.id, ben.id)]
    permits = await store.relations.may_message(pairs)
    assert [permit.allowed for permit in permits] == [True, False, True, True]
    assert list(await store.relations.may_message([])) == []


async def test_following_and_followers_newest_first(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    eve = await make_user(store, "eve", is_public=False)
    relations = store.relations
    assert await relations.request_follow(ann.id, ben.id) is FollowStatus.ACCEPTED
    assert await relations.request_follow(ann.id, eve.id) is FollowStatus.PENDING
    assert await relations.request_follow(ann.id, eve.id) is FollowStatus.PENDING
    listed = await relations.related(ann.id, Side.FOLLOWING)
    assert [(each.user.id, each.status) for each in listed] == [
        (eve.id, FollowStatus.PENDING),
        (ben.id, FollowStatus.ACCEPTED),
    ]
    assert [each.user.id for each in await relations.related(eve.id, Side.FOLLOWERS)] == [ann.id]
    assert await relations.accept_follow(ann.id, eve.id) is False
    assert await relations.accept_follow(eve.id, ann.id) is True
    assert await relations.accept_follow(eve.id, ann.id) is False
    assert await relations.remove_follow(ann.id, eve.id) is True
    assert await relations.remove_follow(ann.id, eve.id) is False


async def test_blocks_end_follows_and_forbid_new_ones(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    relations = store.relations
    await relations.request_follow(ann.id, ben.id)
    await relations.request_follow(ben.id, ann.id)
    await relations.block(ann.id, ben.id)
    assert await relations.related(ann.id, Side.FOLLOWERS) == []
    assert await relations.related(ann.id, Side.FOLLOWING) == []
    assert await relations.request_follow(ann.id, ben.id) is None
    assert await relations.request_follow(ben.id, ann.id) is None
    assert await relations.blocked(ann.id) == [ben]
    assert await relations.blocked(ben.id) == []


async def test_impossible_relations_are_refused(store: Store) -> None:
    ann = await make_user(store, "ann")
    assert await store.relations.request_follow(ann.id, NOBODY) is None
    with pytest.raises(ValueError, match="themself"):
        await store.relations.request_follow(ann.id, ann.id)
    with pytest.raises(ValueError, match="themself"):
        await store.relations.block(ann.id, ann.id)
    with pytest.raises(NoSuchUser):
        await store.relations.block(ann.id, NOBODY)


async def test_the_presence_audience_is_all_related_users_without_blocks(store: Store) -> None:
    ann, ben, eve, kim = await make_users(store, "ann", "ben", "eve", "kim")
    private = await make_user(store, "private", is_public=False)
    relations = store.relations

    async def audience() -> frozenset[UserId]:
        return (await relations.presence_audience([ann.id]))[ann.id]

    assert await audience() == frozenset()
    await relations.request_follow(ann.id, ben.id)
    await relations.request_follow(eve.id, ann.id)
    await relations.request_follow(ann.id, private.id)  # only asked
    assert await audience() == {ben.id, eve.id}
    await store.messages.post([Draft(kim.id, ann.id, "hi")])
    assert await audience() == {ben.id, eve.id}  # a request shows its author no presence
    await store.messages.post([Draft(kim.id, ann.id, "hello?")])
    assert await audience() == {ben.id, eve.id}
    await store.messages.post([Draft(ann.id, kim.id, "hi")])
    assert await audience() == {ben.id, eve.id, kim.id}
    await relations.block(kim.id, ann.id)
    assert await audience() == {ben.id, eve.id}
    several = await relations.presence_audience([ben.id, kim.id])
    assert several == {ben.id: frozenset({ann.id}), kim.id: frozenset()}
    await relations.unblock(kim.id, ann.id)
    assert await audience() == {ben.id, eve.id, kim.id}
    await relations.block(ann.id, kim.id)  # neither side of a block sees the other
    assert await audience() == {ben.id, eve.id}
    assert (await relations.presence_audience([kim.id]))[kim.id] == frozenset()


async def test_members_of_a_workspace_see_each_others_presence(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    await make_channel(store, ann, ben)
    audiences = await store.relations.presence_audience([ann.id, eve.id])
    assert audiences[ann.id] == {ben.id}
    assert audiences.get(eve.id, frozenset()) == frozenset()
    await store.relations.block(ann.id, ben.id)  # neither side of a block sees the other
    audiences = await store.relations.presence_audience([ann.id, ben.id])
    assert audiences == {ann.id: frozenset(), ben.id: frozenset()}


async def test_a_peer_view_has_what_a_user_may_see_of_a_peer(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    posted, _ = await store.messages.post(
        [Draft(ann.id, ben.id, "hi"), Draft(ben.id, ann.id, "hi")]
    )
    assert isinstance(posted, Posted)
    channel = posted.message.channel_id
    await store.relations.request_follow(eve.id, ann.id)
    pairs = [(ann.id, ben.id), (ben.id, ann.id), (eve.id, ann.id), (eve.id, ben.id)]
    assert list(await store.relations.peer_views(pairs)) == [
        PeerView(may_see=True, knows=True, acquainted=True, blocked=False, channel_id=channel),
        PeerView(may_see=True, knows=True, acquainted=True, blocked=False, channel_id=channel),
        PeerView(may_see=True, knows=True, acquainted=True, blocked=False, channel_id=None),
        PeerView(may_see=True, knows=False, acquainted=False, blocked=False, channel_id=None),
    ]
    await store.relations.block(ann.id, ben.id)
    assert list(await store.relations.peer_views(pairs[:2])) == [
        PeerView(
            may_see=True, knows=False, acquainted=True, blocked=True, channel_id=channel
        ),  # the user who blocks may still read
        PeerView(may_see=False, knows=False, acquainted=True, blocked=True, channel_id=channel),
    ]


async def test_when_a_conversation_is_closed_or_hidden_for_a_user(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    ida = await make_user(store, "ida", is_public=False)
    posted, _ = await store.messages.post([Draft(ann.id, ben.id, "hi"), Draft(ida.id, ben.id, "x")])
    assert isinstance(posted, Posted)
    channel_id = posted.message.channel_id
    view = store.relations.conversation_view
    assert await view(ann.id, ben.id) == ConversationView(
        may_see=True, blocked=False, channel_id=channel_id
    )
    assert await view(ann.id, eve.id) == ConversationView(
        may_see=True, blocked=False, channel_id=None
    )
    stranger = await view(ida.id, eve.id)
    assert (stranger.may_see, stranger.is_hidden, stranger.is_closed) == (True, False, False)
    await store.relations.block(ann.id, ben.id)
    blocking, blocked = await view(ann.id, ben.id), await view(ben.id, ann.id)
    assert blocking == ConversationView(may_see=True, blocked=True, channel_id=channel_id)
    assert blocked == ConversationView(may_see=False, blocked=True, channel_id=channel_id)
    assert (blocking.is_hidden, blocking.is_closed) == (False, False)
    assert (blocked.is_hidden, blocked.is_closed) == (True, True)
    await store.accounts.change_profile(ben.id, ProfileChange(is_public=False))
    closed = await view(ida.id, ben.id)
    assert (closed.may_see, closed.is_hidden, closed.is_closed) == (False, False, True)


async def test_a_block_hides_both_users_from_each_other(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    channel = await make_channel(store, ann, ben)
    await store.relations.block(ann.id, ben.id)
    await store.relations.block(eve.id, ann.id)
    hidden = await store.relations.blocked_either_way([ann.id, ben.id, NOBODY])
    assert hidden == {ann.id: {ben.id, eve.id}, ben.id: {ann.id}, NOBODY: frozenset()}
    places = [(ann.id, channel.id), (ben.id, channel.id), (eve.id, channel.id)]
    assert list(await store.channels.hidden_from(places)) == [{ben.id, eve.id}, {ann.id}, None]


async def test_the_peers_of_a_user_are_those_of_conversations_with_a_message(store: Store) -> None:
    ann, ben, eve, kim = await make_users(store, "ann", "ben", "eve", "kim")
    await store.messages.post([Draft(ben.id, ann.id, "hi"), Draft(ben.id, eve.id, "hi")])
    await store.channels.dm(ben.id, kim.id)
    assert list(await store.relations.conversation_peers(ben.id)) == [ann.id, eve.id]
    assert list(await store.relations.conversation_peers(kim.id)) == []


async def test_follows_are_listed_by_status_and_in_pages(store: Store) -> None:
    ann, *others = await make_users(store, "ann", "ben", "dan", "eve")
    secret = await make_user(store, "secret", is_public=False)
    relations = store.relations
    for other in others:
        await relations.request_follow(ann.id, other.id)
        await relations.request_follow(other.id, ann.id)
    await relations.request_follow(ann.id, secret.id)
    accepted = FollowStatus.ACCEPTED
    ids = [other.id for other in reversed(others)]
    listed = await relations.related(ann.id, Side.FOLLOWING, status=accepted)
    assert [each.user.id for each in listed] == ids
    page = await relations.related(ann.id, Side.FOLLOWING, status=accepted, offset=1, limit=1)
    assert [each.user.id for each in page] == ids[1:2]
    side = Side.FOLLOWERS
    pages = [await relations.related(ann.id, side, offset=n, limit=2) for n in (0, 2, 4)]
    assert [each.user.id for page in pages for each in page] == ids
    first = await relations.related(ann.id, side, limit=2)
    rest = await relations.related(ann.id, side, before=first[-1].place)
    assert [each.user.id for each in rest] == ids[2:]
    await relations.remove_follow(ids[0], ann.id)
    await relations.remove_follow(ids[1], ann.id)  # the page before ended with this one
    await relations.request_follow(ids[0], ann.id)
    rest = await relations.related(ann.id, side, before=first[-1].place)
    assert [each.user.id for each in rest] == ids[2:]
    assert [each.user.id for each in await relations.related(ann.id, side)] == [ids[0], ids[2]]
    await relations.request_follow(ids[1], ann.id)
    assert await relations.related(secret.id, Side.FOLLOWERS, status=accepted) == []
    assert await relations.counts(ann.id) == FollowCounts(followers=3, following=3, requests=0)
    assert await relations.counts(secret.id) == FollowCounts(followers=0, following=0, requests=1)
    assert await relations.follow_status(ann.id, secret.id) is FollowStatus.PENDING
    assert await relations.follow_status(ann.id, ids[0]) is accepted
    assert await relations.follow_status(secret.id, ann.id) is None


async def test_users_who_may_be_messaged_are_listed_newest_first(store: Store) -> None:
    ann, ben, dan = await make_users(store, "ann", "ben", "dan")
    secret = await make_user(store, "secret", is_public=False)
    friend = await make_user(store, "friend", is_public=False)
    await store.relations.request_follow(friend.id, ann.id)
    reachable = store.relations.reachable
    assert await reachable(ann.id, before=None, limit=9) == [friend, dan, ben]
    assert await reachable(ann.id, before=None, limit=2) == [friend, dan]
    assert await reachable(ann.id, before=dan.id, limit=9) == [ben]
    assert await reachable(ann.id, text="DAN", before=None, limit=9) == [dan]
    assert await reachable(ann.id, text="%", before=None, limit=9) == []
    await store.relations.block(dan.id, ann.id)
    await store.relations.block(ann.id, ben.id)
    assert await reachable(ann.id, before=None, limit=9) == [friend]
    assert secret not in await reachable(dan.id, before=None, limit=9)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("José", "jose"),
        ("Jose", "JOSÉ"),
        ("Jose\u0301", "josé"),
        ("Łukasz Ørsted", "lukasz o"),
        ("Müller", "mull"),
        ("Ελένη", "ελενη"),
        ("Nguyễn", "nguyen"),
        ("学习", "学"),
    ],
)
async def test_people_are_found_without_accents(store: Store, name: str, text: str) -> None:
    (ann,) = await make_users(store, "ann")
    await make_users(store, "other")
    named = await store.accounts.create(NewUser(name=name, password_hash="x", username="u1"))
    found = await store.relations.reachable(ann.id, text=text, before=None, limit=9)
    assert [user.id for user in found] == [named.id]


async def test_a_message_request_is_accepted_only_by_its_recipient(store: Store) -> None:
    ann = await make_user(store, "ann")
    eve = await make_user(store, "eve", is_public=False)
    accept = store.relations.accept_message_request
    assert await accept(ann.id, eve.id) is False  # nothing was written
    await store.messages.post([Draft(eve.id, ann.id, "hello")])
    assert await accept(eve.id, ann.id) is False  # by its author
    assert not await allowed(store, ann.id, eve.id)
    assert await accept(ann.id, eve.id) is True
    assert await accept(ann.id, eve.id) is True
    assert await store.relations.follow_status(eve.id, ann.id) is FollowStatus.ACCEPTED
    assert await allowed(store, ann.id, eve.id)
    (conversation,) = await store.lists.conversations(ann.id)
    assert not conversation.is_request


async def test_an_answered_blocked_or_deleted_conversation_is_no_message_request(
    store: Store,
) -> None:
    ann, ben, dan, eve = await make_users(store, "ann", "ben", "dan", "eve")
    for sender in (ben, dan, eve):
        await store.messages.post([Draft(sender.id, ann.id, "hello")])
    (answer,) = await store.messages.post([Draft(ann.id, ben.id, "hello")])
    assert isinstance(answer, Posted)
    await revised(store, answer.message.id, Delete(), by=ann.id)
    await store.relations.block(dan.id, ann.id)
    (hello,) = await store.messages.conversation_after(ann.id, eve.id, after_seq=0, limit=9)
    await revised(store, hello.id, Delete(), by=eve.id)
    accept = store.relations.accept_message_request
    for sender in (ben, dan, eve):
        assert await accept(ann.id, sender.id) is False
    requests = [each.is_request for each in await store.lists.conversations(ann.id)]
    assert requests == [False]  # with ben, whom ann has answered
    assert (await store.relations.counts(ann.id)).followers == 0


async def waiting(store: Store, user: User) -> list[UserId]:
    """The authors of the message requests in the user's list."""
    listed = await store.lists.conversations(user.id)
    return [each.peer.id for each in listed if each.is_request]


async def test_a_first_message_is_a_request_until_its_author_is_let_in(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await store.relations.request_follow(ben.id, ann.id)  # which a public profile does not choose
    await post_one(store, Draft(ben.id, ann.id, "hello"))
    assert await waiting(store, ann) == [ben.id]
    assert await waiting(store, ben) == []
    await store.relations.request_follow(ann.id, ben.id)
    assert await waiting(store, ann) == []
    await store.relations.remove_follow(ann.id, ben.id)
    assert await waiting(store, ann) == [ben.id]
    await store.accounts.change_profile(ann.id, ProfileChange(is_public=False))
    assert await waiting(store, ann) == []  # a private profile chooses who follows it
    await store.relations.remove_follow(ben.id, ann.id)
    await store.accounts.change_profile(ann.id, ProfileChange(is_public=True))
    channel = await make_channel(store, ann, ben)
    assert await waiting(store, ann) == []
    await store.workspaces.remove_member(WorkspaceId(channel.workspace_id or 0), ben.id, by=ann.id)
    assert await waiting(store, ann) == [ben.id]
    await store.relations.accept_message_request(ann.id, ben.id)
    await store.relations.remove_follow(ben.id, ann.id)
    assert await waiting(store, ann) == []  # an accepted request stays accepted


async def test_a_declined_request_is_in_no_list_until_its_author_writes_again(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    decline = store.relations.decline_message_request
    assert await decline(ann.id, ben.id) is False
    first = await post_one(store, Draft(ben.id, ann.id, "hello"))
    assert await decline(ben.id, ann.id) is False  # by its author
    assert await store.lists.unread_count(ann.id) == 1
    assert await store.relations.is_waiting(ann.id, ben.id)
    assert await decline(ann.id, ben.id) is True
    assert await decline(ann.id, ben.id) is False
    assert not await store.relations.is_waiting(ann.id, ben.id)
    assert await store.lists.conversations(ann.id) == []
    assert await store.lists.unread_count(ann.id) == 0
    assert await dms(store, ann.id) == []
    assert await store.lists.channels(ann.id) == []  # a resume leaves it out
    assert [each.channel.id for each in await store.channels.heads(ann.id, [first.channel_id])] == [
        first.channel_id
    ]
    (theirs,) = await store.lists.conversations(ben.id)
    assert (theirs.is_request, theirs.last_message.content) == (False, "hello")
    await post_one(store, Draft(ben.id, ann.id, "please?"))
    assert await waiting(store, ann) == [ben.id]
    assert await decline(ann.id, ben.id) is True
    await post_one(store, Draft(ann.id, ben.id, "well"))
    assert len(await store.lists.conversations(ann.id)) == 1


async def test_the_request_of_a_blocked_user_is_in_no_list(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ben.id, ann.id, "hello"))
    await store.relations.block(ann.id, ben.id)
    assert await store.lists.conversations(ann.id) == []
    assert await store.relations.decline_message_request(ann.id, ben.id) is False
    await store.relations.unblock(ann.id, ben.id)
    assert await waiting(store, ann) == [ben.id]


async def test_typing_is_shown_on_neither_side_of_a_request(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    pairs = [(ann.id, ben.id), (ben.id, ann.id)]

    async def shown() -> list[bool]:
        return [each.allowed for each in await store.relations.may_show_typing(pairs)]

    assert await shown() == [True, True]
    await post_one(store, Draft(ben.id, ann.id, "hello"))
    assert await shown() == [False, False]
    await store.relations.accept_message_request(ann.id, ben.id)
    assert await shown() == [True, True]
    await store.relations.block(ann.id, ben.id)
    assert await shown() == [False, False]


async def test_typing_is_shown_to_a_user_who_has_let_the_author_in(store: Store) -> None:
    """A user with a public profile has not let followers in; a workspace lets its members in."""
    ann, ben = await make_users(store, "ann", "ben")
    await post_one(store, Draft(ben.id, ann.id, "hello"))
    await store.relations.request_follow(ben.id, ann.id)
    (permit,) = await store.relations.may_show_typing([(ben.id, ann.id)])
    assert not permit.allowed
    await make_channel(store, ann, ben)
    (permit,) = await store.relations.may_show_typing([(ben.id, ann.id)])
    assert permit.allowed
