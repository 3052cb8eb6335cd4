"""What changes while it is being looked up who may know of a user, and where.

Guarantees: a lookup that began before a right, or a membership, ended or began does not undo what
was told of that since. Must not know: what is looked up, events, dialects.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, TypeVar, assert_never
from weakref import WeakSet

from attrs import define, evolve, field

from hub.actor.letters import (
    Delivery,
    ToEveryone,
    ToRooms,
    ToUserInRoom,
    ToUsers,
    WorkspaceRoom,
)
from hub.cluster.bulletins import Reaching
from hub.services.company.lately import Lately
from protocol.model import UserId

LATE_SECONDS: Final = 5.0  # that what another node looked up may be under way

Viewer: TypeAlias = UserId | WorkspaceRoom
"""Where a user may be seen: by a peer, or in a workspace."""
V = TypeVar("V", UserId, WorkspaceRoom)


@define(eq=False)
class Lookup:
    """What changed since something was looked up: (user, viewer) to whether they may be seen."""

    changed: dict[tuple[UserId, Viewer], bool] = field(factory=dict, init=False)

    def viewers(
        self, looked_up: frozenset[UserId], user_id: UserId, *, knows: bool
    ) -> frozenset[UserId]:
        """The peers of whom it was looked up whether they know of a user (or do not), as of now."""
        changed = {
            peer: now
            for (user, peer), now in self.changed.items()
            if user == user_id and not isinstance(peer, WorkspaceRoom)
        }
        return _as_of_now(looked_up, changed, knows=knows)

    def seen(
        self, looked_up: frozenset[UserId], viewer: UserId, *, knows: bool
    ) -> frozenset[UserId]:
        """The users of whom it was looked up whether one viewer knows of them (or does not), as of
        now. Not the same as `viewers`: of two users, each node notes what those who are at it see.
        """
        changed = {user: now for (user, peer), now in self.changed.items() if peer == viewer}
        return _as_of_now(looked_up, changed, knows=knows)

    def rooms(
        self, looked_up: frozenset[WorkspaceRoom], user_id: UserId
    ) -> frozenset[WorkspaceRoom]:
        """The workspaces of which it was looked up that a user is a member, as of now."""
        changed = {
            room: now
            for (user, room), now in self.changed.items()
            if user == user_id and isinstance(room, WorkspaceRoom)
        }
        return _as_of_now(looked_up, changed, knows=True)


@define
class Corrections:
    """Of the lookups that are in flight, here and at other nodes."""

    _lookups: WeakSet[Lookup] = field(factory=WeakSet, init=False)
    _lately: Lately[tuple[UserId, Viewer], bool] = field(
        factory=lambda: Lately(LATE_SECONDS), init=False
    )

    def begin(self) -> Lookup:
        """A lookup, which is in flight as long as somebody holds it."""
        lookup = Lookup()
        self._lookups.add(lookup)
        return lookup

    def note(self, user_id: UserId, viewer: Viewer, *, knows: bool) -> None:
        """From now on the user may be seen there, or may not."""
        for lookup in self._lookups:
            lookup.changed[user_id, viewer] = knows
        self._lately.note((user_id, viewer), knows)

    def deliveries(self, user_id: UserId, reaching: Sequence[Reaching]) -> list[Delivery]:
        """What another node delivers of a user, for those who may know it by now."""
        unseen = [at for (user, at), knows in self._lately.items() if user == user_id and not knows]
        rooms = frozenset(at for at in unseen if isinstance(at, WorkspaceRoom))
        hidden = frozenset(at for at in unseen if not isinstance(at, WorkspaceRoom))
        found: list[Delivery] = []
        for each in reaching:
            match each.to:
                case ToUsers(user_ids=user_ids):
                    users = [peer for peer in user_ids if peer not in hidden]
                    found.append(Delivery(each.event, evolve(each.to, user_ids=users)))
                case ToRooms(rooms=shown, besides_users=besides):
                    left = tuple(room for room in shown if room not in rooms)
                    to = evolve(each.to, rooms=left, besides_users=besides | hidden)
                    found.append(Delivery(each.event, to))
                case ToEveryone(besides=besides):
                    found.append(Delivery(each.event, ToEveryone(besides | hidden)))
                case ToUserInRoom(user_id=peer):
                    if peer not in hidden:
                        found.append(Delivery(each.event, each.to))
                case _:
                    assert_never(each.to)
        return found


def _as_of_now(looked_up: frozenset[V], changed: Mapping[V, bool], *, knows: bool) -> frozenset[V]:
    return frozenset(
        {each for each in looked_up if changed.get(each, knows) is knows}
        | {each for each, now in changed.items() if now is knows}
    )
