"""`python -m tests.planted`: does the suite find faults? See docs/testing.md#planted-faults."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.planted.fault import Fault
from tests.planted.faults import FAULTS
from tests.planted.run import (
    NoAnswer,
    Outcome,
    compile_packages,
    copy_of_source,
    plant,
    require_passing,
)
from tests.planted.table import table
from tests.support.stores.databases import SERVER, database_server, quick_folder

T = TypeVar("T")
R = TypeVar("R")


def main() -> int:
    """Plant the chosen faults; returns 1 if one was not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted")
    parser.add_argument("--only", nargs="+", default=[], help="faults whose name or file has one")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    parser.add_argument("--without-control", action="store_true", help="trust the tests to pass")
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--table", action="store_true", help="print the table of docs/testing.md")
    options = parser.parse_args()
    faults = [
        fault
        for fault in FAULTS
        if not options.only
        or any(part in fault.name or part in fault.file for part in options.only)
    ]
    if options.table:
        print(table(faults))
    elif options.list:
        print("\n".join(fault.name for fault in faults))
    elif not faults:
        print("no fault has such a name or file")
        return 2
    else:
        return _run(faults, options.jobs, with_control=not options.without_control)
    return 0


def _run(faults: Sequence[Fault], jobs: int, *, with_control: bool) -> int:
    compile_packages()
    with ExitStack() as stack:
        folder = stack.enter_context(quick_folder())
        os.environ[SERVER] = stack.enter_context(database_server(folder)).dsn  # for all runs
        copies = [stack.enter_context(copy_of_source()) for _ in range(jobs)]
        if with_control and not _control(copies, faults):
            return 1
        missed: list[Outcome] = []
        for number, outcome in enumerate(_in_copies(copies, plant, faults), 1):
            verdict = outcome.found_by or "NOT FOUND"
            place = f"{number}/{len(faults)} {outcome.seconds:5.1f} s"
            print(f"{place}  {outcome.fault.name}: {verdict}", flush=True)
            if outcome.found_by is None:
                missed.append(outcome)
    for outcome in missed:
        print(f"\n--- {outcome.fault.name} ({outcome.fault.file})\n{outcome.output[-3_000:]}")
    print(f"{len(faults) - len(missed)} of {len(faults)} found")
    return 1 if missed else 0


def _control(copies: Sequence[Path], faults: Iterable[Fault]) -> bool:
    """Whether every part passes without a fault."""
    files = sorted({file for fault in faults for file in fault.part})
    parts = [files[first :: len(copies)] for first in range(len(copies))]
    try:
        for _ in _in_copies(copies, require_passing, [part for part in parts if part]):
            pass
    except NoAnswer as error:
        print(f"control: {error}")
        return False
    print(f"control: {len(files)} files pass without a fault", flush=True)
    return True


def _in_copies(
    copies: Sequence[Path], act: Callable[[Path, T], R], items: Sequence[T]
) -> Iterator[R]:
    """Call `act` for every item, each in a copy that no other call uses meanwhile; in the items'
    order.
    """
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def act_somewhere(item: T) -> R:
        copy = free.get()
        try:
            return act(copy, item)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as workers:
        try:
            yield from workers.map(act_somewhere, items)
        except BaseException:
            workers.shutdown(cancel_futures=True)
            raise


if __name__ == "__main__":
    sys.exit(main())
