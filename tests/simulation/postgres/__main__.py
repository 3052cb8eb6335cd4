"""`python -m tests.simulation.postgres --seeds 2000 --json PATH`: days of a hub on a real Postgres
behind a proxy at which every message may meet a fault.

One seed again, with its trace: `--start SEED --seeds 1 --trace`. A seed has the same dice each
time; the order of events may differ, because sockets are real.
"""

import argparse
import json
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

import trio

from tests.simulation.postgres.day import Result, play
from tests.support.stores.databases import database_server, quick_folder
from tests.support.timing.time_limit import where_it_stands

SECONDS: Final = 100.0  # after which a seed hangs


async def look(stacks: list[str]) -> None:
    """Collect the stacks shortly before the time is up."""
    await trio.sleep(SECONDS - 1.0)
    stacks.append(where_it_stands(None))


def play_some(seeds: list[int], traces: Path | None) -> list[Result]:
    """Play seeds one after the other, on a server of their own; `traces`: a folder for those of
    broken seeds.
    """
    results: list[Result] = []
    with quick_folder() as folder, database_server(folder) as databases:

        async def run(seed: int) -> Result:
            stacks: list[str] = []
            with trio.move_on_after(SECONDS):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(look, stacks)
                    result = await play(seed, databases)
                    nursery.cancel_scope.cancel()
                return result
            return Result(seed, [f"hangs\n{stacks[0]}"])

        for seed in seeds:
            try:
                result = trio.run(run, seed)
            except Exception:  # noqa: BLE001  any exception is a problem of its seed
                result = Result(seed, [f"ends\n{traceback.format_exc()}"])
            results.append(result)
            if result.problems and traces is not None:
                (traces / f"{seed}.txt").write_text(result.trace)
            for problem in result.problems:
                print(f"seed {seed}: {problem}", flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.postgres")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="where to write what was found")
    parser.add_argument("--traces", type=Path, help="a folder for what happened in broken seeds")
    parser.add_argument("--trace", action="store_true", help="print what happened")
    options = parser.parse_args()
    started = time.monotonic()
    seeds = range(options.start, options.start + options.seeds)
    parts = [list(seeds[number :: options.jobs]) for number in range(options.jobs)]
    with ProcessPoolExecutor(options.jobs) as pool:
        results = list(
            chain.from_iterable(
                pool.map(partial(play_some, traces=options.traces), filter(None, parts))
            )
        )
    if options.trace:
        print("\n".join(result.trace for result in results))
    report = {
        "seeds": len(results),
        "broken": {result.seed: result.problems for result in results if result.problems},
        "acknowledged": sum(result.acknowledged for result in results),
        "stored": sum(result.stored for result in results),
        "faults": sum(result.faults for result in results),
        "notes": sum(result.notes for result in results),
        "searches": sum(result.searches for result in results),
        "restarts": sum(result.restarts for result in results),
        "traces": {result.seed: result.trace for result in results if result.problems},
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps({name: value for name, value in report.items() if name != "traces"}))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if report["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
