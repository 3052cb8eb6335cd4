"""`python -m tests.bench`: the hub on one core, the load on the other, beside other servers.

Rounds are interleaved (Parlour, Go, Node, Parlour, Go, Node ...); the table shows medians and their
ratio. Parlour runs with sessions, permissions and durability on. The others take part where they
can be built or installed.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

from attrs import asdict, evolve

from tests.bench.exchange import BenchError
from tests.bench.hubs import parlour, prepare
from tests.bench.load import Load, build
from tests.bench.others import Other, Others
from tests.bench.scenarios import SCENARIOS, SIZES, Scenario
from tests.support.programs.command import end_as_by_hand

SOURCES = Path(__file__).parents[3] / "shared" / "bench"
QUICK_PEOPLE = 1_000
QUICK = frozenset({"lone", "busy", "fan-100", "typing"})
OURS = "Parlour"
LIMITS = frozenset({Other.LIMIT.value, Other.LIMIT_OF_SENDING.value})

Figures: TypeAlias = dict[str, dict[str, list[dict[str, Any]]]]
"""By scenario and server, the figures of each round."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "--quick", action="store_true", help="one short round of a few scenarios, fewer connections"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run")
    parser.add_argument("--only", nargs="*", help="names of scenarios")
    parser.add_argument("--load", type=Path, default=SOURCES / "wsload.c", help="its source")
    parser.add_argument("--go", type=Path, default=SOURCES / "gohub", help="the Go hub's folder")
    parser.add_argument(
        "--peers", type=Path, default=SOURCES / "peers", help="the folder of the other servers"
    )
    parser.add_argument("--alone", action="store_true", help="measure Parlour alone")
    parser.add_argument("--chart", type=Path, help="a PNG to write; needs the group `bench`")
    parser.add_argument("--json", type=Path, help="where to write every figure")
    options = parser.parse_args()
    end_as_by_hand()
    rounds, seconds = (1, 1.5) if options.quick else (options.rounds, options.seconds)
    chosen = [each for each in SCENARIOS if not options.only or each.name in options.only]
    if options.quick:
        chosen = [each for each in chosen if options.only or each.name in QUICK]
        chosen = [evolve(each, people=min(each.people, QUICK_PEOPLE)) for each in chosen]
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            load = build(options.load, folder)
            sources = None if options.alone else (options.go, options.peers)
            figures = run(load, folder, sources, chosen, rounds, seconds)
        except BenchError as error:
            print(error, file=sys.stderr)
            return 1
    print(table(chosen, figures))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.chart is not None:
        from tests.bench.chart import draw  # noqa: PLC0415  matplotlib is there for charts only

        draw(options.chart, ratios(chosen, figures))
    return 0


def run(
    load: Load,
    folder: Path,
    sources: tuple[Path, Path] | None,
    chosen: Sequence[Scenario],
    rounds: int,
    seconds: float,
) -> Figures:
    """By scenario and server, the figures of each round. `sources`: those of the other servers."""
    sizes = [size for size in SIZES if any(f"fan-{size}" in each.name for each in chosen)]
    people = prepare(folder / "data", max(each.people for each in chosen), sizes)
    figures: Figures = {}
    with ExitStack() as stack:
        others = None
        if sources is not None:
            others = stack.enter_context(Others(*sources, folder, people))
            for name, reason in others.missing.items():
                print(f"{name} is not measured: {reason}", file=sys.stderr, flush=True)
        for scenario in chosen:
            measured: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for _ in range(rounds):
                with parlour(folder / "data") as server:
                    one = scenario.run(load, server, people, seconds)
                    measured[OURS].append(asdict(one))
                for other, ask in scenario.others.items():
                    if others is not None and other in others:
                        with others.serve(other) as server:
                            figure = ask(load, server, people, seconds)
                            measured[other.value].append(asdict(figure))
            figures[scenario.name] = measured
            print(f"{scenario.name}: done", file=sys.stderr, flush=True)
    return figures


def table(chosen: Sequence[Scenario], figures: Figures) -> str:
    """Medians, as Markdown. The ratio is Parlour's rate to the other server's; the last column is
    the rate as a share of that of a program that only commits and sends.
    """
    lines = [
        "| scenario | server | rate | p50 ms | p99 ms | ratio | KB each | of the limit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for scenario in chosen:
        measured = figures[scenario.name]
        ours = _median(measured[OURS], "rate")
        (limit,) = [_median(measured[name], "rate") for name in LIMITS & measured.keys()] or [None]
        for name, rounds in measured.items():
            rate, memory = _median(rounds, "rate"), _median(rounds, "memory")
            cells = [
                scenario.what,
                name,
                f"{rate or 0:,.0f} {scenario.unit}",
                _shown(_median(rounds, "p50"), "{:.2f}"),
                _shown(_median(rounds, "p99"), "{:.2f}"),
                _shown(ours / rate if ours and rate and name != OURS else None, "{:.2f}"),
                _shown(memory / 1024 if memory else None, "{:.1f}"),
                _shown(rate / limit if rate and limit else None, "{:.0%}"),
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def ratios(chosen: Sequence[Scenario], figures: Figures) -> dict[str, dict[str, float]]:
    """By scenario and other server, except the limit: Parlour's rate as a multiple of the
    other's.
    """
    found: dict[str, dict[str, float]] = {}
    for scenario in chosen:
        measured = figures[scenario.name]
        ours = _median(measured[OURS], "rate")
        for name, rounds in measured.items():
            rate = _median(rounds, "rate")
            if ours and rate and name not in {OURS, *LIMITS}:
                found.setdefault(scenario.what, {})[name] = ours / rate
    return found


def _median(measured: Sequence[Mapping[str, Any]], name: str) -> float | None:
    values = [each[name] for each in measured if each[name] is not None]
    return statistics.median(values) if values else None


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


if __name__ == "__main__":
    sys.exit(main())
