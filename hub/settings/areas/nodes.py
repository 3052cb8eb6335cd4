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
        "How many processes serve the port, as nodes of one database, whose `bus` is"
        " `postgres` by default; 0: one process for each core.",
    )
    bus: Secret | None = setting(
        BUS,
        None,
        "The bus between hubs on one database: `postgres` is that database, `redis://...`"
        " needs `parlour[redis]`; without a bus the hub is the only one.",
    )
    node_name: str | None = setting(
        NODE_NAME,
        None,
        "The name of this hub among the nodes of its database; by default it is generated.",
    )
    node_address: Place | None = setting(
        NODE_ADDRESS,
        None,
        "The address to which other hubs forward requests for this hub's Socket.IO sessions,"
        " unencrypted; by default a Unix socket in `data_dir`, which hubs of the same machine"
        " reach.",
    )
