"""Workspaces, their members and what these may do: the same on every store."""

import pytest

from persistence.contents.revisions import RevisionRefusal
from persistence.interface import Store
from persistence.records import Denial, Draft, NewChannel, NewUser, NoSuchUser
from protocol.model import (
    ChannelKind,
    GradingStatus,
    MessageId,
    Posted,
    Refusal,
    Role,
    Standing,
    User,
    WorkspaceId,
)
from protocol.revisions import Delete, Grade, Pin
from tests.support.stores.records import (
    NOBODY,
    changed,
    granted,
    make_channel,
    make_user,
    make_users,
    post,
    post_one,
    revised,
    to_channel,
)


async def test_the_members_of_a_workspace_are_in_order_and_unique(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    workspaces = store.workspaces
    made = await workspaces.create(ben.id, "School", "for all")
    assert (made.name, made.description, made.members) == ("School", "for all", (ben.id,))
    for person in (eve, ann, eve):
        changed = granted(await workspaces.add_member(made.id, person.id, by=ben.id))
    assert changed.members == (ben.id, eve.id, ann.id)
    assert await workspaces.get(made.id) == changed
    for _ in range(2):
        changed = granted(await workspaces.remove_member(made.id, eve.id, by=ben.id))
        assert changed.members == (ben.id, ann.id)
    assert await workspaces.get(WorkspaceId(NOBODY)) is None
    for change in (workspaces.add_member, workspaces.remove_member):
        assert await change(WorkspaceId(NOBODY), ann.id, by=ben.id) is Denial.NOT_FOUND
    with pytest.raises(NoSuchUser):
        await workspaces.add_member(made.id, NOBODY, by=ben.id)


async def test_a_users_workspaces(store: Store) -> None:
    ann, ben, eve = await make_users(store, "ann", "ben", "eve")
    first = await store.workspaces.create(ann.id, "1", None)
    second = await store.workspaces.create(ben.id, "2", None)
    second_with_ann = await store.workspaces.add_member(second.id, ann.id, by=ben.id)
    assert await store.workspaces.of_user(ann.id) == [first, second_with_ann]
    assert await store.workspaces.of_user(eve.id) == []
    assert await store.workspaces.of_users([ann.id, eve.id, ben.id]) == {
        ann.id: {first.id, second.id}, ben.id: {second.id}, eve.id: frozenset(),
    }  # fmt: skip


async def make_team(store: Store) -> tuple[WorkspaceId, dict[str, User]]:
    """A workspace with one of each standing, and `eve`, who has none."""
    names = ("owner", "moderator", "member", "guest", "eve")
    people = dict(zip(names, await make_users(store, *names), strict=True))
    owner = people["owner"]
    workspace = await store.workspaces.create(owner.id, "Team", None)
    for standing in (Standing.MODERATOR, Standing.MEMBER, Standing.GUEST):
        user = people[standing]
        granted(await store.workspaces.add_member(workspace.id, user.id, by=owner.id))
        change = store.workspaces.change_role
        granted(await change(workspace.id, user.id, standing, by=owner.id))
    return workspace.id, people


async def test_members_are_listed_with_their_standing(store: Store) -> None:
    workspace, people = await make_team(store)
    for name in ("owner", "guest"):
        found = granted(await store.workspaces.members(workspace, by=people[name].id))
        listed = [(each.user, each.standing) for each in found]
        assert listed == [
            (people[each], each) for each in ("owner", "moderator", "member", "guest")
        ]
    assert await store.workspaces.members(workspace, by=people["eve"].id) is Denial.NOT_FOUND


async def test_a_user_with_the_role_of_a_teacher_is_a_moderator(store: Store) -> None:
    (ann,) = await make_users(store, "ann")
    tea = await store.accounts.create(NewUser("Tea", "hash", "tea", role=Role.TEACHER))
    workspace = await store.workspaces.create(ann.id, "School", None)
    granted(await store.workspaces.add_member(workspace.id, tea.id, by=ann.id))
    members = granted(await store.workspaces.members(workspace.id, by=tea.id))
    assert [each.standing for each in members] == [Standing.OWNER, Standing.MODERATOR]
    change = store.workspaces.change_role
    granted(await change(workspace.id, tea.id, Standing.GUEST, by=ann.id))
    members = granted(await store.workspaces.members(workspace.id, by=tea.id))
    assert [each.standing for each in members] == [Standing.OWNER, Standing.GUEST]


CAN_REMOVE = {
    "owner": {"moderator", "member", "guest", "other moderator", "other member"},
    "moderator": {"member", "guest", "other member", "moderator"},  # the last: themself
    "member": {"member"},
    "guest": {"guest"},
    "eve": set[str](),
}


@pytest.mark.parametrize("name", CAN_REMOVE)
async def test_which_members_each_standing_may_remove(store: Store, name: str) -> None:
    workspace, people = await make_team(store)
    owner = people["owner"]
    for standing in (Standing.MODERATOR, Standing.MEMBER):
        other = await make_user(store, f"other {standing}")
        people[other.username] = other
        granted(await store.workspaces.add_member(workspace, other.id, by=owner.id))
        change = store.workspaces.change_role
        granted(await change(workspace, other.id, standing, by=owner.id))
    targets = [each for each in people if each != "eve"]
    removed = set()
    for target in sorted(targets, key=lambda each: each == name):  # themself last
        user = people[target]
        outcome = await store.workspaces.remove_member(workspace, user.id, by=people[name].id)
        after = await store.workspaces.get(workspace)
        assert after is not None
        if user.id not in after.members:
            removed.add(target)
            assert outcome == after
        else:
            assert outcome is (Denial.NOT_FOUND if name == "eve" else Denial.NOT_ALLOWED)
    assert removed == CAN_REMOVE[name]


async def test_only_the_owner_changes_roles_and_can_only_hand_over_their_own(store: Store) -> None:
    workspace, people = await make_team(store)
    change = store.workspaces.change_role
    ids = {name: user.id for name, user in people.items()}
    for name in ("moderator", "member", "guest"):
        for target in ("guest", "member"):
            outcome = await change(workspace, ids[target], Standing.MODERATOR, by=ids[name])
            assert outcome is Denial.NOT_ALLOWED
    members = granted(await store.workspaces.members(workspace, by=ids["owner"]))
    assert {each.user.username: each.standing.value for each in members} == {
        name: name for name in ("owner", "moderator", "member", "guest")
    }
    assert await change(workspace, ids["eve"], Standing.OWNER, by=ids["eve"]) is Denial.NOT_FOUND
    lowered = await change(workspace, ids["owner"], Standing.GUEST, by=ids["owner"])
    assert lowered is Denial.NOT_ALLOWED
    with pytest.raises(NoSuchUser):
        await change(workspace, ids["eve"], Standing.MEMBER, by=ids["owner"])
    with pytest.raises(NoSuchUser):
        await change(workspace, ids["eve"], Standing.OWNER, by=ids["owner"])
    changed = granted(await change(workspace, ids["guest"], Standing.OWNER, by=ids["owner"]))
    assert changed.owner_id == ids["guest"]
    members = granted(await store.workspaces.members(workspace, by=ids["owner"]))
    standings = {each.user.username: each.standing for each in members}
    assert standings["guest"] is Standing.OWNER
    assert standings["owner"] is Standing.MODERATOR


async def test_a_member_who_returns_has_the_standing_of_a_new_member(store: Store) -> None:
    workspace, people = await make_team(store)
    owner, moderator = people["owner"], people["moderator"]
    granted(await store.workspaces.remove_member(workspace, moderator.id, by=owner.id))
    granted(await store.workspaces.add_member(workspace, moderator.id, by=owner.id))
    members = granted(await store.workspaces.members(workspace, by=owner.id))
    assert {each.user.id: each.standing for each in members}[moderator.id] is Standing.MEMBER


async def test_users_with_a_block_or_a_private_profile_cannot_be_added(store: Store) -> None:
    owner, ben, member = await make_users(store, "owner", "ben", "member")
    shy = await make_user(store, "shy", is_public=False)
    workspace = await store.workspaces.create(owner.id, "Team", None)
    add = store.workspaces.add_member
    granted(await add(workspace.id, member.id, by=owner.id))
    assert await add(workspace.id, ben.id, by=member.id) is Denial.NOT_ALLOWED
    assert await add(workspace.id, NOBODY, by=member.id) is Denial.NOT_ALLOWED
    assert await add(workspace.id, member.id, by=ben.id) is Denial.NOT_FOUND
    assert await add(workspace.id, shy.id, by=owner.id) is Denial.NOT_ALLOWED
    await store.relations.block(ben.id, owner.id)
    with pytest.raises(NoSuchUser):
        await add(workspace.id, ben.id, by=owner.id)
    found = await store.workspaces.get(workspace.id)
    assert found is not None
    assert found.members == (owner.id, member.id)


WRITERS = {
    ChannelKind.TEXT: {"owner", "moderator", "member"},
    ChannelKind.ANNOUNCEMENT: {"owner", "moderator"},
}
STAFF = {"owner", "moderator"}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", ["owner", "moderator", "member", "guest", "eve"])
@pytest.mark.partitions
async def test_what_each_standing_may_do_in_a_channel(
    store: Store, kind: ChannelKind, name: str
) -> None:
    workspace, people = await make_team(store)
    owner, user = people["owner"], people[name]
    new = NewChannel(workspace, "place", kind)
    channel = granted(await store.channels.create(new, by=owner.id))
    first = await post_one(store, to_channel(owner, channel))
    is_outside = name == "eve"
    outsiders = RevisionRefusal.NOT_FOUND if is_outside else RevisionRefusal.NOT_ALLOWED
    (written,) = await post(store, to_channel(user, channel))
    if name in WRITERS[kind]:
        assert isinstance(written, Posted)
    else:
        assert written is (Refusal.NOT_A_MEMBER if name == "eve" else Refusal.READ_ONLY)
    created = await store.channels.create(NewChannel(workspace, "more"), by=user.id)
    assert isinstance(created, Denial) is (name not in STAFF)
    names = {each.name for each in await store.channels.in_workspace(workspace)}
    assert ("more" in names) is (name in STAFF)
    outcomes = (
        await revised(store, first.id, Pin(), by=user.id),
        await revised(store, first.id, Pin(is_pinned=False), by=user.id),
        await revised(store, first.id, Grade(GradingStatus.GRADED), by=user.id),
        await revised(store, first.id, Delete(), by=user.id),
    )
    refusals = [each for each in outcomes if isinstance(each, RevisionRefusal)]
    assert refusals == ([] if name in STAFF else [outsiders] * 4)
    message = await store.messages.get(first.id)
    assert (message is None) == (name in STAFF)
    if message is not None:
        assert message.grading is None
    (listed,) = await store.channels.heads(owner.id, [channel.id])
    assert listed.channel.pinned == ()


async def test_a_private_conversation_is_private_to_its_two_participants(store: Store) -> None:
    """A teacher has no more rights there, and neither user may change the other's messages."""
    ann, ben = await make_users(store, "ann", "ben")
    tea = await store.accounts.create(NewUser("Tea", "hash", "tea", role=Role.TEACHER))
    message = await post_one(store, Draft(ann.id, tea.id, "mine"))
    for user, refusal in (
        (tea, RevisionRefusal.NOT_ALLOWED),
        (ben, RevisionRefusal.NOT_FOUND),
    ):
        for revision in (Delete(), Grade(GradingStatus.GRADED), Pin()):
            assert await revised(store, message.id, revision, by=user.id) is refusal
    assert await store.messages.get(message.id) == message
    assert (await changed(store, message.id, Delete(), by=ann.id)).is_deleted


async def test_a_user_who_may_no_longer_see_a_channel_cannot_delete_there(store: Store) -> None:
    ann, ben = await make_users(store, "ann", "ben")
    channel = await make_channel(store, ann, ben)
    assert channel.workspace_id is not None
    message = await post_one(store, to_channel(ben, channel))
    granted(await store.workspaces.remove_member(channel.workspace_id, ben.id, by=ann.id))
    assert await revised(store, message.id, Delete(), by=ben.id) is RevisionRefusal.NOT_FOUND
    assert await revised(store, MessageId(NOBODY), Delete(), by=ann.id) is RevisionRefusal.NOT_FOUND
    assert await store.messages.get(message.id) == message
