"""The options of `python -m tests.simulation`, and the report of a run."""

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.simulation.bugs import BUGS
from tests.simulation.play import REAL_SECONDS, play
from tests.simulation.run import Result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="where to write what was found")
    parser.add_argument("--bug", choices=BUGS, help="a mistake to plant")
    parser.add_argument("--until-broken", action="store_true", help="stop at the first problem")
    parser.add_argument("--trace", action="store_true", help="print what happened")
    parser.add_argument(
        "--real-seconds", type=float, default=REAL_SECONDS, help="after which a seed hangs"
    )
    options = parser.parse_args()
    started = time.monotonic()
    results: list[Result] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        seeds = range(options.start, options.start + options.seeds)
        run = partial(play, bug=options.bug, real_seconds=options.real_seconds)
        # Whatever was handed to a process is played to its end, also after the first problem.
        for result in pool.map(run, seeds, chunksize=1 if options.until_broken else 5):
            results.append(result)
            if options.trace:
                print(result.trace)
            if result.problem is not None:
                print(f"seed {result.seed}: {result.problem}", flush=True)
                # After a hang that had to be broken off, its process is not to be trusted.
                if options.until_broken or result.problem.startswith("hangs"):
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
    seconds = time.monotonic() - started
    report = {
        "seeds": len(results),
        "broken": {result.seed: result.problem for result in results if result.problem},
        "acknowledged": sum(result.acknowledged for result in results),
        "changes": sum(result.changes for result in results),
        "copies": sum(result.copies for result in results),
        "mentions": sum(result.mentions for result in results),
        "found": sum(result.found for result in results),
        "messages": sum(result.messages for result in results),
        "frames": sum(result.frames for result in results),
        "restarts": sum(result.restarts for result in results),
        "seconds": round(seconds, 1),
        "seeds_per_second": round(len(results) / seconds, 1),
    }
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if report["broken"] else 0
