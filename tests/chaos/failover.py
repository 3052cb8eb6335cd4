"""`python -m tests.chaos.failover --failovers 5 --restores 5 --json PATH`.

A hub on Debian's Postgres 15 over TCP, a primary and its standby, and users who write to each other
without a pause. The primary is lost and the standby promoted, or a dump is restored by hand beneath
the hub that serves. With `--asynchronous` the standby is some messages behind.

No client may keep a wrong position unnoticed: at the end every client has received what is in the
log, and a client whose acknowledged message is not in it was made to start over. With a synchronous
standby a failover loses nothing.
"""

import argparse
import faulthandler
import json
import random
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import trio
from attrs import define, field

from tests.chaos.campaign import WRONG, Campaign, Plan
from tests.chaos.proxy import Proxy
from tests.chaos.servers.replicated import Replicated, replicated, run
from tests.support.programs.hub_process import HubProcess, RestartedHub, run_hub
from tests.support.wire.ports import unused_port

BEHIND_SECONDS = 0.3
ATTEMPTS = 20


@define
class HubOfTwo(RestartedHub):
    """A hub on a primary and its standby; see `tests.chaos.server.Server`."""

    folder: Path
    both: Replicated
    port: int = field(factory=unused_port)

    def command(self) -> AbstractContextManager[HubProcess]:
        """See `RestartedHub`."""
        limit = ("--resume-limit", "100000")  # everything again, when a client starts over
        flags = ("--log-level", "error", "--database-url", self.both.dsn, *limit)
        return run_hub(self.folder / "hub", *flags, port=self.port)


@define
class FailoverCampaign(Campaign):
    """One run; its faults are these."""

    failovers: int = field(kw_only=True)
    restores: int = field(kw_only=True)
    both: Replicated = field(kw_only=True)
    ready_after: list[float] = field(factory=list, init=False)

    async def run(self) -> dict[str, Any]:
        """Run it; returns the report."""
        self.server: Any = HubOfTwo(self.data_dir, self.both)
        faults = ["failover"] * self.failovers + ["restore"] * self.restores
        self.dice.shuffle(faults)
        await self.server.start()
        started = trio.current_time()
        try:
            async with trio.open_nursery() as nursery:
                proxy = Proxy(self.server.port, self.dice)
                await nursery.start(proxy.serve)
                await self._meet(proxy, nursery)
                for fault in faults:
                    await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
                    print(f"{len(self.findings.acknowledged)} confirmed, {fault}", file=sys.stderr)
                    await (self._fail_over() if fault == "failover" else self._restore())
                await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
                await self._fall_silent()
                report = await self._compare()
                nursery.cancel_scope.cancel()
        finally:
            self.server.stop()
        return report | {
            "failovers": self.failovers,
            "restores": self.restores,
            "synchronous": self.both.is_synchronous,
            "ready_seconds_after_promotion": self.ready_after,
            "started_over": min(
                ear.started_over for each in self.conversations for ear in each.ears
            ),
            "seconds": round(trio.current_time() - started, 1),
        }

    def is_clean(self, report: dict[str, Any]) -> bool:
        """Whether nothing went wrong; a client must know of what a restore or an asynchronous
        failover loses.
        """
        may_lose = self.restores or not self.both.is_synchronous
        wrong = {name for name in (*WRONG, "lost_untold") if report[name]}
        has_reported = report["started_over"] >= self.failovers + self.restores
        return has_reported and not wrong - ({"lost"} if may_lose else set())

    async def _fail_over(self) -> None:
        if not self.both.is_synchronous:
            self.both.hold_back()
            await trio.sleep(BEHIND_SECONDS)
        await trio.to_thread.run_sync(self.both.primary.kill)
        await trio.to_thread.run_sync(self.both.promote)
        promoted = trio.current_time()
        while (await self.server.hub.call("GET", "/readyz")).status != 200:  # noqa: ASYNC110
            await trio.sleep(0.01)
        self.ready_after.append(round(trio.current_time() - promoted, 2))
        await trio.to_thread.run_sync(self.both.bring_back)

    async def _restore(self) -> None:
        """Restore a dump of the log, which is some messages old."""
        dump = await trio.to_thread.run_sync(
            run, "pg_dump", "--clean", "--if-exists", self.both.primary.dsn
        )
        await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
        restore = ("psql", "-Xq1", "-v", "ON_ERROR_STOP=1", self.both.primary.dsn)
        for _ in range(ATTEMPTS):
            with suppress(subprocess.CalledProcessError):  # the hub has locks, too
                await trio.to_thread.run_sync(partial(run, *restore, stdin=dump.encode()))
                return
        raise AssertionError("the dump could not be restored")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.failover")
    parser.add_argument("--failovers", type=int, default=2)
    parser.add_argument("--restores", type=int, default=1)
    parser.add_argument(
        "--asynchronous", action="store_true", help="the standby is behind when it is promoted"
    )
    parser.add_argument("--sends", type=int, default=500, help="confirmed ones between two faults")
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=3_600.0, help="seconds for everything")
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.time_limit, exit=True)
    with tempfile.TemporaryDirectory(prefix="parlour-chaos-") as name:
        folder, servers = Path(name), Path(name) / "servers"
        servers.mkdir()
        folder.chmod(0o755)
        with replicated(servers, is_synchronous=not options.asynchronous) as both:
            campaign = FailoverCampaign(
                folder / "data",
                Plan(0, 0, 0, 0, options.sends),
                random.Random(options.seed),
                options.pairs,
                is_unsafe=False,
                failovers=options.failovers,
                restores=options.restores,
                both=both,
            )
            report: dict[str, Any] = trio.run(campaign.run)
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if campaign.is_clean(report) else 1


if __name__ == "__main__":
    sys.exit(main())
