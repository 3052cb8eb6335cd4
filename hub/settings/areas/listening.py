"""Settings: where people reach the hub, and how it stops.

Must not know: other areas.
"""

from pathlib import Path

from attrs import frozen

from hub.settings.parsers import (
    ADDRESS,
    FILE,
    HOST,
    HOST_NAME,
    ORIGIN,
    PUBLIC_URL,
    list_of,
    seconds,
    whole,
)
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Listening:
    """Where people reach the hub, and how it stops."""

    host: str = setting(
        HOST,
        "127.0.0.1",
        "The address to listen on; for a host name, all of its addresses; `::` is every"
        " address of the machine.",
    )
    port: int = setting(
        whole(0, 65_535),
        8_000,
        "The one port for everything; with 0 the system chooses one.",
    )
    tls_cert: Path | None = setting(
        FILE, None, "The certificate chain in PEM format; with it the port speaks TLS."
    )
    tls_key: Path | None = setting(FILE, None, "The private key of `tls_cert` in PEM format.")
    public_url: str | None = setting(
        PUBLIC_URL,
        None,
        "The URL that users open, if a proxy serves the hub at another address, or below a path.",
    )
    allowed_origins: tuple[str, ...] = setting(
        list_of(ORIGIN), (), "Other origins whose web pages may use the hub."
    )
    allowed_hosts: tuple[str, ...] = setting(
        list_of(HOST_NAME),
        (),
        "Host names by which users open the hub, in addition to that of `public_url` and names"
        " that exist only in private networks; a request for any other name is refused.",
    )
    trusted_proxies: tuple[str, ...] = setting(
        list_of(ADDRESS),
        (),
        "Proxies whose X-Forwarded-For, X-Forwarded-Proto, X-Request-Id and traceparent are used.",
    )
    max_connections: int = setting(
        whole(1, 1_000_000, "connections"), 20_000, "How many connections may be open at a time."
    )
    max_connections_per_address: int = setting(
        whole(1, 1_000_000, "connections"),
        10_000,
        "How many connections one IP address may have open at a time.",
    )
    head_timeout: float = setting(
        seconds(0.1, 300), 10.0, "How long the head of an HTTP request may take to arrive."
    )
    drain_seconds: float = setting(
        seconds(0, 3_600),
        0.0,
        "How long the hub continues to work after SIGTERM while `/readyz` returns 503, so that"
        " load balancers send no new clients.",
    )
    shutdown_timeout: float = setting(
        seconds(0.1, 300), 10.0, "How long the hub may take to shut down cleanly."
    )
