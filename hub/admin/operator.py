"""Who does something to a hub that is not a user's to do.

Must not know: how one proves to be an operator.
"""

from typing import Final

from attrs import frozen

from persistence.interface import AuditEntry, Way

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
