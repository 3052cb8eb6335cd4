"""Takes what other nodes publish of their users, and makes the deliveries that follow here.

Guarantees: which users are at which node is known again after bulletins were lost: a digest in each
heartbeat shows the loss, and a snapshot repairs it. A bulletin that arrives too late to be true
changes nothing. Nothing here waits. Must not know: what carries bulletins, who may see whom.
"""

from collections.abc import Callable, Sequence
from typing import Final, assert_never

import trio
from attrs import define, field

from hub.actor.letters import Delivery
from hub.cluster.bulletins import (
    Heading,
    Heartbeat,
    Key,
    Move,
    Present,
    Reaching,
    Seat,
    Shown,
    Sign,
    Spending,
    Takeover,
    Typed,
)
from hub.cluster.digest import mark
from hub.cluster.elsewhere import Elsewhere
from hub.limits.quotas import Quotas
from hub.services.presence.attendance import OWN, Place
from hub.services.presence.channels import ChannelPresences
from hub.services.presence.users import Presence
from hub.services.receipts import Receipts
from hub.services.typing.indicators import TypingIndicators

SNAPSHOT_SECONDS: Final = 2.0  # between two snapshots of this node


@define
class _Node:
    """Another node. `place`: its bit; `digest`: of the users who are there, as far as known here;
    `parts`: what has arrived of the snapshot with the number `snapshot`, until all has.
    """

    start: str
    place: Place
    digest: int = 0
    snapshot: int = 0
    parts: list[Key] = field(factory=list)


class FromElsewhere:
    """Implements `hub.cluster.receiving.Company`.

    Args:
        own: the name of this node.
        presence, in_channels: which users are online, and in which channels.
        typing: the indicators that are on.
        receipts: how far users have read.
        quotas: what users may do.
        elsewhere: publishes which users are here, when another node does not know it.
        grace: seconds between the end of a user's last connection and their absence.
    """

    def __init__(  # noqa: PLR0913, PLR0917  bulletins concern each of them
        self,
        own: str,
        presence: Presence,
        in_channels: ChannelPresences,
        typing: TypingIndicators,
        receipts: Receipts,
        quotas: Quotas,
        elsewhere: Elsewhere,
        *,
        grace: float,
    ) -> None:
        self._own = own
        self._presence = presence
        self._in_channels = in_channels
        self._typing = typing
        self._receipts = receipts
        self._quotas = quotas
        self._elsewhere = elsewhere
        self._grace = grace
        self._nodes: dict[str, _Node] = {}
        self._lacking: dict[str, None] = {}
        self._snapshot_at = -float("inf")
        self.take_overs: Final[list[Callable[[Sequence[Takeover]], None]]] = []
        """Called with connections that go on elsewhere, to close what is left of them here."""

    def hand_over(self) -> None:
        """The users of this node move to other nodes: their departures are not published from now
        on. The goodbye of this node names the time in which they may come back.
        """
        self._presence.stays = self._in_channels.stays = True

    def beat(self, heading: Heading, beat: Heartbeat) -> None:
        """See `Company`."""
        node = self._node(heading)
        if node.digest == beat.online:
            self._lacking.pop(heading.node, None)
        else:
            self._lacking[heading.node] = None
        self._elsewhere.lacks(tuple(self._lacking))
        now = trio.current_time()
        if self._own in beat.lacks and now >= self._snapshot_at:
            self._snapshot_at = now + SNAPSHOT_SECONDS
            users, seats = self._presence.attendance, self._in_channels.attendance
            self._elsewhere.present([*users.keys_at(OWN), *seats.keys_at(OWN)])

    def moved(self, heading: Heading, moves: Sequence[Move]) -> None:
        """See `Company`."""
        node = self._node(heading)
        for move in moves:
            if move.is_here != self._is_at(move.key, node.place):
                node.digest ^= mark(move.key)
                self._move(move, node.place)

    def present(self, heading: Heading, part: Present) -> None:
        """See `Company`."""
        node = self._node(heading)
        if node.snapshot != part.snapshot:
            node.snapshot, node.parts = part.snapshot, []
        node.parts += part.items
        if len(node.parts) < part.count:
            return
        users = [key for key in node.parts if not isinstance(key, Seat)]
        seats = [key for key in node.parts if isinstance(key, Seat)]
        self._presence.attendance.replace(node.place, users, self._grace)
        self._in_channels.attendance.replace(node.place, seats, self._grace)
        node.digest = 0
        for key in node.parts:
            node.digest ^= mark(key)
        node.parts = []

    def signs(self, heading: Heading, signs: Sequence[Sign]) -> Sequence[Delivery]:
        """See `Company`."""
        self._node(heading)
        return [delivery for sign in signs for delivery in self._of_sign(heading.node, sign)]

    def delivered(self, items: Sequence[Reaching]) -> Sequence[Delivery]:
        """See `Company`."""
        return [Delivery(self._receipts.forward(each.event), each.to) for each in items]

    def taken_over(self, takeovers: Sequence[Takeover]) -> None:
        """See `Company`."""
        for take in self.take_overs:
            take(takeovers)

    def spent(self, items: Sequence[Spending]) -> None:
        """See `Company`."""
        now = trio.current_time()
        for each in items:
            self._quotas.of(each.user_id).spent_elsewhere(each.kind, each.count, now)

    def ended(self, node: str, seconds: float | None, *, announces: bool) -> None:
        """See `Company`. The node's users are absent after `seconds`, at least the grace period."""
        found = self._nodes.pop(node, None)
        self._lacking.pop(node, None)
        self._elsewhere.lacks(tuple(self._lacking))
        self._typing.elsewhere.node_ended(node)
        if found is None:
            return
        patience = max(self._grace, seconds or 0.0)
        for attendance in (self._presence.attendance, self._in_channels.attendance):
            attendance.ended(found.place, patience, everywhere=announces)

    def _of_sign(self, node: str, sign: Sign) -> Sequence[Delivery]:
        match sign:
            case Typed():
                return self._typing.elsewhere.received(node, sign)
            case Shown(key=key):
                if isinstance(key, Seat):
                    return self._in_channels.heard(sign, key)
                return self._presence.heard(sign, key)
            case _:
                assert_never(sign)

    def _node(self, heading: Heading) -> _Node:
        """The node that published a bulletin; it counts as another one if it was restarted."""
        node = self._nodes.get(heading.node)
        if node is not None and node.start == heading.start:
            return node
        if node is not None:
            names = {self._own, *self._nodes} - {heading.node}
            self.ended(heading.node, None, announces=self._own == min(names))
        taken = {each.place for each in self._nodes.values()}
        place = OWN
        while (place := Place(place << 1)) in taken:
            pass
        self._nodes[heading.node] = node = _Node(heading.start, place)
        return node

    def _is_at(self, key: Key, place: Place) -> bool:
        if isinstance(key, Seat):
            return self._in_channels.attendance.is_at(key, place)
        return self._presence.attendance.is_at(key, place)

    def _move(self, move: Move, place: Place) -> None:
        match move.key, move.is_here:
            case Seat() as seat, True:
                self._in_channels.attendance.arrived(seat, place)
            case Seat() as seat, _:
                self._in_channels.attendance.left(seat, self._grace, place)
            case user_id, True:
                self._presence.attendance.arrived(user_id, place)
            case user_id, _:
                self._presence.attendance.left(user_id, self._grace, place)
