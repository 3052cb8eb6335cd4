"""The users: pairs with a conversation, and with sessions of every kind."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

import attrs
from attrs import frozen

from hub.identity.cookies import new_token, token_hash
from hub.identity.jwt_tokens import TokenVerifier
from hub.identity.passwords import PasswordHasher
from persistence import open_store
from persistence.interface import Store
from persistence.records import Draft, NewChannel, NewUser
from protocol.model import Posted, User
from protocol.parsing.express_session import sign
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.stores.records import granted

SECRET: Final = "the own secret of the attacks is long"
PASSWORD: Final = "correct horse"
LOGIN_DAYS: Final = 1
BATCH: Final = 500


@frozen
class Person:
    """A user with an account. `cookie` and `chat_cookie` are headers of the two kinds of session,
    `token` is for Socket.IO; `peer` is the other user of the conversation `dm` and of `channel`.
    """

    id: int
    username: str
    cookie: str
    chat_cookie: str
    token: str
    peer: int
    dm: int
    workspace: int
    channel: int

    @property
    def dm_uuid(self) -> str:
        return to_uuid(IdKind.CHANNEL, self.dm)

    @property
    def bearer(self) -> str:
        return f"Authorization: Bearer {self.token}"

    def plain(self) -> dict[str, Any]:
        """The person as JSON, for another process."""
        return attrs.asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Self:
        """The person that `plain` returned."""
        return cls(**plain)


async def make_people(data_dir: Path, histories: Sequence[int]) -> list[Person]:
    """Make pairs in a new database, one for each history; its number is how many messages it has.

    The user with the even index wrote the messages, and the other one has read the first of them.
    """
    people: list[Person] = []
    async with open_store(None, data_dir, pool_size=8, lanes=1) as store:
        password_hash = await PasswordHasher().hash(PASSWORD)
        for number, messages in enumerate(histories):
            people += await _pair(store, f"person{number}", password_hash, messages)
    return people


async def _pair(store: Store, name: str, password_hash: str, messages: int) -> list[Person]:
    one, other = [
        await store.accounts.create(
            NewUser(
                name=f"{name.title()} {side}",
                password_hash=password_hash,
                username=f"{name}{side}",
                email=f"{name}{side}@example.org",
            )
        )
        for side in ("a", "b")
    ]
    workspace = await store.workspaces.create(one.id, name, None)
    granted(await store.workspaces.add_member(workspace.id, other.id, by=one.id))
    channel = granted(await store.channels.create(NewChannel(workspace.id, "talk"), by=one.id))
    dm = await store.channels.dm(one.id, other.id)
    # Both have written, so they are in contact.
    answer = [Draft(other.id, one.id, "Hello")]
    drafts = answer + [Draft(one.id, other.id, f"Message {at}") for at in range(messages)]
    for at in range(0, len(drafts), BATCH):
        for posted in await store.messages.post(drafts[at : at + BATCH]):
            assert isinstance(posted, Posted), posted
    pair = ((one, other), (other, one))
    return [
        await _person(store, user, peer, dm.id, workspace.id, channel.id) for user, peer in pair
    ]


async def _person(
    store: Store, user: User, peer: User, dm: int, workspace: int, channel: int
) -> Person:
    session = new_token()
    lifetime = timedelta(days=LOGIN_DAYS)
    await store.sessions.open(user.id, token_hash(session), lifetime)
    subject = to_uuid(IdKind.USER, user.id)
    return Person(
        id=user.id,
        username=user.username,
        cookie=f"Cookie: session_token={session}",
        chat_cookie=f"Cookie: connect.sid={sign(session, SECRET)}",
        token=TokenVerifier(SECRET).issue(subject, timedelta(days=LOGIN_DAYS)),
        peer=peer.id,
        dm=dm,
        workspace=workspace,
        channel=channel,
    )
