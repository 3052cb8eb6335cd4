"""`python -m tests.planted`: does the suite notice? See docs/testing.md#planted-faults."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from tests.planted.fault import Fault
from tests.planted.faults import FAULTS
from tests.planted.run import Outcome, control, copy_of_source, plant
from tests.planted.table import table


def main() -> int:
    """Plant what is asked for; 1 if a fault was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted")
    parser.add_argument("--only", nargs="+", default=[], help="faults whose name has one of these")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--table", action="store_true", help="print the table of docs/testing.md")
    options = parser.parse_args()
    faults = [
        fault
        for fault in FAULTS
        if not options.only or any(part in fault.name for part in options.only)
    ]
    if options.table:
        print(table(faults))
        return 0
    if options.list:
        print("\n".join(fault.name for fault in faults))
        return 0
    if not faults:
        print("no fault has such a name")
        return 2
    return _run(faults, options.jobs)


def _run(faults: Sequence[Fault], jobs: int) -> int:
    with ExitStack() as stack:
        roots: SimpleQueue[Path] = SimpleQueue()
        copies = [stack.enter_context(copy_of_source()) for _ in range(jobs)]
        control(copies[0], faults)
        print("control: every part passes without a fault", flush=True)
        for root in copies:
            roots.put(root)

        def plant_somewhere(fault: Fault) -> Outcome:
            root = roots.get()
            try:
                return plant(root, fault)
            finally:
                roots.put(root)

        missed: list[Outcome] = []
        with ThreadPoolExecutor(jobs) as workers:
            for number, outcome in enumerate(workers.map(plant_somewhere, faults), 1):
                verdict = outcome.found_by or "NOT FOUND"
                name = outcome.fault.name
                print(
                    f"{number}/{len(faults)} {outcome.seconds:5.1f} s  {name}: {verdict}",
                    flush=True,
                )
                if outcome.found_by is None:
                    missed.append(outcome)
    for outcome in missed:
        print(f"\n--- {outcome.fault.name} ({outcome.fault.file})\n{outcome.output[-2_000:]}")
    print(f"{len(faults) - len(missed)} of {len(faults)} found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
