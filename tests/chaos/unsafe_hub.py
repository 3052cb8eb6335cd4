"""`parlour serve` on a Postgres that confirms what is not durable: the control of the experiment.

The hub refuses such a database; here its check is taken out, to show that the harness would notice.
"""

from hub.cli.main import main
from persistence.postgres.database import bridge
from persistence.postgres.database.bridge import Database


async def accept_anything(database: Database) -> None:
    """In place of the check."""


if __name__ == "__main__":
    bridge.LANE_SESSION["synchronous_commit"] = "off"
    bridge._require_safety = accept_anything
    main()
