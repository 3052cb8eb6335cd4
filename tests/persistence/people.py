"""Users for store tests, and what they post."""

from collections.abc import Sequence

from persistence.interface import Store
from persistence.records import Draft, NewUser, Outcome
from protocol.model import Message, Posted, User


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


async def post(store: Store, *drafts: Draft) -> Sequence[Outcome]:
    return await store.messages.post(drafts)


async def post_one(store: Store, draft: Draft) -> Message:
    (outcome,) = await post(store, draft)
    assert isinstance(outcome, Posted), outcome
    return outcome.message
