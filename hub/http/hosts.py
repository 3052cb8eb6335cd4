"""The host names that requests to the hub may have, against DNS rebinding.

Any site can let its own name resolve to the hub's address. To the browser the hub then belongs to
that site: pages of the site can read the hub's responses, also those of a hub that only this
machine or this network can reach. Such a request is recognised by its header Host, which has the
name of the site.

Guarantees: addresses and names that nobody can own in the public DNS are admitted, and the names
that the hub was given; no other name is. Must not know: settings, what is served.
"""

import socket
from collections.abc import Collection
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from attrs import frozen

ANY: Final = "*"
_RESOLVER: Final = Path("/etc/resolv.conf")
_PRIVATE: Final = (  # RFC 6761, RFC 6762 with its appendix G, RFC 8375
    ".localhost",
    ".local",
    ".localdomain",
    ".internal",
    ".intranet",
    ".private",
    ".corp",
    ".home",
    ".home.arpa",
    ".lan",
    ".test",
)


@frozen
class Hosts:
    """Admits host names.

    Args:
        names: names that are admitted, in lower case; `*` admits any.
        domains: domains, each with a dot before it, whose names are.
    """

    names: frozenset[str]
    domains: tuple[str, ...]

    @classmethod
    def of(cls, given: Collection[str], machine: Collection[str] = ()) -> Self:
        """Admits the given names, beside those that nobody can own.

        Args:
            given: names; one with a dot before it stands for a domain and all names in it.
            machine: further domains, those of the machine's own network.
        """
        lower = [each.lower().rstrip(".") for each in given]
        domains = [each for each in lower if each.startswith(".")]
        return cls(
            frozenset(each.removeprefix(".") for each in lower),
            (*_PRIVATE, *domains, *(f".{each.strip('.').lower()}" for each in machine if each)),
        )

    def admits(self, host: bytes | None) -> bool:
        """Whether a request with this header Host is meant for the hub. Browsers always send one,
        so a request without any is not one of theirs.
        """
        if not host or ANY in self.names:
            return True
        name = _name_of(host)
        if name is None:
            return False
        is_ours = "." not in name or name in self.names or name.endswith(self.domains)
        return is_ours or _is_address(name)


def machine_domains(resolver: Path = _RESOLVER) -> list[str]:
    """The domains of the network that this machine is in: of its own name, and those in which it
    looks names up.
    """
    found = [socket.gethostname().partition(".")[2]]
    with suppress(OSError, UnicodeDecodeError):
        for line in resolver.read_text().splitlines():
            keyword, *words = line.split() or [""]
            if keyword in ("search", "domain"):
                found += words
    return [each for each in found if each.strip(".")]


def _name_of(host: bytes) -> str | None:
    """The name or address in a header Host, without its port; None if it is malformed."""
    try:
        parts = urlsplit(f"http://{host.decode('ascii')}")
        is_host = parts.port is None or parts.port >= 0
    except ValueError:  # of the port, or no ASCII
        return None
    if not is_host or parts.path or parts.query or parts.fragment or parts.username is not None:
        return None
    return (parts.hostname or "").rstrip(".") or None


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
