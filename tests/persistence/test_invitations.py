"""Invitations and links that invite: the same on every store."""

from datetime import UTC, datetime, timedelta

import pytest

from persistence.interface import Store
from persistence.records import Denial, NoSuchUser
from protocol.model import Standing, User, Workspace, WorkspaceId
from tests.support.stores.records import NOBODY, granted, make_user, make_users


async def make_workspace(store: Store, owner: User) -> Workspace:
    return await store.workspaces.create(owner.id, "Team", "ours")


async def members_of(store: Store, workspace: Workspace) -> tuple[int, ...]:
    found = await store.workspaces.get(workspace.id)
    assert found is not None
    return found.members


async def test_invited_users_accept_or_decline(store: Store) -> None:
    owner, ann, ben = await make_users(store, "owner", "ann", "ben")
    workspace = await make_workspace(store, owner)
    invitations = store.invitations
    for user in (ann, ben, ann):
        assert granted(await invitations.invite(workspace.id, user.id, by=owner.id)) == workspace
    (invitation,) = await invitations.of_user(ann.id)
    assert (invitation.workspace, invitation.inviter) == (workspace, owner)
    joined = await invitations.accept(workspace.id, ann.id)
    assert joined is not None
    assert joined.members == (owner.id, ann.id)
    assert await invitations.decline(workspace.id, ben.id)
    assert await members_of(store, workspace) == (owner.id, ann.id)
    for user in (ann, ben):
        assert await invitations.of_user(user.id) == []
        assert await invitations.accept(workspace.id, user.id) is None
        assert not await invitations.decline(workspace.id, user.id)
    assert await invitations.accept(WorkspaceId(NOBODY), ann.id) is None


async def test_members_are_not_invited(store: Store) -> None:
    owner, ann = await make_users(store, "owner", "ann")
    workspace = await make_workspace(store, owner)
    granted(await store.invitations.invite(workspace.id, ann.id, by=owner.id))
    granted(await store.workspaces.add_member(workspace.id, ann.id, by=owner.id))
    assert await store.invitations.of_user(ann.id) == []
    granted(await store.invitations.invite(workspace.id, ann.id, by=owner.id))
    assert await store.invitations.of_user(ann.id) == []


async def test_invitations_that_the_policy_does_not_allow_are_refused(store: Store) -> None:
    owner, member, ann = await make_users(store, "owner", "member", "ann")
    shy = await make_user(store, "shy", is_public=False)
    workspace = await make_workspace(store, owner)
    granted(await store.workspaces.add_member(workspace.id, member.id, by=owner.id))
    invite = store.invitations.invite
    assert await invite(workspace.id, ann.id, by=member.id) is Denial.NOT_ALLOWED
    assert await invite(workspace.id, member.id, by=ann.id) is Denial.NOT_FOUND
    assert await invite(workspace.id, shy.id, by=owner.id) is Denial.NOT_ALLOWED
    await store.relations.block(ann.id, owner.id)
    for nobody in (ann.id, NOBODY):  # a block is as if there were no such user
        with pytest.raises(NoSuchUser):
            await invite(workspace.id, nobody, by=owner.id)
    for user in (ann, shy):
        assert await store.invitations.of_user(user.id) == []


async def test_an_invitation_ends_with_the_right_to_invite_and_with_a_block(store: Store) -> None:
    owner, helper, ann, ben = await make_users(store, "owner", "helper", "ann", "ben")
    workspace = await make_workspace(store, owner)
    granted(await store.workspaces.add_member(workspace.id, helper.id, by=owner.id))
    change = store.workspaces.change_role
    granted(await change(workspace.id, helper.id, Standing.MODERATOR, by=owner.id))
    for user in (ann, ben):
        granted(await store.invitations.invite(workspace.id, user.id, by=helper.id))
    await store.relations.block(ann.id, helper.id)
    assert await store.invitations.of_user(ann.id) == []
    assert await store.invitations.accept(workspace.id, ann.id) is None
    assert len(await store.invitations.of_user(ben.id)) == 1
    granted(await change(workspace.id, helper.id, Standing.MEMBER, by=owner.id))
    assert await store.invitations.of_user(ben.id) == []
    assert await store.invitations.accept(workspace.id, ben.id) is None
    assert await members_of(store, workspace) == (owner.id, helper.id)


