"""What tests put into a store: users, channels, messages."""

from collections.abc import Sequence
from typing import Final, TypeVar

from persistence.contents.revisions import (
    Revised,
    RevisionDraft,
    RevisionOutcome,
    RevisionRefusal,
    RevisionRules,
)
from persistence.interface import Store
from persistence.lists import Places
from persistence.records import Denial, Draft, Locked, NewChannel, NewUser, Outcome
from persistence.uploads import Upload
from protocol.model import Channel, ChannelId, Message, MessageId, Posted, User, UserId
from protocol.revisions import Revision

T = TypeVar("T")

NOBODY: Final = UserId(987_654_321)
NOWHERE: Final = ChannelId(987_654_321)


def granted(outcome: T | Denial) -> T:
    """The result of an action that was allowed."""
    assert not isinstance(outcome, Denial), outcome
    return outcome


async def make_user(
    store: Store, username: str, *, email: str | None = None, is_public: bool = True
) -> User:
    new = NewUser(
        name=username.title(),
        password_hash=f"hash of {username}",
        username=username,
        email=email,
        is_public=is_public,
    )
    return await store.accounts.create(new)


async def make_users(store: Store, *usernames: str) -> list[User]:
    return [await make_user(store, username) for username in usernames]


async def dms(store: Store, user_id: UserId) -> list[Channel]:
    """The dms in a user's lists, oldest first."""
    heads = await store.lists.channels(user_id, Places.CONVERSATIONS)
    return [head.channel for head in heads]


async def make_channel(store: Store, owner: User, *members: User) -> Channel:
    """A channel in a workspace of its own."""
    workspace = await store.workspaces.create(owner.id, "school", None)
    for member in members:
        granted(await store.workspaces.add_member(workspace.id, member.id, by=owner.id))
    return granted(await store.channels.create(NewChannel(workspace.id, "general"), by=owner.id))


async def make_upload(store: Store, owner: User, name: str = "x.png") -> str:
    """The address of a stored picture."""
    url = f"/uploads/2026-01-01/{name}"
    await store.uploads.add(Upload(url, owner.id, "image/png", name, 100))
    return url


def to_channel(
    author: User, channel: Channel, content: str = "hi", key: str | None = None
) -> Draft:
    return Draft(author.id, None, content, key, channel_id=channel.id)


async def post(store: Store, *drafts: Draft) -> Sequence[Outcome | Locked]:
    return await store.messages.post(drafts)


async def post_one(store: Store, draft: Draft) -> Message:
    (outcome,) = await post(store, draft)
    assert isinstance(outcome, Posted), outcome
    return outcome.message


async def say(store: Store, author: User, channel: Channel, *texts: str) -> list[Message]:
    return [await post_one(store, to_channel(author, channel, text)) for text in texts]


async def log_of(store: Store, a: User, b: User) -> Sequence[Message]:
    return await store.messages.conversation_after(a.id, b.id, after_seq=0, limit=10_000)


async def revised(
    store: Store,
    message_id: MessageId,
    revision: Revision,
    *,
    by: UserId,
    key: str | None = None,
    rules: RevisionRules = RevisionRules(),  # noqa: B008  a value
) -> RevisionOutcome:
    """The result of a revision."""
    target = await store.revisions.target(by, message_id)
    if target is None:
        return RevisionRefusal.NOT_FOUND
    draft = RevisionDraft(by, message_id, revision, target, rules, key)
    (outcome,) = await store.revisions.revise([draft])
    assert not isinstance(outcome, Locked)
    return outcome


async def changed(
    store: Store, message_id: MessageId, revision: Revision, *, by: UserId
) -> Message:
    """The message after a revision that is allowed."""
    outcome = await revised(store, message_id, revision, by=by)
    assert isinstance(outcome, Revised), outcome
    return outcome.message
