"""Users for store tests."""

from persistence.interface import Store
from persistence.records import NewUser
from protocol.model import User


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