HOUR = timedelta(hours=1)


async def test_a_link_admits_a_limited_number_of_users(store: Store) -> None:
    owner, ann, ben, eve = await make_users(store, "owner", "ann", "ben", "eve")
    workspace = await make_workspace(store, owner)
    invitations, soon = store.invitations, datetime.now(UTC).replace(microsecond=0) + HOUR
    link = granted(await invitations.create_link(workspace.id, b"secret", soon, 2, by=owner.id))
    assert (link.workspace_id, link.expires_at, link.uses_left) == (workspace.id, soon, 2)
    assert await invitations.links(workspace.id, by=owner.id) == [link]
    assert await invitations.linked(b"secret") == workspace
    for user in (ann, ann, owner, ben):  # members use none of it
        joined = await invitations.join_by_link(b"secret", user.id)
        assert joined is not None
        assert user.id in joined.members
    assert await invitations.join_by_link(b"secret", eve.id) is None
    assert await invitations.join_by_link(b"another", eve.id) is None
    assert await invitations.linked(b"secret") is None
    assert await invitations.links(workspace.id, by=owner.id) == []
    assert await members_of(store, workspace) == (owner.id, ann.id, ben.id)


async def test_a_link_ends(store: Store) -> None:
    """By its time, by being ended, and with its maker's right to invite."""
    owner, helper, ann = await make_users(store, "owner", "helper", "ann")
    workspace = await make_workspace(store, owner)
    granted(await store.workspaces.add_member(workspace.id, helper.id, by=owner.id))
    change, invitations = store.workspaces.change_role, store.invitations
    granted(await change(workspace.id, helper.id, Standing.MODERATOR, by=owner.id))
    now = datetime.now(UTC)
    made = [
        granted(await invitations.create_link(workspace.id, token, end, 9, by=by.id))
        for token, end, by in (
            (b"past", now - HOUR, owner),
            (b"ended", now + HOUR, owner),
            (b"lost", now + HOUR, helper),
        )
    ]
    assert await invitations.end_link(workspace.id, made[1].id, by=helper.id) is None
    assert await invitations.end_link(workspace.id, made[1].id, by=owner.id) is Denial.NOT_FOUND
    granted(await change(workspace.id, helper.id, Standing.MEMBER, by=owner.id))
    for token in (b"past", b"ended", b"lost"):
        assert await invitations.linked(token) is None
        assert await invitations.join_by_link(token, ann.id) is None


async def test_only_users_who_may_invite_make_list_and_end_links(store: Store) -> None:
    owner, member, eve = await make_users(store, "owner", "member", "eve")
    workspace, other = await make_workspace(store, owner), await make_workspace(store, eve)
    granted(await store.workspaces.add_member(workspace.id, member.id, by=owner.id))
    soon, invitations = datetime.now(UTC) + HOUR, store.invitations
    link = granted(await invitations.create_link(workspace.id, b"secret", soon, 1, by=owner.id))
    for user, denial in ((member, Denial.NOT_ALLOWED), (eve, Denial.NOT_FOUND)):
        create = invitations.create_link
        assert await create(workspace.id, b"x", soon, 1, by=user.id) is denial
        assert await invitations.links(workspace.id, by=user.id) is denial
        assert await invitations.end_link(workspace.id, link.id, by=user.id) is denial
    assert await invitations.end_link(other.id, link.id, by=eve.id) is Denial.NOT_FOUND
    assert await invitations.links(workspace.id, by=owner.id) == [link]
