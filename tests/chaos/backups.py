"""`python -m tests.chaos.backups --backups 5 --kills 10 --json PATH`.

A hub with its own Postgres, users who write to each other and upload files without a pause, and
`parlour backup`, which is killed at random moments before it may succeed. Then the hub is killed,
and its backup restored into another folder, by a `parlour restore` that is killed as well before it
may succeed; the hub is started there.

Everything that was acknowledged before the backup began must be there, files byte by byte; a killed
backup must have left no file of its name, a killed restore nothing that a hub would start on; every
client must start over, and get the messages that exist.
"""

import argparse
import faulthandler
import json
import random
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import h11
import trio
from attrs import define, field

from hub.cli.upkeep.archive import Archive
from persistence.upkeep.restoring import MARK
from tests.chaos.campaign import WRONG, Campaign, Plan
from tests.chaos.people.writers import GONE
from tests.chaos.proxy import Proxy
from tests.support.clients.http import NoResponse, form, request
from tests.support.programs.hub_process import PARLOUR, environment
from tests.support.stores.places import quick_place

FLAGS = (
    "--user-uploads-per-minute", "100000",
    "--user-frames-per-second", "100000",  # whole logs are read
    "--resume-limit", "100000",  # everything again, when a client starts over
)  # fmt: skip
UPLOAD_SECONDS = 0.02
UPLOAD_BYTES = 20_000
FETCHED = 5  # files, over HTTP
FIRST_GUESS_SECONDS = 3.0  # the first estimate of a command's duration


