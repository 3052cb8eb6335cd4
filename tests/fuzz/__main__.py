"""`python -m tests.fuzz --inputs 1000000`: inputs for every decoder, shared out evenly."""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.fuzz.engine import fuzz
from tests.fuzz.targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0, help="another start, other inputs")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    started = time.monotonic()
    each = -(-options.inputs // len(TARGETS))
    given: dict[str, int] = {}
    broken: dict[str, str] = {}
    with ProcessPoolExecutor(options.jobs) as pool:
        runs = {name: pool.submit(fuzz, name, each, options.start) for name in sorted(TARGETS)}
        for name, run in runs.items():
            try:
                given[name] = run.result()
            except Exception as error:  # noqa: BLE001  whatever a decoder raises is the finding
                broken[name] = f"{type(error).__name__}: {error}\n" + "\n".join(
                    getattr(error, "__notes__", [])
                )
    report = {
        "inputs": sum(given.values()),
        "by_target": given,
        "broken": broken,
        "seconds": round(time.monotonic() - started, 1),
    }
    print(json.dumps(report, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
