"""One attack after another, while victims talk."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import trio
from attrs import define, field

from tests.abuse.attacker import order
from tests.abuse.field import Attack, Field
from tests.abuse.figures import Outcome, Phase, longest, recovery, refusals
from tests.abuse.hubs import Target
from tests.abuse.people import Person
from tests.abuse.victims import NEWCOMERS, PEOPLE, VictimError, Victims

WARM_SECONDS: Final = 0.5
QUIET_SECONDS: Final = 1.5
AFTER_SECONDS: Final = 2.75
SAMPLE_SECONDS: Final = 0.1
STOP_SECONDS: Final = 10.0
KEPT_LINES: Final = 100
MEGABYTE: Final = 1_048_576
DEEP_HISTORY: Final = 5_000
HISTORY: Final = 50
ATTACKER_PAIRS: Final = 8
VICTIM_PAIRS: Final = sum(PEOPLE.values()) // 2 + NEWCOMERS


def histories(attacks: int) -> list[int]:
    """The lengths of the histories of all pairs: first the victims, then the attackers, one for
    each attack.
    """
    return [0] * VICTIM_PAIRS + [DEEP_HISTORY] + [HISTORY] * attacks


@define
class Cast:
    """The parts of the users."""

    people: Sequence[Person]
    _used: int = field(default=0, init=False)

    def victims(self) -> Mapping[str, Sequence[Person]]:
        """The victims, by dialect."""
        rest, found = list(self.people), {}
        for dialect, number in PEOPLE.items():
            found[dialect], rest = rest[:number], rest[number:]
        return found

    def newcomers(self) -> Sequence[Person]:
        """The users who make requests."""
        first = sum(PEOPLE.values())
        return self.people[first : first + 2 * NEWCOMERS : 2]

    def attackers(self, *, deep: bool) -> tuple[str, Sequence[Person]]:
        """A new address and a pair of users; the pair with the deep history if `deep`."""
        self._used += 1
        first = 2 * VICTIM_PAIRS + (0 if deep else 2 * self._used)
        address = f"127.0.{1 + self._used // 250}.{1 + self._used % 250}"
        return address, self.people[first : first + 2]


@contextmanager
def attacker_process() -> Iterator["subprocess.Popen[str]"]:
    """An attacker at a low priority: it gets what the victims leave of their core, so that they
    measure correct times.
    """
    command = ["nice", "-n", "5", sys.executable, "-m", "tests.abuse.attacker"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def run_attack(chosen: Attack, target: Target, cast: Cast, seconds: float) -> Outcome:
    """Measure before, during and after an attack.

    Args:
        chosen: the attack.
        target: the hub.
        cast: the parts of the users.
        seconds: the duration of the attack.
    """
    address, pair = cast.attackers(deep=chosen.name.startswith("deep"))
    field_ = Field(target.port, address, pair, target.tls)
    victims = Victims(target.port, cast.victims(), cast.newcomers(), target.tls)
    with attacker_process() as process:
        _say(process, order(chosen, field_))
        await trio.to_thread.run_sync(_line, process)
        try:
            return await _measured(chosen, target, victims, process, seconds)
        except* VictimError as group:
            found = _nobody_came(chosen, repr(group.exceptions[0]))
        return found


def _nobody_came(chosen: Attack, why: str) -> Outcome:
    """The victims could not connect, because of the attack before this one."""
    nothing = Phase.between((), 0, 0)
    return Outcome(
        name=chosen.name,
        who=chosen.who.value,
        phase=chosen.phase,
        before=nothing,
        during=nothing,
        after=nothing,
        held=0,
        memory=0,
        recovery=None,
        lost=0,
        cut=0,
        requests=0,
        refused={},
        slowest_request=0,
        answers={},
        logged=[why],
    )


async def _measured(
    chosen: Attack,
    target: Target,
    victims: Victims,
    process: "subprocess.Popen[str]",
    seconds: float,
) -> Outcome:
    memory: list[int] = []
    logged = len(target.logged)
    async with victims.talking(), trio.open_nursery() as nursery:
        await trio.sleep(WARM_SECONDS)
        began = time.perf_counter()
        await trio.sleep(QUIET_SECONDS)
        resident = target.process.resident_bytes()
        quiet_lag = await trio.to_thread.run_sync(target.lag)
        nursery.start_soon(_sample, target, memory)
        nursery.start_soon(_visits, victims, chosen.has_login)
        attacked = time.perf_counter()
        _say(process, "go\n")
        await trio.sleep(seconds)
        over = time.perf_counter()
        _say(process, "stop\n")
        lag = await trio.to_thread.run_sync(target.lag)
        answers: dict[str, int] = {}
        with trio.move_on_after(STOP_SECONDS):
            line = await trio.to_thread.run_sync(_line, process, abandon_on_cancel=True)
            answers = json.loads(line or "{}")
        process.kill()
        await trio.sleep(max(0.0, AFTER_SECONDS - (time.perf_counter() - over)))
        end = time.perf_counter()
        lost = await victims.silence()
        nursery.cancel_scope.cancel()
    quiet = Phase.between(victims.deliveries, began, attacked)
    return Outcome(
        name=chosen.name,
        who=chosen.who.value,
        phase=chosen.phase,
        before=quiet,
        during=Phase.between(victims.deliveries, attacked, over),
        after=Phase.between(victims.deliveries, over, end),
        held=longest(quiet_lag, lag),
        memory=(max(memory, default=resident) - resident) / MEGABYTE,
        recovery=recovery(victims.deliveries, over, end, quiet),
        lost=lost,
        cut=victims.cut,
        requests=len(victims.asked),
        refused={**victims.refused, **refusals(victims.asked)},
        slowest_request=max((each.seconds for each in victims.asked), default=0.0) * 1_000,
        answers=answers,
        logged=target.logged[logged:][:KEPT_LINES],
    )


async def _sample(target: Target, memory: list[int]) -> None:
    while True:
        memory.append(target.process.resident_bytes())
        await trio.sleep(SAMPLE_SECONDS)


async def _visits(victims: Victims, has_login: bool) -> None:
    await victims.visit(has_login=has_login)


def _say(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line)
    process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()
