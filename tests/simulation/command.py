"""The options of `python -m tests.simulation`, and the report of a run."""

import argparse
import json
import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from tests.simulation.bugs import BUGS
from tests.simulation.play import REAL_SECONDS, play
from tests.simulation.run import Result

CHUNK = 5  # seeds that a process is given at a time


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="where to write what was found")
    parser.add_argument(
        "--bug",
        choices=BUGS,
        nargs="+",
        default=[None],
        help="mistakes to plant, one after the other",
    )
    parser.add_argument(
        "--nodes", type=int, choices=(1, 2, 3), help="so many, instead of what each seed says"
    )
    parser.add_argument("--until-broken", action="store_true", help="stop at the first problem")
    parser.add_argument("--trace", action="store_true", help="print what happened")
    parser.add_argument(
        "--real-seconds", type=float, default=REAL_SECONDS, help="after which a seed hangs"
    )
    options = parser.parse_args()
    started = time.monotonic()
    ended: dict[int, str] = {}
    with ProcessPoolExecutor(options.jobs) as pool:
        if options.until_broken:
            found = pool.map(partial(_until_broken, options), options.bug)
        else:
            found = (_all(options, pool, ended, bug) for bug in options.bug)
        by_bug = dict(zip(options.bug, found, strict=True))
    results = [result for found in by_bug.values() for result in found]
    seconds = time.monotonic() - started
    report = {
        "seeds": len(results),
        "broken": ended | {result.seed: result.problem for result in results if result.problem},
        "not_broken_by": [
            bug for bug, found in by_bug.items() if bug and not any(each.problem for each in found)
        ],
        "acknowledged": sum(result.acknowledged for result in results),
        "changes": sum(result.changes for result in results),
        "copies": sum(result.copies for result in results),
        "mentions": sum(result.mentions for result in results),
        "found": sum(result.found for result in results),
        "notes": sum(result.notes for result in results),
        "threads": sum(result.threads for result in results),
        "messages": sum(result.messages for result in results),
        "frames": sum(result.frames for result in results),
        "restarts": sum(result.restarts for result in results),
        "nodes": dict(sorted(Counter(result.nodes for result in results).items())),
        "longest_wait": round(max((result.longest_wait for result in results), default=0.0), 2),
        "seconds": round(seconds, 1),
        "seeds_per_second": round(len(results) / seconds, 1),
    }
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if report["broken"] else 0


def _seeds(options: argparse.Namespace) -> range:
    return range(options.start, options.start + options.seeds)


def _until_broken(options: argparse.Namespace, bug: str | None) -> list[Result]:
    """Play seed after seed in this process, until one breaks."""
    results: list[Result] = []
    for seed in _seeds(options):
        results.append(play(seed, bug, options.real_seconds, options.nodes))
        _show(options, bug, results[-1])
        if results[-1].problem is not None:
            break
    return results


def _all(
    options: argparse.Namespace, pool: ProcessPoolExecutor, ended: dict[int, str], bug: str | None
) -> list[Result]:
    """Play every seed. What is known of a seed that ended its process is noted in `ended`."""
    results: list[Result] = []
    given = {"real_seconds": options.real_seconds, "nodes": options.nodes}
    run = partial(play, bug=bug, **given)
    try:
        for result in pool.map(run, _seeds(options), chunksize=CHUNK):
            results.append(result)
            _show(options, bug, result)
            if result.problem is not None and result.problem.startswith("hangs"):
                # After a hang that had to be broken off, its process is not used any more.
                pool.shutdown(wait=False, cancel_futures=True)
                break
    except BrokenProcessPool:
        seed = _seeds(options)[len(results)]
        last = seed + options.jobs * CHUNK
        ended[seed] = f"the process of this seed, or of another one up to {last}, has ended"
        print(f"seed {seed}: {ended[seed]}", flush=True)
    return results


def _show(options: argparse.Namespace, bug: str | None, result: Result) -> None:
    if options.trace:
        print(result.trace)
    if result.problem is not None:
        planted = "" if bug is None else f", {bug}"
        print(f"seed {result.seed}{planted}: {result.problem}", flush=True)
