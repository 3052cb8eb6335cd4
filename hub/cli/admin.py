"""The operator's commands beside running the hub: migrate, accounts, sessions, settings.

They open the database themselves. The embedded one belongs to one process at a time, so there they
work while the hub is stopped; with an external one they work at any time. Must not know: flags.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from attrs import field, frozen

from hub.identity.passwords import PasswordHasher, check_password
from hub.settings.config import SETTINGS, Config
from hub.settings.redaction import revealed
from hub.sockets.tls import server_context
from persistence import is_data_dir, open_database, open_store
from persistence.interface import Store
from persistence.records import NewUser, NoSuchUser, ProfileChange, StoreError, Taken
from protocol.model import Role, User
from protocol.parsing.names import is_address, is_name, is_username

Say: TypeAlias = Callable[[str], None]

PAGE = 500
ROLES = [role.value for role in Role if role is not Role.ASSISTANT]
"""Those that an operator may give."""


class NotDone(StoreError):
    """A command cannot be carried out; the text says why."""


@frozen
class Account:
    """An account to be made."""

    username: str
    name: str
    email: str | None
    password: str = field(repr=False)


async def migrate_database(config: Config, say: Say) -> None:
    """Apply the files of the schema that are missing or have changed."""
    async with open_database(revealed(config.database_url), config.data_dir):
        say("The database is up to date")


def show_config(config: Config, say: Say) -> None:
    """Print every setting; of a secret only whether it is set, of a URL no password.

    Raises:
        ConfigError: the certificate cannot be used.
    """
    server_context(config)
    for setting in SETTINGS:
        say(f"{setting.name} = {setting.show(getattr(config, setting.name))}")


async def add_user(config: Config, account: Account, say: Say) -> None:
    """Make an account. Raises NotDone: a name is none, or taken."""
    if not is_username(account.username) or not is_name(account.name):
        raise NotDone("A name has a character that cannot be seen, or looks like another one")
    if account.email is not None and not is_address(account.email):
        raise NotDone(f"{account.email} is no email address")
    password_hash = await _hash(account.password)
    new = NewUser(account.name, password_hash, account.username, account.email)
    async with _store(config) as store:
        try:
            user = await store.accounts.create(new)
        except Taken as taken:
            raise NotDone(f"This {taken.field} has an account already") from None
    say(f"{user.username} has id {user.id}")


async def set_password(config: Config, username: str, password: str, say: Say) -> None:
    """Set a password and end the user's sessions."""
    password_hash = await _hash(password)
    async with known_store(config) as store:
        user = await find_user(store, username)
        try:
            await store.accounts.set_password(user.id, password_hash)
        except NoSuchUser:
            raise NotDone(f"There is no user {username}") from None
    say(f"{user.username} has a new password and is signed out everywhere")


async def set_role(config: Config, username: str, role: Role, say: Say) -> None:
    """Set what a user is on the platform; teachers and above moderate where they are members."""
    async with known_store(config) as store:
        user = await find_user(store, username)
        try:
            changed = await store.accounts.change_profile(user.id, ProfileChange(role=role))
        except NoSuchUser:
            raise NotDone(f"There is no user {username}") from None
    say(f"{changed.username} is a {changed.role}")


async def list_users(config: Config, say: Say) -> None:
    """Print id, username, email and name of every account."""
    async with known_store(config) as store:
        page = await store.accounts.list_page(after=None, limit=PAGE)
        while page:
            for user in page:
                say(f"{user.id}\t{user.username}\t{user.email or '-'}\t{user.name}")
            page = await store.accounts.list_page(after=page[-1].id, limit=PAGE)


async def revoke_sessions(config: Config, username: str, say: Say) -> None:
    """End every session of a user."""
    async with known_store(config) as store:
        user = await find_user(store, username)
        ended = await store.sessions.close_all(user.id)
    say(f"{len(ended)} sessions of {user.username} ended")


async def _hash(password: str) -> str:
    flaw = check_password(password)
    if flaw is not None:
        raise NotDone(f"This password is not accepted: {flaw}")
    return await PasswordHasher().hash(password)


async def find_user(store: Store, username: str) -> User:
    """The user. Raises NotDone: there is none."""
    user = await store.accounts.find(username)
    if user is None:
        raise NotDone(f"There is no user {username}")
    return user


@asynccontextmanager
async def _store(config: Config) -> AsyncIterator[Store]:
    url = revealed(config.database_url)
    async with open_store(url, config.data_dir, pool_size=2, lanes=1) as store:
        yield store


@asynccontextmanager
async def known_store(config: Config) -> AsyncIterator[Store]:
    """A store that is there already: a folder that is misspelt is not made.

    Raises:
        NotDone: it is not there.
    """
    if config.database_url is None and not is_data_dir(config.data_dir):
        raise NotDone(f"There is no database of Parlour in {config.data_dir}")
    async with _store(config) as store:
        yield store
