"""A campaign on several nodes: the writers, the faults, and the report."""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

import trio
from attrs import define, field, frozen

from tests.chaos.patience import Hung, until
from tests.chaos.people.devices import Sender
from tests.chaos.people.writers import Findings
from tests.cluster.faults import Faults, Planned
from tests.cluster.installation import Engine, Installation, install
from tests.cluster.judgement import Verdict, read_log
from tests.cluster.people import Circle, Meeting
from tests.support.stores.databases import execute, with_database

AFTER_OWN: Final = 2.5  # times as long a device may wait after a fault of its own node
EXAMPLES: Final = 20
SOON_SECONDS: Final = 1.0
SESSIONS: Final = """
    SELECT json_agg(json_build_array(pid, pg_blocking_pids(pid), state, wait_event_type, wait_event,
               round(extract(epoch FROM clock_timestamp() - xact_start), 1), left(query, 60))
               ORDER BY xact_start)
      FROM pg_stat_activity WHERE usename = 'hub' AND xact_start IS NOT NULL
"""
CROSSED_SHARE: Final = 0.5  # of what is stored; each message goes to several devices
CALM_SECONDS: Final = (0.5, 3.0)  # between two faults


@frozen
class Plan:
    """The parameters of a campaign.

    Args:
        engine: of the bus.
        nodes: how many.
        faults: each happens once in a round.
        messages: acknowledged messages after which no other round begins,
        seconds: and the time after which none begins; the first round is always played.
        rate: messages a second, of all senders together.
        pairs: of users who write to each other, beside the room,
        quiet: and pairs who write once when each fault begins: no later message reveals that it is
            missing.
        wait: seconds that a device may wait for a message, during any fault of the bus and of other
            nodes.
        hold: seconds that a fault lasts at most.
        stay: seconds that a connection lasts, on average.
        patience: seconds until what must happen has happened.
    """

    engine: Engine
    nodes: int
    faults: Sequence[Planned]
    messages: int
    seconds: float
    rate: float
    pairs: int
    quiet: int
    wait: float
    hold: float
    stay: float
    patience: float


