"""`parlour serve` on a Postgres that confirms commits before they are durable: the control.

The hub refuses such a database; here its check is removed, to show that the campaign notices the
loss.
"""

from hub.cli.main import main
from persistence.postgres.database import session


def accept_anything(commit: str, fsync: str, pages: str, version: int) -> None:
    """Replaces the check."""


if __name__ == "__main__":
    session.LANE_SESSION["synchronous_commit"] = "off"
    session._require_safety = accept_anything
    main()
