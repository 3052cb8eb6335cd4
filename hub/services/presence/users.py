"""Presence: which users are online, and to which audience that is announced.

Guarantees: presence is per user, not per connection: online at the first connection, offline after
the last one and a grace period, so a reconnect is not announced. A status goes out only to the
audience that Postgres returns, and to the user's workspaces, never across a block; no audience is
looked up when no connected dialect sends such events. While the store is unreachable changes wait,
at most one per user. Must not know: sockets, dialects.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import structlog
import trio
from attrs import frozen

from hub.actor.hub import Hub
from hub.actor.letters import Delivery, ToEveryone, ToRooms, ToUserInRoom, ToUsers, WorkspaceRoom
from hub.cluster.bulletins import Shown, Sign
from hub.cluster.elsewhere import NOWHERE, Announcer, Elsewhere, crossing
from hub.services.presence.attendance import MAX_BATCH, OWN, PAUSE_SECONDS, Attendance
from hub.services.presence.corrections import Corrections
from hub.settings.choices import AudienceRule
from persistence.interface import Relations, Workspaces
from persistence.records import PeerView, StoreUnavailable
from protocol.events import Event, PresenceChanged, WorkspacePresence
from protocol.model import UserId, WorkspaceId

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0


class Presence:
    """The announced presence of users.

    Args:
        relations: returns the audience of each user, a batch at a time.
        workspaces: returns the workspaces of each user, a batch at a time.
        rule: whether the audience is looked up, or is everyone.
        grace: seconds between the end of a user's last connection and their going offline.
        elsewhere: the other nodes.

    `stays`: users who are here no longer count as leaving, because their clients are about to
    connect to another node.
    """

    def __init__(
        self,
        relations: Relations,
        workspaces: Workspaces,
        *,
        rule: AudienceRule,
        grace: float,
        elsewhere: Elsewhere = NOWHERE,
    ) -> None:
        self._relations = relations
        self._workspaces = workspaces
        self._rule = rule
        self._grace = grace
        self._elsewhere = elsewhere
        self.attendance: Final[Attendance[UserId]] = Attendance()
        self.stays = False
        self.corrections: Final = Corrections()

    def note(self, user_id: UserId, *, connected: bool) -> None:
        """A user's first connection has come to this node, or their last one here has ended. Never
        waits.
        """
        if self.stays and self.attendance.is_at(user_id, OWN):
            return
        self._elsewhere.moved(user_id, is_here=connected)
        if connected:
            self.attendance.arrived(user_id)
        else:
            self.attendance.left(user_id, self._grace)

    def online(self) -> frozenset[UserId]:
        """Every user that is online."""
        return self.attendance.present()

    def is_online(self, user_id: UserId) -> bool:
        """Whether a user is online."""
        return self.attendance.is_present(user_id)

    def nodes_of(self, user_id: UserId) -> int:
        """At how many nodes a user is connected, counting this one in any case."""
        return self.attendance.count_of(user_id, besides=OWN) + 1

    def heard(self, sign: Shown, user_id: UserId) -> Sequence[Delivery]:
        """What is delivered here when another node has announced a user."""
        if not self.attendance.heard(user_id, self._grace, online=sign.online):
            return ()
        return self.corrections.deliveries(user_id, sign.reaching)

    def announced(self) -> AbstractSet[UserId]:
        """Every user that was announced as online, and not as offline since."""
        return self.attendance.announced()

    @property
    def is_for_everybody(self) -> bool:
        """Whether all users may know who is online, except across a block."""
        return self._rule is AudienceRule.EVERYONE

    def knows(self, view: PeerView) -> bool:
        """Whether a user who sees this much of a peer may know that they are online."""
        if self.is_for_everybody:
            return not view.blocked
        return view.knows

    def shown(self, user_id: UserId, to: UserId, *, online: bool) -> list[Delivery]:
        """The deliveries that show a user as online to another one, who may know it from now on; or
        as offline (`online` is False), when the other one may no longer know.
        """
        self.corrections.note(user_id, to, knows=online)
        if user_id not in (self.attendance.announced() if online else self.attendance.shown()):
            return []
        return [Delivery(PresenceChanged(user_id, online), ToUsers((to,)))]

    def shown_in(
        self, workspace_ids: Iterable[WorkspaceId], user_id: UserId, to: UserId, *, online: bool
    ) -> list[Delivery]:
        """As `shown`, in workspaces of the user, to connections of the other one in their rooms."""
        self.corrections.note(user_id, to, knows=online)
        if user_id not in (self.attendance.announced() if online else self.attendance.shown()):
            return []
        return [
            Delivery(
                WorkspacePresence(workspace_id, user_id, online),
                ToUserInRoom(to, WorkspaceRoom(workspace_id)),
            )
            for workspace_id in workspace_ids
        ]

    async def run(self, hub: Hub) -> None:
        """Announce changes to `hub`, and to the other nodes, until cancelled."""
        while True:
            changes = await self.attendance.due()
            await self._announce(hub, changes)
            if len(changes) == MAX_BATCH:
                await trio.sleep(PAUSE_SECONDS)

    async def _announce(self, hub: Hub, changes: Mapping[UserId, bool]) -> None:
        lookup = self.corrections.begin()
        seen = await self._look_up(hub, tuple(changes))
        if seen is None:
            for user_id, everywhere in changes.items():
                self.attendance.postpone(user_id, RETRY_SECONDS, everywhere=everywhere)
            return
        deliveries: list[Delivery] = []
        signs: list[Sign] = []
        for user_id, everywhere in changes.items():
            if self._may_be_elsewhere(user_id):
                self.attendance.postpone(user_id, RETRY_SECONDS, everywhere=everywhere)
                continue
            online = self.attendance.announce(user_id)
            if online is None:  # while the audience was looked up, the user left or came back
                continue
            known_to = lookup.viewers(seen.known_to(user_id), user_id, knows=True)
            hidden = lookup.viewers(seen.hidden_from(user_id), user_id, knows=False)
            theirs = self._deliveries(hub, user_id, known_to, hidden, online=online)
            theirs += [
                Delivery(
                    WorkspacePresence(room.workspace_id, user_id, online),
                    ToRooms((room,), besides_users=hidden | {user_id}),
                )
                for room in sorted(lookup.rooms(seen.rooms_of(user_id), user_id))
            ]
            deliveries += theirs
            if everywhere:
                signs.append(Shown(user_id, online, crossing(theirs)))
        await Announcer(hub, self._elsewhere).show(deliveries, signs)

    def _may_be_elsewhere(self, user_id: UserId) -> bool:
        """Whether the user may be at another node without this one knowing."""
        return self._elsewhere.is_apart and not self.attendance.count_of(user_id)

    def _is_wanted(self, hub: Hub, event: type[Event]) -> bool:
        """Whether any connection may speak a dialect that sends such events, here or elsewhere."""
        return self._elsewhere.exists or hub.encodes(event)

    def _deliveries(
        self,
        hub: Hub,
        user_id: UserId,
        known_to: frozenset[UserId],
        hidden: frozenset[UserId],
        *,
        online: bool,
    ) -> list[Delivery]:
        if not self._is_wanted(hub, PresenceChanged):
            return []
        to = ToEveryone(hidden | {user_id}) if self.is_for_everybody else ToUsers(tuple(known_to))
        return [Delivery(PresenceChanged(user_id, online), to)]

    async def _look_up(self, hub: Hub, user_ids: Sequence[UserId]) -> "_Seen | None":
        """Who may see the users; None when the store is unavailable."""
        in_workspaces = self._is_wanted(hub, WorkspacePresence)
        by_users = self._is_wanted(hub, PresenceChanged)
        by_audience = by_users and not self.is_for_everybody
        by_blocks = in_workspaces or (by_users and self.is_for_everybody)
        try:
            return _Seen(
                await self._relations.presence_audience(user_ids) if by_audience else {},
                await self._workspaces.of_users(user_ids) if in_workspaces else {},
                await self._relations.blocked_either_way(user_ids) if by_blocks else {},
            )
        except StoreUnavailable as error:
            log.warning("presence_not_checked", count=len(user_ids), reason=str(error))
            return None


@frozen
class _Seen:
    """Who may see some users (their audiences and workspaces), and who may not."""

    audiences: Mapping[UserId, frozenset[UserId]]
    workspaces: Mapping[UserId, frozenset[WorkspaceId]]
    blocked: Mapping[UserId, frozenset[UserId]]

    def known_to(self, user_id: UserId) -> frozenset[UserId]:
        return self.audiences.get(user_id, frozenset())

    def rooms_of(self, user_id: UserId) -> frozenset[WorkspaceRoom]:
        return frozenset(map(WorkspaceRoom, self.workspaces.get(user_id, ())))

    def hidden_from(self, user_id: UserId) -> frozenset[UserId]:
        return self.blocked.get(user_id, frozenset())
