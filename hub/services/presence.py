"""Presence: which users are online, and to which audience that is announced.

Guarantees: presence is per user, not per connection: online at the first connection, offline after
the last one and a grace period, so a reconnect is not announced. A status goes out only to the
audience that Postgres names, and to the user's workspaces; no audience is looked up when no
connected dialect sends such events. While the store is unreachable changes wait, at most one per
user. Must not know: sockets, dialects.
"""

from collections.abc import Mapping, Sequence

import structlog

from hub.actor.hub import Hub
from hub.actor.letters import Audience, Delivery, ToEveryone, ToRooms, ToUsers, WorkspaceRoom
from hub.services.attendance import Attendance
from hub.settings.choices import AudienceRule
from persistence.interface import Relations, Workspaces
from persistence.records import StoreUnavailable
from protocol.events import PresenceChanged, WorkspacePresence
from protocol.model import UserId, WorkspaceId

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0


class Presence:
    """The announced presence of users.

    Args:
        relations: names the audience of each user, a batch at a time.
        workspaces: names the workspaces of each user, a batch at a time.
        rule: whether to ask for the audience.
        grace: seconds between the end of a user's last connection and their going offline.
    """

    def __init__(
        self, relations: Relations, workspaces: Workspaces, *, rule: AudienceRule, grace: float
    ) -> None:
        self._relations = relations
        self._workspaces = workspaces
        self._rule = rule
        self._grace = grace
        self._users: Attendance[UserId] = Attendance()

    def note(self, user_id: UserId, *, connected: bool) -> None:
        """A user's first connection has come, or their last one ended. Never waits."""
        if connected:
            self._users.arrived(user_id)
        else:
            self._users.left(user_id, self._grace)

    def online(self) -> frozenset[UserId]:
        """Every user that is online."""
        return self._users.present()

    async def run(self, hub: Hub) -> None:
        """Announce changes to `hub` until cancelled."""
        while True:
            await self._announce(hub, await self._users.due())

    async def _announce(self, hub: Hub, changes: Sequence[UserId]) -> None:
        try:
            audiences = await self._audiences(hub, changes)
            workspaces = await self._workspaces_of(hub, changes)
        except StoreUnavailable as error:
            log.warning("presence_not_checked", count=len(changes), reason=str(error))
            for user_id in changes:
                self._users.postpone(user_id, RETRY_SECONDS)
            return
        deliveries: list[Delivery] = []
        for user_id in changes:
            online = self._users.announce(user_id)
            if online is None:  # while the audience was looked up, the user left or came back
                continue
            if user_id in audiences:
                deliveries.append(Delivery(PresenceChanged(user_id, online), audiences[user_id]))
            deliveries += [
                Delivery(
                    WorkspacePresence(workspace_id, user_id, online),
                    ToRooms((WorkspaceRoom(workspace_id),), besides_user=user_id),
                )
                for workspace_id in workspaces.get(user_id, ())
            ]
        await hub.broadcast(deliveries)

    async def _audiences(self, hub: Hub, user_ids: Sequence[UserId]) -> Mapping[UserId, Audience]:
        if not hub.tells_of(PresenceChanged):
            return {}
        if self._rule is AudienceRule.EVERYONE:
            return {user_id: ToEveryone(besides=user_id) for user_id in user_ids}
        related = await self._relations.presence_audience(user_ids)
        return {user_id: ToUsers(tuple(related.get(user_id, ()))) for user_id in user_ids}

    async def _workspaces_of(
        self, hub: Hub, user_ids: Sequence[UserId]
    ) -> Mapping[UserId, frozenset[WorkspaceId]]:
        if not hub.tells_of(WorkspacePresence):
            return {}
        return await self._workspaces.of_users(user_ids)
