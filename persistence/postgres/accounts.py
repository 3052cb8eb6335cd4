"""Accounts in Postgres: users and their password hashes."""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import orjson
from attrs import fields, frozen

from persistence.audit import AuditEntry
from persistence.postgres.database.audit import noted, values_of
from persistence.postgres.database.bridge import Database, Duplicate, Record
from persistence.records import (
    Credentials,
    Gone,
    Identity,
    NewUser,
    NoSuchUser,
    ProfileChange,
    Taken,
)
from protocol.model import MessageFate, Role, SessionId, User, UserId, name_key

USER_COLUMNS: Final = (
    "id", "username", "name", "created_at", "updated_at", "email", "first_name", "last_name",
    "date_of_birth", "avatar", "nickname", "about_me", "role", "class_name", "subject", "is_public",
    "deactivated_at", "deleted_at",
)  # fmt: skip
_NUMBERED_USERNAMES: Final = 20


def user_columns(table: str) -> str:
    """The columns of a User for a SELECT list, each named `user_<column>`."""
    return ", ".join(f"{table}.{column} AS user_{column}" for column in USER_COLUMNS)


def user_from(row: Record) -> User:
    """The User in a row selected with `user_columns`."""
    values = {column: row[f"user_{column}"] for column in USER_COLUMNS}
    return User(**{**values, "role": Role(values["role"])})


_SELECT: Final = f"SELECT {user_columns('users')} FROM users"
_SELECT_WITH_HASH: Final = f"SELECT {user_columns('users')}, password_hash FROM users"
_PROFILE: Final = ", ".join(field.name for field in fields(ProfileChange))
# columns that are no key of $2 stay as they are
_CHANGE_PROFILE: Final = f"""
    WITH changed AS (UPDATE users
       SET ({_PROFILE}, name_key) =
               (SELECT {_PROFILE}, name_key FROM jsonb_populate_record(users, $2)),
           updated_at = date_trunc('milliseconds', clock_timestamp())
     WHERE id = $1 RETURNING {user_columns("users")}),
    {noted("changed", 3)}
    SELECT * FROM changed
"""
_CHANGE_LOGIN: Final = f"""
    WITH ended AS (DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $3),
    changed AS (
        UPDATE users SET password_hash = $2 WHERE id = $1
        RETURNING id AS user_id, username AS user_username),
    {noted("changed", 4)}
    SELECT user_id FROM changed
"""
# $2: whether the account may be used; the trigger users_end_deactivated ends its sessions
_ACTIVATE: Final = f"""
    WITH changed AS (
        UPDATE users
           SET deactivated_at = CASE WHEN NOT $2::boolean THEN coalesce(
                   deactivated_at, date_trunc('milliseconds', clock_timestamp())) END
         WHERE id = $1 RETURNING {user_columns("users")}),
    {noted("changed", 3)}
    SELECT * FROM changed
"""
_CHANGE_EMAIL: Final = f"""
    UPDATE users SET email = $2, email_key = $3,
                     updated_at = date_trunc('milliseconds', clock_timestamp())
     WHERE id = $1 RETURNING {user_columns("users")}
"""
_PROPOSE_EMAIL: Final = """
    INSERT INTO proposed_emails AS p (user_id, email, digest, ends_at)
    VALUES ($1, $2, $3, now() + make_interval(secs => $4))
    ON CONFLICT (user_id) DO UPDATE
       SET email = EXCLUDED.email, digest = EXCLUDED.digest, ends_at = EXCLUDED.ends_at
"""
_TAKE_PROPOSED_EMAIL: Final = """
    DELETE FROM proposed_emails WHERE user_id = $1 AND digest = $2
    RETURNING email, ends_at > now() AS is_good
"""
_DELETE: Final = "SELECT delete_account($1, $2) AS verdict"
_INSERT: Final = f"""
    WITH made AS (
        INSERT INTO users (username, email, name, first_name, last_name, date_of_birth, avatar,
                           nickname, about_me, role, class_name, subject, is_public, password_hash,
                           username_key, email_key, name_key)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $17, $18, $19)
        RETURNING {user_columns("users")}),
    known AS (
        INSERT INTO identities (issuer, subject, user_id)
        SELECT $15, $16, user_id FROM made WHERE $15::text IS NOT NULL),
    {noted("made", 20)}
    SELECT * FROM made
"""
_TAKEN: Final = {"users_email": "email", "identities_pkey": "identity"}
"""The field of a constraint; all others are of the username."""


