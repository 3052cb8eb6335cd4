"""The benchmark's chart: how rates compare with the other servers'. Needs the group `bench`."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

from matplotlib import pyplot as plt

COLOURS = ("#2a6f97", "#61a5c2", "#e07a5f", "#81b29a", "#a9d6e5", "#c98bb9", "#f2cc8f", "#7d6b91")
GAP = 0.8  # between two scenarios, in bars


def draw(path: Path, ratios: Mapping[str, Mapping[str, float]]) -> None:
    """Write a PNG: a group of bars for each scenario, one for each server that took part.

    Args:
        path: where to.
        ratios: by scenario and other server, how many times as much Parlour does.
    """
    servers = dict.fromkeys(name for row in ratios.values() for name in row)
    places: dict[str, list[tuple[float, float]]] = {server: [] for server in servers}
    ticks: list[float] = []
    place = 0.0
    for row in ratios.values():
        ticks.append(place + (len(row) - 1) / 2)
        for server, ratio in row.items():
            places[server].append((place, ratio))
            place += 1
        place += GAP
    figure, axes = plt.subplots(figsize=(9, 1.6 + 0.2 * place))
    for server, colour in zip(servers, cycle(COLOURS), strict=False):
        at, values = zip(*places[server], strict=True)
        lengths = [value - 1 for value in values]
        bars = axes.barh(at, lengths, 0.9, left=1, color=colour, label=server)
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.margins(x=0.12, y=0.01)
    axes.set_yticks(ticks, list(ratios))
    axes.invert_yaxis()
    axes.set_xlabel("times the rate of the other server, on one core (median)")
    figure.legend(loc="lower center", ncols=4, frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, dpi=120)
