"""A campaign of faults: the writers, the order of the faults, and the counts in the end."""

import random
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import trio
from attrs import define, field, frozen

from tests.chaos.patience import PATIENCE_SECONDS, until
from tests.chaos.people.changers import Changer, Kind
from tests.chaos.people.writers import Ear, Findings, Writer
from tests.chaos.proxy import Proxy
from tests.chaos.server import Server
from tests.support.clients.http import Reply

WRONG = ("lost", "duplicated", "out_of_order", "undelivered", "refused")


@frozen
class Plan:
    """How often each fault happens, and how many sends are confirmed between two of them."""

    hub_kills: int
    postgres_kills: int
    pauses: int
    cuts: int
    sends: int

    def faults(self, dice: random.Random) -> list[str]:
        """The faults in their order."""
        faults = (
            ["hub_kill"] * self.hub_kills
            + ["postgres_kill"] * self.postgres_kills
            + ["pause"] * self.pauses
            + ["cut"] * self.cuts
        )
        dice.shuffle(faults)
        return faults


@frozen
class Conversation:
    """Two users, and all devices that receive their messages."""

    one: int
    other: int
    cookie: str
    writers: tuple[Writer, Writer]
    ears: tuple[Ear, ...]
    changers: tuple[Changer, ...]

    @property
    def pending(self) -> list[str]:
        """The keys of messages without a confirmation."""
        changes = [str(change) for each in self.changers for change in each.pending]
        return [key for each in self.writers for key in each.pending] + changes


