"""The hubs that are attacked: processes with their embedded Postgres and default limits."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import trustme
from attrs import frozen

from tests.abuse.people import SECRET
from tests.support.programs.hub_process import PARLOUR, HubProcess, run_hub

HUB_CORE: Final = 0
FLAGS: Final = ("--session-secrets", SECRET, "--jwt-secret", SECRET, "--log-level", "error")
KINDS: Final[Mapping[str, Sequence[str]]] = {
    "plain": (),
    "tls": ("--tls-cert", "chain.pem", "--tls-key", "key.pem"),
    "rendering": ("--rendered-content", "yes"),
}
"""By kind, the flags beside those that let the harness sign people in."""


@frozen
class Target:
    """A running hub. `tls`: what its clients trust; None where it speaks plain HTTP."""

    process: HubProcess
    tls: ssl.SSLContext | None

    @property
    def port(self) -> int:
        return self.process.port


@contextmanager
def run_target(kind: str, data_dir: Path, *, is_pinned: bool) -> Iterator[Target]:
    """Run one on the data in a folder.

    Args:
        kind: of `KINDS`.
        data_dir: its data.
        is_pinned: whether it has a core of its own.
    """
    context = _certificate(data_dir.parent) if kind == "tls" else None
    pinned = ["taskset", "-c", str(HUB_CORE)] if is_pinned else []
    with run_hub(data_dir, *FLAGS, *KINDS[kind], program=[*pinned, *PARLOUR]) as process:
        yield Target(process, context)


def _certificate(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
