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
        "Where to listen: on all addresses of a name; `::` is every address of the machine.",
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
        "The address that people open, where a proxy gives the hub another one, or a path.",
    )
    allowed_origins: tuple[str, ...] = setting(
        list_of(ORIGIN), (), "Other origins whose web pages may use the hub."
    )
    allowed_hosts: tuple[str, ...] = setting(
        list_of(HOST_NAME),
        (),
        "Host names by which people open the hub, beside that of `public_url` and those that exist"
        " in private networks alone; a request for any other is refused.",
    )
    trusted_proxies: tuple[str, ...] = setting(
        list_of(ADDRESS),
        (),
        "Proxies whose X-Forwarded-For, X-Forwarded-Proto, X-Request-Id and traceparent count.",
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
        "How long, after SIGTERM, the hub works on while `/readyz` says 503, so that load balancers"
        " send nobody new.",
    )
    shutdown_timeout: float = setting(
        seconds(0.1, 300), 10.0, "How long the hub may take to stop in good order."
    )
