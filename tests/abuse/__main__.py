"""`python -m tests.abuse`: what one attacker can do to the others.

A real hub with its embedded Postgres and default limits has a core of its own; victims send 20
messages a second on each dialect while one attack after another runs. Prints a table, and exits
with 1 if a bound was broken.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

import trio

from tests.abuse.attacks import ATTACKS
from tests.abuse.campaign import Cast, histories, run_attack
from tests.abuse.field import Attack
from tests.abuse.figures import Outcome, table
from tests.abuse.hubs import run_target
from tests.abuse.normal import NORMAL, Normal, NormalUse, normal_table
from tests.abuse.people import make_people
from tests.abuse.wire import raise_descriptors
from tests.support.programs.processes import until_none_works_in

CLIENT_CORE: Final = 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.abuse")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each attack")
    parser.add_argument(
        "--only",
        metavar="WORDS",
        nargs="+",
        help="attacks and uses that are named so",
    )
    parser.add_argument("--json", type=Path, help="where to write every figure")
    options = parser.parse_args()
    words = options.only or [""]
    chosen = [each for each in ATTACKS if any(word in each.name for word in words)]
    attacks = sorted(chosen, key=lambda each: each.hub)
    uses = [each for each in NORMAL if any(word in each.name for word in words)]
    raise_descriptors()
    with tempfile.TemporaryDirectory(prefix="parlour-abuse-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        data = folder / "data"
        cast = Cast(trio.run(make_people, data, histories(len(attacks))))
        if len(os.sched_getaffinity(0)) > 1:
            os.sched_setaffinity(0, {CLIENT_CORE})
        try:
            outcomes = attack_all(attacks, data, cast, options.seconds)
            used = use_all(uses, data)
        finally:
            until_none_works_in(folder)
    print(table(outcomes))
    print()
    print(normal_table(used))
    if options.json is not None:
        figures = {
            "attacks": [each.plain() for each in outcomes],
            "normal": [each.plain() for each in used],
        }
        options.json.write_text(json.dumps(figures, indent=2, default=str) + "\n")
    broken = [f"{each.name}: {', '.join(each.broken())}" for each in outcomes if each.broken()]
    broken += [f"{each.name}: refused {dict(each.refused)}" for each in used if each.refused]
    print(f"\n{len(outcomes)} attacks, {len(used)} normal uses, {len(broken)} with a broken bound")
    print("\n".join(broken))
    return 1 if broken else 0


def attack_all(attacks: Sequence[Attack], data: Path, cast: Cast, seconds: float) -> list[Outcome]:
    """Run each attack, on a hub of its kind; on a new one if the last was left unwell."""
    outcomes: list[Outcome] = []
    for kind, chosen in groupby(attacks, key=lambda each: each.hub):
        left = deque(chosen)
        while left:
            with run_target(kind, data, is_pinned=True) as target:
                while left:
                    attack = left.popleft()
                    outcome = trio.run(partial(run_attack, attack, target, cast, seconds))
                    outcomes.append(outcome)
                    said = f"{attack.name}: {', '.join(outcome.broken()) or 'kept'}"
                    print(said, file=sys.stderr, flush=True)
                    if outcome.lost or outcome.recovery is None:
                        break
            until_none_works_in(data)
    return outcomes


def use_all(uses: Sequence[NormalUse], data: Path) -> list[Normal]:
    """Run each normal use, on one hub."""
    if not uses:
        return []
    with run_target("plain", data, is_pinned=True) as target:
        return [trio.run(each.run, target) for each in uses]


if __name__ == "__main__":
    sys.exit(main())