@define
class BackupCampaign(Campaign):
    """One run; its faults are these."""

    backups: int = field(kw_only=True)
    kills: int = field(kw_only=True)
    uploaded: dict[str, bytes] = field(factory=dict, init=False)
    kept: set[str] = field(factory=set, init=False)  # what the last backup must contain
    gone: set[str] = field(factory=set, init=False)  # acknowledged after a backup
    checked: int = field(default=0, init=False)  # files that were compared
    problems: list[str] = field(factory=list, init=False)
    took: dict[str, float] = field(factory=dict, init=False)  # how long a command takes

    async def run(self) -> dict[str, Any]:
        """Run it; returns the report."""
        self.server.flags = FLAGS
        await self.server.start()
        try:
            started = trio.current_time()
            async with trio.open_nursery() as nursery:
                proxy = Proxy(self.server.port, self.dice)
                await nursery.start(proxy.serve)
                await self._meet(proxy, nursery)
                nursery.start_soon(self._upload, proxy, self.conversations[0].cookie)
                for number in range(self.backups):
                    await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
                    print(f"{len(self.findings.acknowledged)} confirmed, backup", file=sys.stderr)
                    await self._go_back(self.data_dir.parent / f"place{number}")
                await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
                await self._fall_silent()
                report = await self._compare()
                nursery.cancel_scope.cancel()
        finally:
            self.server.stop()
        return report | {
            "backups": self.backups,
            "kills": self.kills,
            "files": self.checked,
            "problems": self.problems,
            "started_over": min(
                ear.started_over for each in self.conversations for ear in each.ears
            ),
            "seconds": round(trio.current_time() - started, 1),
        }

    def is_clean(self, report: dict[str, Any]) -> bool:
        """Whether nothing went wrong; messages sent after a backup are lost, and all clients must
        know that.
        """
        wrong = {name for name in (*WRONG, "lost_untold", "problems") if report[name]}
        return report["started_over"] >= self.backups and not wrong - {"lost"}

    async def _compare(self) -> dict[str, Any]:
        report = await super()._compare()
        self.problems += [f"{key} was not kept" for key in sorted(self.kept - self.stored)[:20]]
        return report

    async def _go_back(self, place: Path) -> None:
        """Back up, write on, lose everything, restore, and continue there."""
        place.mkdir()
        archive, data_dir = place / "backup.tar", place / "data"
        for _ in range(self.kills):
            await self._kill("backup", archive, self.server.data_dir)
            if archive.exists():  # the command was quicker
                await trio.to_thread.run_sync(Archive(archive).check)
                archive.unlink()
            self._expect(place, {".backup.tar.part"})
        self.kept = self.findings.acknowledged - self.gone
        files = dict(self.uploaded)
        await self._run("backup", archive, self.server.data_dir)
        self._expect(place, {"backup.tar"})
        await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
        await self.server.end_hub()
        self.gone |= self.findings.acknowledged - self.kept
        self.uploaded = dict(files)
        for _ in range(self.kills):
            await self._kill("restore", archive, data_dir)
            if (data_dir / MARK).exists():
                self._check_mark(data_dir)
            elif (data_dir / "postgres").exists():  # the command was quicker
                break
        else:
            await self._run("restore", archive, data_dir)
        await self.server.start_on(data_dir)
        await self._check_files(files)

    def _expect(self, place: Path, allowed: set[str]) -> None:
        names = {each.name for each in place.iterdir()}
        self.problems += [f"left behind: {name}" for name in sorted(names - allowed)]

    def _check_mark(self, data_dir: Path) -> None:
        """Check that a hub would not start there."""
        command = [*PARLOUR, "user", "list", "--data-dir", str(data_dir)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment()
        )
        if "has not ended" not in done.stderr:
            self.problems.append(f"half a backup is used: {done.stdout}{done.stderr}")

    async def _run(self, command: str, archive: Path, data_dir: Path) -> None:
        began = trio.current_time()
        done = await trio.run_process(
            [*PARLOUR, command, str(archive), "--data-dir", str(data_dir)],
            capture_stdout=True, capture_stderr=True, check=False, env=environment(),
        )  # fmt: skip
        self.took[command] = trio.current_time() - began
        print(done.stdout.decode().strip(), file=sys.stderr, flush=True)
        if done.returncode:
            raise AssertionError(done.stderr.decode())

    async def _kill(self, command: str, archive: Path, data_dir: Path) -> None:
        """Begin the command, and kill it after some time."""
        with trio.move_on_after(self.dice.random() * self.took.get(command, FIRST_GUESS_SECONDS)):
            await trio.run_process(
                [*PARLOUR, command, str(archive), "--data-dir", str(data_dir)],
                capture_stdout=True, capture_stderr=True, check=False, env=environment(),
                deliver_cancel=_kill_at_once,
            )  # fmt: skip

    async def _upload(self, proxy: Proxy, cookie: str) -> None:
        """Upload one file after the other, until cancelled."""
        while True:
            content = self.dice.randbytes(self.dice.randrange(1, UPLOAD_BYTES)).hex().encode()
            body, headers = form(content, "a.txt")
            with suppress(*GONE, NoResponse, h11.RemoteProtocolError):
                async with await trio.open_tcp_stream("127.0.0.1", proxy.port) as stream:
                    ask = partial(request, stream, "POST", "/api/upload", body)
                    reply = await ask({**headers, "Cookie": cookie})
                    if reply.status == 200:
                        self.uploaded[reply.json["url"]] = content
            await trio.sleep(UPLOAD_SECONDS)

    async def _check_files(self, files: dict[str, bytes]) -> None:
        """Check all files on the disk, and some over HTTP, which has rate limits."""
        cookie = self.conversations[0].cookie
        for url, content in files.items():
            path = self.server.data_dir / url[1:]
            if not path.exists() or path.read_bytes() != content:
                self.problems.append(f"{url} is not as it was")
        for url in self.dice.sample(sorted(files), min(FETCHED, len(files))):
            reply = await self.server.hub.call("GET", url, cookie=cookie)
            if reply.status != 200 or reply.body != files[url]:
                self.problems.append(f"{url}: {reply.status}")
        self.checked += len(files)


async def _kill_at_once(process: trio.Process) -> None:
    process.kill()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.backups")
    parser.add_argument("--backups", type=int, default=2, help="each restored in another folder")
    parser.add_argument("--kills", type=int, default=3, help="of a backup, and of its restore")
    parser.add_argument("--sends", type=int, default=500, help="confirmed ones before and after")
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=3_600.0, help="seconds for everything")
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    faulthandler.dump_traceback_later(options.time_limit, exit=True)
    with tempfile.TemporaryDirectory(prefix="parlour-chaos-", dir=quick_place()) as folder:
        Path(folder).chmod(0o755)
        campaign = BackupCampaign(
            Path(folder) / "data",
            Plan(0, 0, 0, 0, options.sends),
            random.Random(options.seed),
            options.pairs,
            is_unsafe=False,
            backups=options.backups,
            kills=options.kills,
        )
        report: dict[str, Any] = trio.run(campaign.run)
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if campaign.is_clean(report) else 1


if __name__ == "__main__":
    sys.exit(main())
