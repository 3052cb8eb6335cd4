"""Who does something to a hub that is not a user's to do.

Must not know: how one proves to be an operator.
"""

from typing import Final

import structlog
from attrs import frozen

from hub.settings.log_ids import USER
from persistence.interface import AuditEntry, Way
from protocol.model import UserId

log = structlog.get_logger(__name__)

OPERATOR: Final = "operator"
"""Where the scope of a request has the operator who sends it, once that is known."""


@frozen
class Operator:
    """An operator.

    Args:
        way: how they came in.
        peer: `uid 1000`, or an address.
    """

    way: Way
    peer: str

    def does(self, action: str, **details: object) -> AuditEntry:
        """What the audit is to keep of an action of theirs."""
        return AuditEntry(self.way, self.peer, action, details)

    def has_done(self, action: str, user_id: UserId | None = None, **details: object) -> None:
        """Have the hub's log say so.

        Args:
            action: what was done.
            user_id: whom it was done to; those who follow this user see it.
            details: more about it, without texts and secrets.
        """
        whom = {} if user_id is None else {USER: user_id}
        log.info("operator_acted", action=action, way=self.way, peer=self.peer, **whom, **details)
