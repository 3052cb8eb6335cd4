"""Changes of who may see a user, made while a lookup of that is in flight.

Guarantees: a lookup that began before a right, or a membership, ended or began does not undo the
events that were sent for that change. Must not know: what is looked up, events, dialects.
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

LATE_SECONDS: Final = 5.0  # for which deliveries of another node may rest on an older lookup

Viewer: TypeAlias = UserId | WorkspaceRoom
"""A peer that may see a user, or a workspace in which the user may be seen."""
V = TypeVar("V", UserId, WorkspaceRoom)


@define(eq=False)
class Lookup:
    """What changed since a lookup began: (user, viewer) to whether the user may be seen there."""

    changed: dict[tuple[UserId, Viewer], bool] = field(factory=dict, init=False)

    def viewers(
        self, looked_up: frozenset[UserId], user_id: UserId, *, knows: bool
    ) -> frozenset[UserId]:
        """The peers that may see a user (or may not, if `knows` is False): those that were looked
        up, with the changes since then.
        """
        changed = {
            peer: now
            for (user, peer), now in self.changed.items()
            if user == user_id and not isinstance(peer, WorkspaceRoom)
        }
        return _as_of_now(looked_up, changed, knows=knows)

    def seen(
        self, looked_up: frozenset[UserId], viewer: UserId, *, knows: bool
    ) -> frozenset[UserId]:
        """The users that one viewer may see (or may not, if `knows` is False): as `viewers`, whose
        entries differ, because each node notes only what users who are connected to it may see.
        """
        changed = {user: now for (user, peer), now in self.changed.items() if peer == viewer}
        return _as_of_now(looked_up, changed, knows=knows)

    def rooms(
        self, looked_up: frozenset[WorkspaceRoom], user_id: UserId
    ) -> frozenset[WorkspaceRoom]:
        """The workspaces of a user: those that were looked up, with the changes since then."""
        changed = {
            room: now
            for (user, room), now in self.changed.items()
            if user == user_id and isinstance(room, WorkspaceRoom)
        }
        return _as_of_now(looked_up, changed, knows=True)


@define
class Corrections:
    """Corrects the lookups that are in flight, here and at other nodes."""

    _lookups: WeakSet[Lookup] = field(factory=WeakSet, init=False)
    _lately: Lately[tuple[UserId, Viewer], bool] = field(
        factory=lambda: Lately(LATE_SECONDS), init=False
    )

    def begin(self) -> Lookup:
        """Begin a lookup, which is in flight as long as it is referenced."""
        lookup = Lookup()
        self._lookups.add(lookup)
        return lookup

    def note(self, user_id: UserId, viewer: Viewer, *, knows: bool) -> None:
        """From now on the user may be seen by the viewer, or may not."""
        for lookup in self._lookups:
            lookup.changed[user_id, viewer] = knows
        self._lately.note((user_id, viewer), knows)

    def deliveries(self, user_id: UserId, reaching: Sequence[Reaching]) -> list[Delivery]:
        """What another node delivers about a user, without viewers who may no longer see them."""
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
