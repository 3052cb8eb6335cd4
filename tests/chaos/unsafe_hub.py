"""`parlour serve` on a Postgres that confirms what is not durable: the control of the experiment.

The hub refuses such a database; here its check is taken out, to show that the harness would notice.
"""

from hub.cli.main import main
from persistence.postgres.database import session


def accept_anything(commit: str, fsync: str, pages: str, version: int) -> None:
    """In place of the check."""


if __name__ == "__main__":
    session.LANE_SESSION["synchronous_commit"] = "off"
    session._require_safety = accept_anything
    main()