@frozen
class PostgresAccounts:
    """Implements `persistence.interface.Accounts`."""

    database: Database

    async def create(self, new: NewUser, *, audit: AuditEntry | None = None) -> User:
        """See the interface."""
        taken = Taken("username")
        for username in _candidates(new):
            try:
                return await self._insert(new, username, audit)
            except Taken as error:
                if error.field != "username" or new.username is not None:
                    raise
                taken = error
        raise taken

    async def _insert(self, new: NewUser, username: str, audit: AuditEntry | None) -> User:
        known = new.identity
        try:
            row = await self.database.fetch_one(
                _INSERT, username, new.email, new.name, new.first_name, new.last_name,
                new.date_of_birth, new.avatar, new.nickname, new.about_me, new.role.value,
                new.class_name, new.subject, new.is_public, new.password_hash,
                None if known is None else known.issuer, None if known is None else known.subject,
                name_key(username), None if new.email is None else name_key(new.email),
                name_key(new.name), *values_of(audit),
            )  # fmt: skip
        except Duplicate as error:
            raise Taken(_TAKEN.get(error.constraint or "", "username")) from None
        return user_from(row)

    async def get(self, user_id: UserId) -> User | None:
        """See the interface."""
        row = await self.database.fetch_one(f"{_SELECT} WHERE id = $1", user_id)
        return None if row is None else user_from(row)

    async def get_many(self, user_ids: Collection[UserId]) -> Mapping[UserId, User]:
        """See the interface."""
        rows = await self.database.fetch(f"{_SELECT} WHERE id = ANY ($1::bigint[])", list(user_ids))
        return {row["user_id"]: user_from(row) for row in rows}

    async def list_page(self, *, after: UserId | None, limit: int) -> Sequence[User]:
        """See the interface."""
        rows = await self.database.fetch(
            f"{_SELECT} WHERE id > $1 AND role <> 'assistant' AND deleted_at IS NULL"
            " ORDER BY id LIMIT $2",
            after or 0,
            limit,
        )
        return [user_from(row) for row in rows]

    async def find(self, username: str) -> User | None:
        """See the interface."""
        row = await self.database.fetch_one(
            f"{_SELECT} WHERE username_key = $1 AND deleted_at IS NULL", name_key(username)
        )
        return None if row is None else user_from(row)

    async def of_identity(self, identity: Identity) -> User | None:
        """See the interface."""
        row = await self.database.fetch_one(
            f"SELECT {user_columns('u')} FROM identities i JOIN users u ON u.id = i.user_id"
            " WHERE i.issuer = $1 AND i.subject = $2",
            identity.issuer,
            identity.subject,
        )
        return None if row is None else user_from(row)

    async def credentials(self, login: str) -> Credentials | None:
        """See the interface."""
        row = await self.database.fetch_one(
            f"{_SELECT_WITH_HASH} WHERE (email_key = $1 OR username_key = $1)"
            " AND deleted_at IS NULL ORDER BY username_key = $1 DESC LIMIT 1",
            name_key(login),
        )
        return None if row is None else Credentials(user_from(row), row["password_hash"])

    async def password_hash(self, user_id: UserId) -> str | None:
        """See the interface."""
        row = await self.database.fetch_one(
            "SELECT password_hash FROM users WHERE id = $1", user_id
        )
        return None if row is None else str(row["password_hash"])

    async def set_password(
        self,
        user_id: UserId,
        password_hash: str,
        *,
        keep: SessionId | None = None,
        audit: AuditEntry | None = None,
    ) -> None:
        """See the interface."""
        row = await self.database.fetch_one(
            _CHANGE_LOGIN, user_id, password_hash, keep, *values_of(audit)
        )
        if row is None:
            raise NoSuchUser(user_id)

    async def rehash_password(self, user_id: UserId, password_hash: str) -> None:
        """See the interface."""
        await self.database.fetch(
            "UPDATE users SET password_hash = $2 WHERE id = $1 RETURNING id", user_id, password_hash
        )

    async def change_email(self, user_id: UserId, email: str) -> User:
        """See the interface."""
        try:
            row = await self.database.fetch_one(_CHANGE_EMAIL, user_id, email, name_key(email))
        except Duplicate:
            raise Taken("email") from None
        if row is None:
            raise NoSuchUser(user_id)
        return user_from(row)

    async def propose_email(
        self, user_id: UserId, email: str, digest: bytes, *, seconds: float
    ) -> None:
        """See the interface."""
        try:
            await self.database.fetch(_PROPOSE_EMAIL, user_id, email, digest, seconds)
        except Gone:
            raise NoSuchUser(user_id) from None

    async def take_proposed_email(self, user_id: UserId, digest: bytes) -> str | None:
        """See the interface."""
        row = await self.database.fetch_one(_TAKE_PROPOSED_EMAIL, user_id, digest)
        return None if row is None or not row["is_good"] else str(row["email"])

    async def identities(self, user_id: UserId) -> Sequence[Identity]:
        """See the interface."""
        rows = await self.database.fetch(
            "SELECT issuer, subject FROM identities WHERE user_id = $1 ORDER BY created_at", user_id
        )
        return [Identity(row["issuer"], row["subject"]) for row in rows]

    async def delete(self, user_id: UserId, fate: MessageFate = MessageFate.REMOVE) -> bool:
        """See the interface."""
        row = await self.database.fetch_one(_DELETE, user_id, fate is MessageFate.KEEP)
        if row is None or row["verdict"] == "unknown":
            raise NoSuchUser(user_id)
        return bool(row["verdict"] == "done")

    async def change_profile(
        self, user_id: UserId, change: ProfileChange, *, audit: AuditEntry | None = None
    ) -> User:
        """See the interface."""
        given = change.given()
        if isinstance(change.name, str):
            given["name_key"] = name_key(change.name)
        row = await self.database.fetch_one(
            _CHANGE_PROFILE, user_id, orjson.dumps(given).decode(), *values_of(audit)
        )
        if row is None:
            raise NoSuchUser(user_id)
        return user_from(row)

    async def deactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """See the interface."""
        return await self._activate(user_id, audit, is_active=False)

    async def reactivate(self, user_id: UserId, *, audit: AuditEntry | None = None) -> User:
        """See the interface."""
        return await self._activate(user_id, audit, is_active=True)

    async def _activate(
        self, user_id: UserId, audit: AuditEntry | None, *, is_active: bool
    ) -> User:
        row = await self.database.fetch_one(_ACTIVATE, user_id, is_active, *values_of(audit))
        if row is None:
            raise NoSuchUser(user_id)
        return user_from(row)


def _candidates(new: NewUser) -> Iterator[str]:
    """Usernames to try: the given one alone; or else `called` or the email up to the @, then with a
    number, then with a random suffix.
    """
    if new.username is not None:
        yield new.username
        return
    base = new.called or (new.email or "user").partition("@")[0] or "user"
    yield base
    for number in range(2, _NUMBERED_USERNAMES):
        yield f"{base}{number}"
    yield f"{base}-{secrets.token_hex(8)}"
