"""The hubs that are attacked: processes with their embedded Postgres and default limits."""

import re
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import IO, Final

import trustme
from attrs import field, frozen

from tests.abuse.people import SECRET
from tests.support.programs.hub_process import PARLOUR, HubProcess, run_hub

HUB_CORE: Final = 0
FLAGS: Final = (
    "--session-secrets", SECRET, "--jwt-secret", SECRET, "--metrics-token", SECRET,
    "--log-level", "error",
)  # fmt: skip
LAG: Final = re.compile(r'parlour_loop_lag_seconds_bucket{le="(.+)"} (.+)')
METRICS_SECONDS: Final = 60.0
KINDS: Final[Mapping[str, Sequence[str]]] = {
    "plain": (),
    "tls": ("--tls-cert", "chain.pem", "--tls-key", "key.pem"),
    "rendering": ("--rendered-content", "yes"),
}
"""By kind, the flags in addition to those that let the harness sign users in."""


@frozen
class Target:
    """A running hub. `tls`: the certificate that its clients trust; None where it uses plain HTTP.
    `logged`: its output, at level error, so each line is an error of the hub or part of a
    traceback.
    """

    process: HubProcess
    tls: ssl.SSLContext | None
    logged: list[str] = field(factory=list)

    @property
    def port(self) -> int:
        return self.process.port

    def lag(self) -> dict[str, float]:
        """How often the loop was held for at most so many seconds, by the hub's metrics."""
        address = "localhost", self.port
        kept = (
            HTTPConnection(*address, timeout=METRICS_SECONDS)
            if self.tls is None
            else HTTPSConnection(*address, timeout=METRICS_SECONDS, context=self.tls)
        )
        with closing(kept) as connection:
            connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {SECRET}"})
            text = connection.getresponse().read().decode()
        return {bound: float(count) for bound, count in LAG.findall(text)}


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
        target = Target(process, context)
        for pipe in (process.process.stdout, process.process.stderr):
            threading.Thread(target=_listen, args=(pipe, target.logged), daemon=True).start()
        yield target


def _listen(pipe: IO[str], logged: list[str]) -> None:
    """Read the output: a hub whose log is not read would wait for the reader."""
    for line in pipe:
        logged.append(line)  # noqa: PERF402  one at a time, as they come


def _certificate(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "chain.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
