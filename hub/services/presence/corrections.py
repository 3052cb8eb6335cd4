"""What changes between two users while it is being looked up who may know of whom.

Guarantees: a lookup that began before a right ended, or began, does not undo what was told of that
since. Must not know: what is looked up, events, dialects.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from attrs import define, field

from protocol.model import UserId

Lookup: TypeAlias = dict[tuple[UserId, UserId], bool]


@define
class Corrections:
    """Of the lookups that are in flight."""

    _lookups: list[Lookup] = field(factory=list, init=False)

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
