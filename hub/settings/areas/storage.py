"""Settings: where what is remembered is kept.

Must not know: other areas.
"""

from pathlib import Path

from attrs import frozen

from hub.settings.parsers import FOLDER, POSTGRES_URL, seconds, whole
from hub.settings.redaction import Secret
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Storage:
    """Where what is remembered is kept."""

    data_dir: Path = setting(
        FOLDER, Path("parlour-data"), "The folder of the embedded database and of uploaded files."
    )
    database_url: Secret | None = setting(
        POSTGRES_URL, None, "A Postgres (14 or later) to use instead of the embedded one."
    )
    retention_days: int = setting(
        whole(0, 36_500, "days"),
        0,
        "After how many days messages are removed, unless their workspace has a time of its own; "
        "0: never.",
    )
    db_lanes: int = setting(
        whole(1, 16, "connections"),
        2,
        "How many database connections store messages, each one batch at a time.",
    )
    db_pool: int = setting(
        whole(2, 100, "connections"), 8, "How many database connections serve everything else."
    )
    takeover_wait: float = setting(
        seconds(0, 3_600),
        10.0,
        "How long a starting hub waits for another one on the same database to end.",
    )