@define
class Campaign:
    """One run."""

    data_dir: Path
    plan: Plan
    dice: random.Random
    pairs: int
    is_unsafe: bool
    patience: float = PATIENCE_SECONDS
    changes: bool = False
    server: Server = field(init=False)
    findings: Findings = field(factory=Findings, init=False)
    conversations: list[Conversation] = field(factory=list, init=False)
    stored: set[str] = field(factory=set, init=False)  # when it was compared
    recovered_after: list[float] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.server = Server(self.data_dir, self.is_unsafe)

    def is_clean(self, report: dict[str, Any]) -> bool:
        """Whether nothing went wrong."""
        return not any(report[name] for name in WRONG)

    async def run(self) -> dict[str, Any]:
        """Run it; returns the report."""
        await self.server.start()
        try:
            started = trio.current_time()
            async with trio.open_nursery() as nursery:
                proxy = Proxy(self.server.port, self.dice)
                await nursery.start(proxy.serve)
                await self._meet(proxy, nursery)
                for fault in self.plan.faults(self.dice):
                    await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
                    await trio.sleep(self.dice.random() * 0.2)
                    await self._happen(fault, proxy)
                await self._until_confirmed(len(self.findings.acknowledged) + self.plan.sends)
                await self._fall_silent()
                report = await self._compare()
                nursery.cancel_scope.cancel()
            return report | {"seconds": round(trio.current_time() - started, 1)}
        finally:
            self.server.stop()

    async def _meet(self, proxy: Proxy, nursery: trio.Nursery) -> None:
        for number in range(self.pairs):
            one, cookie = await self.server.hub.sign_up(f"one{number}")
            other, others_cookie = await self.server.hub.sign_up(f"other{number}")
            first = await self.server.hub.call(
                "POST", f"/private_messages/api/messages/{other}", {"content": "hello"}, cookie
            )
            assert first.status == 201, first.text
            names = (f"one{number}", f"other{number}")
            ears = [Ear(name, self.findings) for name in names]
            writers = (
                Writer(names[0], other, cookie, proxy, self.findings, ears[0]),
                Writer(names[1], one, others_cookie, proxy, self.findings, ears[1]),
            )
            for writer in writers:
                nursery.start_soon(writer.live)
            changers = tuple(
                Changer(self.server, writer, ears, self.findings)
                for writer in (writers if self.changes else ())
            )
            for changer in changers:
                nursery.start_soon(changer.live)
            self.conversations.append(
                Conversation(one, other, cookie, writers, tuple(ears), changers)
            )

    async def _happen(self, fault: str, proxy: Proxy) -> None:
        print(f"{len(self.findings.acknowledged)} confirmed, {fault}", file=sys.stderr, flush=True)
        at = trio.current_time()
        match fault:
            case "hub_kill":
                await self.server.kill_hub()
                at = trio.current_time()  # its start is over
            case "postgres_kill":
                self.server.kill_postgres()
            case "pause":
                await self.server.pause_postgres(0.5 + self.dice.random() * 2.5)
                at = trio.current_time()
            case _:
                proxy.cut()
        under_way = sum(len(w.pending) for each in self.conversations for w in each.writers)
        await self._until_confirmed(len(self.findings.acknowledged) + under_way + 1)
        if fault == "postgres_kill":
            self.recovered_after.append(trio.current_time() - at)

    async def _until_confirmed(self, count: int) -> None:
        await until(
            lambda: len(self.findings.acknowledged) >= count,
            lambda: f"{len(self.findings.acknowledged)} of {count} confirmed",
            self.patience,
        )

    async def _fall_silent(self) -> None:
        """Stop all writers; soon everything must be confirmed and received."""
        for conversation in self.conversations:
            for writer in conversation.writers:
                writer.stopped = True
        with trio.move_on_after(self.patience):
            while any(each.pending for each in self.conversations):  # noqa: ASYNC110  it may not
                await trio.sleep(0.05)
            await trio.sleep(1.0)

    async def _compare(self) -> dict[str, Any]:
        """Compare the logs with what was confirmed and received."""
        stored: list[str] = []
        undelivered: list[str] = []
        changes: Counter[Kind] = Counter()
        undone: list[str] = []
        for conversation in self.conversations:
            log = await self._log(conversation)
            made = [each for changer in conversation.changers for each in changer.acknowledged]
            deleted = [each.message for each in made if each.kind is Kind.DELETE]
            changes.update(each.kind for each in made)
            by_id = {message["id"]: message for message in log}
            undone += [f"{each}" for each in made if not each.is_in(by_id)]
            seqs = sorted([message["seq"] for message in log] + [each.seq for each in deleted])
            if seqs != list(range(1, len(seqs) + 1)):
                self.findings.out_of_order.append(f"log of {conversation.one}: holes")
            stored += [message["client_id"] for message in log if "client_id" in message]
            stored += [each.key for each in deleted]
            undelivered += [
                f"{ear.name}: {len(seqs) - ear.last}"
                for ear in conversation.ears
                if ear.last != len(seqs)
            ]
        self.stored = keys = set(stored)
        certain = {key for each in self.conversations for ear in each.ears for key in ear.certain}
        pending = [each for every in self.conversations for each in every.pending]
        times = sorted(self.recovered_after)
        twice = [key for key, count in Counter(stored).items() if count > 1]
        wrong = {
            "lost": undone + sorted(self.findings.acknowledged - keys),
            "duplicated": self.findings.duplicated + twice,
            "out_of_order": self.findings.out_of_order,
            "undelivered": undelivered + [f"{key} is not confirmed" for key in pending],
            "refused": self.findings.refused,
            "lost_untold": sorted(certain - keys),
        }
        return {
            "acknowledged": len(self.findings.acknowledged),
            **{f"{kind}_acknowledged": changes[kind] for kind in Kind},
            **{name: len(found) for name, found in wrong.items()},
            "examples": {name: found[:20] for name, found in wrong.items() if found},
            "stored": len(stored),
            "hub_kills": self.plan.hub_kills,
            "postgres_kills": self.plan.postgres_kills,
            "pauses": self.plan.pauses,
            "cuts": self.plan.cuts,
            "postgres_back_after": {
                "median": round(statistics.median(times), 2) if times else None,
                "longest": round(times[-1], 2) if times else None,
            },
        }

    async def _log(self, conversation: Conversation) -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = []
        while True:
            after = log[-1]["seq"] if log else 0
            path = (
                f"/private_messages/api/messages/{conversation.other}?after_seq={after}&limit=100"
            )
            page: Reply = await self.server.hub.call("GET", path, cookie=conversation.cookie)
            assert page.status == 200, page.text
            if not page.json:
                return log
            log += page.json
