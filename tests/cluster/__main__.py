"""`python -m tests.cluster --nodes 3 --bus redis --messages 200000 --json PATH`.

Several nodes on one Postgres, users who write to each other from different nodes in every dialect,
and faults in turn: nodes, the bus and Postgres are killed or stopped, the networks between them are
cut or fall silent. In the end every log is compared with what was acknowledged and received, and
the wait of each device for each message is measured.
"""

import argparse
import faulthandler
import json
import random
import shutil
import sys
import tempfile
from math import inf
from pathlib import Path
from typing import Any

import trio

from tests.chaos.patience import PATIENCE_SECONDS
from tests.cluster.campaign import Campaign, Plan
from tests.cluster.faults import PACKETS, Planned, faults_of, parse_planned
from tests.cluster.installation import NAMES, Engine
from tests.cluster.packets import begin_again, own_network, why_not
from tests.support.programs.command import end_as_by_hand
from tests.support.stores.places import quick_place


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster")
    parser.add_argument("--nodes", type=int, default=3, choices=range(1, len(NAMES) + 1))
    parser.add_argument("--bus", type=Engine, choices=list(Engine), default=Engine.POSTGRES)
    parser.add_argument("--messages", type=int, help="acknowledged ones, at least")
    parser.add_argument("--seconds", type=float, help="for so long, at least")
    parser.add_argument("--faults", help="`name` or `name:seconds`, with commas; all without")
    parser.add_argument("--rate", type=float, default=150.0, help="messages a second")
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--quiet", type=int, default=6, help="pairs who write once at each fault")
    parser.add_argument("--wait", type=float, default=4.0, help="for a message, in seconds")
    parser.add_argument("--hold", type=float, default=8.0, help="seconds of the longest fault")
    parser.add_argument("--stay", type=float, default=20.0, help="seconds of a connection, mean")
    parser.add_argument("--patience", type=float, default=PATIENCE_SECONDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--time-limit", type=float, default=7_200.0, help="then the stacks")
    parser.add_argument("--logs", type=Path, help="a folder to keep what the nodes logged")
    parser.add_argument("--json", type=Path, help="where to write what was found")
    options = parser.parse_args()
    end_as_by_hand()
    reason = why_not()
    asked = [Planned(fault) for fault in faults_of(options.bus, with_packets=reason is None)]
    if options.faults is not None:
        asked = [parse_planned(text) for text in options.faults.split(",") if text]
    elif reason is not None:
        print(f"no packets are lost: {reason}", file=sys.stderr)
    if not own_network() and PACKETS.intersection(each.fault for each in asked):
        begin_again("tests.cluster", sys.argv[1:])
    is_one_round = options.messages is None and options.seconds is None
    plan = Plan(
        engine=options.bus,
        nodes=options.nodes,
        faults=asked,
        messages=0 if is_one_round else options.messages or sys.maxsize,
        seconds=options.seconds or inf,
        rate=options.rate,
        pairs=options.pairs,
        quiet=options.quiet,
        wait=options.wait,
        hold=options.hold,
        stay=options.stay,
        patience=options.patience,
    )
    faulthandler.dump_traceback_later(options.time_limit, exit=True)
    print(f"seed {options.seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="parlour-cluster-", dir=quick_place()) as name:
        Path(name).chmod(0o755)
        campaign = Campaign(Path(name), plan, random.Random(options.seed))
        try:
            report: dict[str, Any] = trio.run(campaign.run)
        finally:
            if options.logs is not None:
                options.logs.mkdir(parents=True, exist_ok=True)
                for log in Path(name).glob("*.log"):
                    shutil.copy(log, options.logs)
    faulthandler.cancel_dump_traceback_later()
    report["seed"] = options.seed
    print(json.dumps(report))
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if report["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
