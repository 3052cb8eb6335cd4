"""Settings: several hubs on one database.

Must not know: other areas.
"""

from attrs import frozen

from hub.settings.parsers import BUS, NODE_ADDRESS, NODE_NAME, Place, whole
from hub.settings.redaction import Secret
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Nodes:
    """Several hubs on one database."""

    workers: int = setting(
        whole(0, 64, "processes"),
        1,
        "How many processes serve the port, as nodes of one database, whose `bus` is `postgres` if"
        " none is given; 0: one for each core.",
    )
    bus: Secret | None = setting(
        BUS,
        None,
        "How hubs on one database tell each other what happens: `postgres` is that database, "
        "`redis://...` needs `parlour[redis]`; without it the hub is the only one.",
    )
    node_name: str | None = setting(
        NODE_NAME, None, "What this hub is called among them; by default a name is made up."
    )
    node_address: Place | None = setting(
        NODE_ADDRESS,
        None,
        "Where other hubs forward requests of this one's Socket.IO sessions to, unencrypted; by"
        " default a Unix socket in `data_dir`, which those of the same machine reach.",
    )
