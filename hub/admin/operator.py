"""Operators, who may do with a hub what users may not.

Must not know: how an operator is authenticated.
"""

from typing import Final

import structlog
from attrs import frozen

from hub.settings.log_ids import USER
from persistence.interface import AuditEntry, Way
from protocol.model import UserId

log = structlog.get_logger(__name__)

OPERATOR: Final = "operator"
"""The key in the scope of a request for the operator who sends it, once that is known."""


@frozen
class Operator:
    """An operator.

    Args:
        way: how they connected.
        peer: `uid 1000`, or an address.
    """

    way: Way
    peer: str

    def does(self, action: str, **details: object) -> AuditEntry:
        """The entry in the audit for an action of this operator."""
        return AuditEntry(self.way, self.peer, action, details)

    def has_done(self, action: str, user_id: UserId | None = None, **details: object) -> None:
        """Log an action that was carried out.

        Args:
            action: what was done.
            user_id: the user concerned; followers of this user get the line.
            details: more about it, without texts and secrets.
        """
        whom = {} if user_id is None else {USER: user_id}
        log.info("operator_acted", action=action, way=self.way, peer=self.peer, **whom, **details)
