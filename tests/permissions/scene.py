"""A workspace, conversations and one user of each kind, for the matrix of permissions."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from attrs import frozen

from persistence.records import Draft, NewChannel
from protocol.dialects.messenger.conversations import conversation_id
from protocol.model import ChannelKind, Role, Standing, Workspace
from protocol.shapes.uuids import IdKind, to_uuid
from tests.support.stores.databases import execute
from tests.support.stores.records import granted, post_one, to_channel
from tests.support.world import Person, World


class Kind(StrEnum):
    """The kinds of callers. The first three are not signed in, or no longer."""

    STRANGER = "stranger"
    DELETED = "deleted account"
    EXPIRED = "expired session"
    OUTSIDER = "other workspace"
    REMOVED = "removed member"
    BLOCKED = "blocked"
    GUEST = "guest"
    MEMBER = "member"
    MODERATOR = "moderator"
    OWNER = "owner"


SIGNED_OUT: Final = (Kind.STRANGER, Kind.DELETED, Kind.EXPIRED)
STANDINGS: Final[Mapping[Kind, Standing]] = {
    Kind.GUEST: Standing.GUEST,
    Kind.MEMBER: Standing.MEMBER,
    Kind.MODERATOR: Standing.MODERATOR,
    Kind.OWNER: Standing.OWNER,
}
"""The standings of the kinds that belong to the workspace."""


@frozen
class Scene:
    """The callers, and the data that the calls are about.

    Paul is a member, has written to every signed-in caller, and has blocked one of them; Paul and
    Spare have a conversation. The operator has made the outsider a teacher, who owns another
    workspace.
    """

    people: Mapping[Kind, Person]
    ids: Mapping[str, object]

    def headers(self, kind: Kind, *, bearer: bool) -> dict[str, str]:
        """The login of a caller: both cookies, or a token."""
        person = self.people.get(kind)
        if person is None:
            return {}
        if bearer:
            name = to_uuid(IdKind.USER, person.id)
            tokens = person.world.services.tokens
            token = tokens.issue(name, timedelta(minutes=5), person.session_id)
            return {"Authorization": f"Bearer {token}"}
        return {"Cookie": f"{person.cookie}; {person.platform_cookie}"}

    def filled(self, template: object, kind: Kind) -> object:
        """A path or a body with the ids in it; for a caller without an account, `me` is 0."""
        person = self.people.get(kind)
        me, paul = 0 if person is None else person.id, int(str(self.ids["paul"]))
        low, high = sorted((me, paul))
        ids = {**self.ids, "me": me, "low": low, "high": high}
        match template:
            case str():
                is_id = template.startswith("{") and template.endswith("}")
                return ids[template[1:-1]] if is_id else template.format(**ids)
            case dict():
                return {name: self.filled(value, kind) for name, value in template.items()}
            case list():
                return [self.filled(value, kind) for value in template]
            case _:
                return template


async def open_scene(world: World, dsn: str) -> Scene:
    """A new scene in a hub over the database; an added user is a member at once."""
    store = world.store
    people: dict[Kind, Person] = {
        kind: await world.person(
            kind.name.lower(), role=Role.TEACHER if kind is Kind.OUTSIDER else Role.STUDENT
        )
        for kind in Kind
        if kind is not Kind.STRANGER
    }
    paul, spare, fresh = await world.people("paul", "spare", "fresh")
    owner = people[Kind.OWNER]
    await store.workspaces.create(people[Kind.OUTSIDER].id, "Other", None)
    workspace = await store.workspaces.create(owner.id, "School", None)
    members = [people[kind] for kind in (Kind.GUEST, Kind.MEMBER, Kind.MODERATOR, Kind.REMOVED)]
    for person in (*members, paul, spare):
        granted(await store.workspaces.add_member(workspace.id, person.id, by=owner.id))
    for kind in (Kind.GUEST, Kind.MODERATOR):
        user_id, standing = people[kind].id, STANDINGS[kind]
        granted(await store.workspaces.change_role(workspace.id, user_id, standing, by=owner.id))
    removed = people[Kind.REMOVED].id
    granted(await store.workspaces.remove_member(workspace.id, removed, by=owner.id))
    for kind, person in people.items():
        if kind not in SIGNED_OUT:
            await post_one(store, Draft(paul.id, person.id, "hello"))
    await store.relations.block(paul.id, people[Kind.BLOCKED].id)
    ids = await _places(world, workspace, owner, paul, spare)
    await execute(dsn, f"DELETE FROM users WHERE id = {people[Kind.DELETED].id}")
    ended = timedelta(seconds=-1)
    people[Kind.EXPIRED] = await world.sign_in(people[Kind.EXPIRED].user, ended)
    numbers = {"paul": paul.id, "spare": spare.id, "fresh": fresh.id, "owner": owner.id}
    return Scene(people, {**ids, **numbers, "workspace": workspace.id})


async def _places(
    world: World, workspace: Workspace, owner: Person, paul: Person, spare: Person
) -> dict[str, object]:
    """Channels, messages and a link, and their ids."""
    store, create = world.store, world.store.channels.create
    general = granted(await create(NewChannel(workspace.id, "general"), by=owner.id))
    new = NewChannel(workspace.id, "news", ChannelKind.ANNOUNCEMENT)
    news = granted(await create(new, by=owner.id))
    message = await post_one(store, to_channel(paul.user, general, "homework"))
    announced = await post_one(store, to_channel(owner.user, news, "holidays"))
    secret = await post_one(store, Draft(paul.id, spare.id, "secret"))
    soon = datetime.now(UTC) + timedelta(hours=1)
    link = granted(await store.invitations.create_link(workspace.id, b"x", soon, 9, by=owner.id))
    return {
        "general": general.id, "general_uuid": to_uuid(IdKind.CHANNEL, general.id),
        "news": news.id, "news_uuid": to_uuid(IdKind.CHANNEL, news.id),
        "message": message.id, "message_uuid": to_uuid(IdKind.MESSAGE, message.id),
        "announced": announced.id, "link": link.id,
        "secret": secret.id, "secret_uuid": to_uuid(IdKind.MESSAGE, secret.id),
        "secret_channel": secret.channel_id,
        "secret_channel_uuid": to_uuid(IdKind.CHANNEL, secret.channel_id),
        "secret_conversation": conversation_id(paul.id, spare.id),
    }  # fmt: skip
