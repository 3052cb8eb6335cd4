"""Settings: where messages and files are kept.

Must not know: other areas.
"""

from pathlib import Path

from attrs import frozen

from hub.settings.parsers import (
    FILE_PLACE,
    FOLDER,
    HTTP_URL,
    POSTGRES_URL,
    SECRET,
    TEXT,
    YES_NO,
    Bucket,
    seconds,
    whole,
)
from hub.settings.redaction import Secret
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Storage:
    """Where messages and files are kept."""

    data_dir: Path = setting(
        FOLDER, Path("parlour-data"), "The folder of the embedded database and of uploaded files."
    )
    uploads: Path | Bucket | None = setting(
        FILE_PLACE,
        None,
        "Where uploaded files are kept instead of in the data folder: a bucket, or a folder,"
        " which several hubs may share.",
    )
    s3_endpoint: Secret | None = setting(
        HTTP_URL, None, "The S3 server that has the bucket, instead of Amazon's."
    )
    s3_region: str = setting(TEXT, "us-east-1", "The region of the bucket.")
    s3_access_key: Secret | None = setting(
        SECRET,
        None,
        "The access key for the bucket; without it, the one in the environment"
        " (`AWS_ACCESS_KEY_ID`) or in the files of Amazon's programs.",
    )
    s3_secret_key: Secret | None = setting(
        SECRET, None, "The secret key that belongs to `s3_access_key`."
    )
    s3_path_style: bool = setting(
        YES_NO,
        default=True,
        meaning="Whether the name of the bucket is in the path of a URL; no: in its host name.",
    )
    database_url: Secret | None = setting(
        POSTGRES_URL, None, "A Postgres (14 or later) to use instead of the embedded one."
    )
    require_sync_standby: bool = setting(
        YES_NO,
        default=False,
        meaning="Whether the hub is ready only while a synchronous standby is connected to the"
        " Postgres of `database_url`.",
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