@define
class Campaign:
    """One run.

    Args:
        folder: for everything.
        plan: its parameters.
        dice: decide the order of the faults, and which nodes they hit.
    """

    folder: Path
    plan: Plan
    dice: random.Random
    findings: Findings = field(factory=Findings, init=False)
    circles: list[Circle] = field(factory=list, init=False)
    quiet: list[Circle] = field(factory=list, init=False)
    hung: list[str] = field(factory=list, init=False)
    _lag: float = field(default=0.0, init=False)
    _began_at: float = field(factory=time.monotonic, init=False)

    async def run(self) -> dict[str, Any]:
        """Run it; returns the report."""
        plan = self.plan
        async with install(self.folder, plan.engine, plan.nodes, self.dice) as at:
            faults = Faults(at, self.dice, plan.hold)
            async with trio.open_nursery() as nursery:
                await self._meet(at, nursery)
                nursery.start_soon(self._notice_lag)
                self._began_at = time.monotonic()
                try:
                    await self._play(faults)
                except Hung as error:  # what came until then is judged as well
                    found = await execute(at.cluster.superuser, SESSIONS)
                    print(f"{error}\nsessions: {found}", file=sys.stderr, flush=True)
                    self.hung.append(str(error).partition("\n")[0])
                await self._fall_silent(at)
                seconds = time.monotonic() - self._began_at
                verdict = await self._judge(at)
                nursery.cancel_scope.cancel()
            return self._report(at, faults, verdict, seconds)

    @property
    def everybody(self) -> Sequence[Circle]:
        return [*self.circles, *self.quiet]

    @property
    def senders(self) -> Sequence[Sender]:
        return [sender for each in self.everybody for sender in each.senders]

    @property
    def acknowledged(self) -> int:
        return sum(len(sender.acknowledged) for sender in self.senders)

    async def _meet(self, at: Installation, nursery: trio.Nursery) -> None:
        plan = self.plan
        pause = (2 * plan.pairs + 2) / plan.rate
        meeting = Meeting(at.nodes, _inside(at), self.findings, self.dice, plan.stay)
        self.circles = [await meeting.pair(number, pause) for number in range(plan.pairs)]
        self.circles.append(await meeting.room(pause))
        quiet = range(plan.pairs, plan.pairs + plan.quiet)
        self.quiet = [await meeting.pair(number, None) for number in quiet]
        for circle in self.everybody:
            for device in circle.devices:
                nursery.start_soon(device.live)

    async def _notice_lag(self) -> None:
        """Measure how late this process itself was, which is part of each wait that it measures."""
        while True:
            began = time.monotonic()
            await trio.sleep(0.05)
            self._lag = max(self._lag, time.monotonic() - began - 0.05)

    async def _play(self, faults: Faults) -> None:
        for planned in self._sequence():
            await self._until_all_acknowledged()
            await trio.sleep(self.dice.uniform(*CALM_SECONDS))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write_once)
                found = await faults.happen(planned)
            what = f"{found.fault} of {found.node} for {found.seconds:.1f} s"
            signs = ", ".join(found.signs) or "IT DID NOT HAPPEN"
            now = f"{datetime.now(UTC):%X} {self.acknowledged} acknowledged"
            print(f"{now}, {what}: {signs}", file=sys.stderr, flush=True)
        await self._until_all_acknowledged()

    async def _write_once(self) -> None:
        """The quiet pairs write, while a fault begins."""
        for circle in self.quiet:
            for sender in circle.senders:
                await trio.sleep(self.dice.random() * SOON_SECONDS / len(self.quiet))
                sender.write_one()

    def _sequence(self) -> Iterator[Planned]:
        """The faults, round after round, each in another order."""
        for number in count():
            has_time = time.monotonic() - self._began_at < self.plan.seconds
            if number and not (has_time and self.acknowledged < self.plan.messages):
                return
            faults = list(self.plan.faults)
            self.dice.shuffle(faults)
            yield from faults

    async def _until_all_acknowledged(self) -> None:
        goals = [
            (sender, len(sender.acknowledged) + 2)
            for each in self.circles
            for sender in each.senders
        ]
        await until(
            lambda: all(len(sender.acknowledged) >= goal for sender, goal in goals),
            lambda: f"acknowledged: {[(s.name, len(s.acknowledged), g) for s, g in goals]}",
            self.plan.patience,
        )
        await until(
            lambda: all(_is_even(circle) for circle in self.quiet),
            lambda: f"heard: {[(d.name, d.ear.last) for c in self.quiet for d in c.devices]}",
            self.plan.patience,
        )

    async def _fall_silent(self, at: Installation) -> None:
        """Stop all writers; soon everything must be acknowledged and received."""
        for circle in self.everybody:
            for device in circle.devices:
                device.is_calm = True
        dsn = _inside(at)
        with trio.move_on_after(self.plan.patience):
            while any(sender.pending for sender in self.senders):  # noqa: ASYNC110
                await trio.sleep(0.05)
            for circle in self.everybody:
                log = await read_log(dsn, circle.channel_id)
                while any(device.ear.last < len(log) for device in circle.devices):  # noqa: ASYNC110
                    await trio.sleep(0.05)

    async def _judge(self, at: Installation) -> Verdict:
        verdict = Verdict()
        hubs = {text: hub for each in self.senders for text, hub in each.hubs.items()}
        for circle in self.everybody:
            log = await read_log(_inside(at), circle.channel_id)
            verdict.judge_log(log, circle.devices)
            for device in circle.devices:
                verdict.judge_waits(log, device, hubs, at.health)
        return verdict

    def _report(
        self, at: Installation, faults: Faults, verdict: Verdict, seconds: float
    ) -> dict[str, Any]:
        senders = self.senders
        devices = [device for each in self.everybody for device in each.devices]
        said = sum((node.said for node in at.nodes), Counter[str]())
        did_not_happen = [
            f"{each.fault} of {each.node}" for each in faults.happened if not each.signs
        ]
        if len(at.nodes) > 1 and verdict.crossed < verdict.stored * CROSSED_SHARE:
            did_not_happen.append("people at different nodes hardly wrote to each other")
        wrong = verdict.wrong | {
            "duplicated": self.findings.duplicated,
            "out_of_order": self.findings.out_of_order,
            "refused": self.findings.refused,
            "late": _late(verdict, self.plan.wait),
            "tracebacks": [line for node in at.nodes for line in node.tracebacks],
            "did_not_happen": did_not_happen,
            "hung": self.hung,
        }
        waits = sorted(verdict.waits)
        return {
            "engine": self.plan.engine,
            "nodes": self.plan.nodes,
            "acknowledged": self.acknowledged,
            "acknowledged_of_who_never_repeats": sum(
                len(each.acknowledged) for each in senders if not each.repeats
            ),
            "stored": verdict.stored,
            "devices": len(devices),
            "connections": sum(len(each.visits) for each in devices),
            "refused_as_unavailable": sum(each.unavailable for each in senders),
            "came_from_another_node": verdict.crossed,
            "came_with_a_resume": verdict.resumed,
            **{name: len(found) for name, found in wrong.items()},
            "examples": {name: found[:EXAMPLES] for name, found in wrong.items() if found},
            "wait": {
                "median": round(waits[len(waits) // 2], 4) if waits else None,
                "p99": round(waits[int(len(waits) * 0.99)], 4) if waits else None,
                "longest": round(verdict.wait.seconds, 3),
                "longest_was": verdict.wait.what,
                "longest_after_own_node_was_unwell": round(verdict.wait_after_own.seconds, 3),
                "this_was": verdict.wait_after_own.what,
                "this_process_was_late": round(self._lag, 3),
            },
            "faults": dict(Counter(str(each.fault) for each in faults.happened)),
            "logged": {name: said[name] for name in LOGGED if said[name]},
            "seconds": round(seconds, 1),
            "wrong": sorted(name for name, found in wrong.items() if found),
        }


LOGGED: Final = (
    "apart", "together", "bulletins_missing", "message_found", "bus_lost", "bus_back",
    "bus_does_not_take", "messages_not_stored", "lease_not_renewed", "log_not_read",
    "bad_bulletin", "log_went_back", "log_changed", "log_begun_anew", "another_hub_served",
)  # fmt: skip


def _is_even(circle: Circle) -> bool:
    """Whether all of its devices have received the same."""
    return len({device.ear.last for device in circle.devices}) == 1


def _late(verdict: Verdict, bound: float) -> list[str]:
    """The longest wait of each kind that is beyond its bound."""
    found = (verdict.wait, bound), (verdict.wait_after_own, bound * AFTER_OWN)
    return [f"{wait.seconds:.2f} s: {wait.what}" for wait, bound in found if wait.seconds > bound]


def _inside(at: Installation) -> str:
    return with_database(at.cluster.superuser, "parlour")
