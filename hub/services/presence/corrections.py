"""What changes between two users while it is being looked up who may know of whom.

Guarantees: a lookup that began before a right ended, or began, does not undo what was told of that
since. Must not know: what is looked up, events, dialects.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias, assert_never

from attrs import define, evolve, field

from hub.actor.letters import Delivery, ToEveryone, ToRooms, ToUserInRoom, ToUsers
from hub.cluster.bulletins import Reaching
from hub.services.company.lately import Lately
from protocol.model import UserId

LATE_SECONDS: Final = 5.0  # that what another node looked up may be under way

Lookup: TypeAlias = dict[tuple[UserId, UserId], bool]


@define
class Corrections:
    """Of the lookups that are in flight, here and at other nodes."""

    _lookups: list[Lookup] = field(factory=list, init=False)
    _lately: Lately[tuple[UserId, UserId], bool] = field(
        factory=lambda: Lately(LATE_SECONDS), init=False
    )

    @contextmanager
    def of_lookup(self) -> Iterator[Mapping[tuple[UserId, UserId], bool]]:
        """A lookup; yields what changes meanwhile: (user, peer) to whether the peer may know."""
        lookup: Lookup = {}
        self._lookups.append(lookup)
        try:
            yield lookup
        finally:
            # by identity: two lookups may have noted the same
            self._lookups[:] = [each for each in self._lookups if each is not lookup]

    def note(self, user_id: UserId, peer: UserId, *, knows: bool) -> None:
        """From now on the peer may know of the user, or may not."""
        for lookup in self._lookups:
            lookup[user_id, peer] = knows
        self._lately.note((user_id, peer), knows)

    def deliveries(self, user_id: UserId, reaching: Sequence[Reaching]) -> list[Delivery]:
        """What another node delivers of a user, for those who may know it by now."""
        hidden = frozenset(
            peer for (user, peer), knows in self._lately.items() if user == user_id and not knows
        )
        found: list[Delivery] = []
        for each in reaching:
            match each.to:
                case ToUsers(user_ids=user_ids):
                    users = [peer for peer in user_ids if peer not in hidden]
                    found.append(Delivery(each.event, evolve(each.to, user_ids=users)))
                case ToRooms(besides_users=besides):
                    to = evolve(each.to, besides_users=besides | hidden)
                    found.append(Delivery(each.event, to))
                case ToEveryone(besides=besides):
                    found.append(Delivery(each.event, ToEveryone(besides | hidden)))
                case ToUserInRoom(user_id=peer):
                    if peer not in hidden:
                        found.append(Delivery(each.event, each.to))
                case _:
                    assert_never(each.to)
        return found


def corrected(
    users: frozenset[UserId],
    user_id: UserId,
    corrections: Mapping[tuple[UserId, UserId], bool],
    *,
    knows: bool,
) -> frozenset[UserId]:
    """The users of whom it was looked up whether they know of one (or do not), as of now."""
    changed = {peer: now for (user, peer), now in corrections.items() if user == user_id}
    return frozenset(
        {peer for peer in users if changed.get(peer, knows) is knows}
        | {peer for peer, now in changed.items() if now is knows}
    )
