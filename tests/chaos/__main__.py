"""`python -m tests.chaos --hub-kills 50 --postgres-kills 25 --json PATH`.

A real hub with its Postgres in processes of their own, users who write to each other without a
pause through a proxy, and faults meanwhile: kill -9 of the hub, kill -9 of Postgres, a stopped
Postgres, cut connections. In the end every log is read and compared with what was confirmed and
received.

`--unsafe` runs the control: a Postgres that confirms commits before they are durable must show
loss.
"""

import argparse
import faulthandler
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import trio

from tests.chaos.campaign import Campaign, Plan
from tests.chaos.patience import PATIENCE_SECONDS
from tests.support.programs.command import end_as_by_hand


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--hub-kills", type=int, default=5)
    parser.add_argument("--postgres-kills", type=int, default=3)
    parser.add_argument("--pauses", type=int, default=3)
    parser.add_argument("--cuts", type=int, default=10)
    parser.add_argument(
        "--sends", type=int, default=1_000, help="confirmed ones between two faults"
    )
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unsafe", action="store_true", help="the control: loss must show")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE_SECONDS, help="seconds without a confirmation"
    )
    parser.add_argument(
        "--time-limit", type=float, default=3_600.0, help="seconds for everything, then the stacks"
    )
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    end_as_by_hand()
    plan = Plan(
        options.hub_kills, options.postgres_kills, options.pauses, options.cuts, options.sends
    )
    print(f"seed {options.seed}: {plan}", file=sys.stderr, flush=True)
    faulthandler.dump_traceback_later(options.time_limit, exit=True)
    with tempfile.TemporaryDirectory(prefix="parlour-chaos-") as folder:
        Path(folder).chmod(0o755)
        campaign = Campaign(
            Path(folder) / "data",
            plan,
            random.Random(options.seed),
            options.pairs,
            is_unsafe=options.unsafe,
            patience=options.patience,
            changes=True,
        )
        report: dict[str, Any] = trio.run(campaign.run)
    faulthandler.cancel_dump_traceback_later()
    report["seed"] = options.seed
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0 if campaign.is_clean(report) else 1


if __name__ == "__main__":
    sys.exit(main())
