"""The benchmark's chart: how rates compare with the other servers'. Needs the group `bench`."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib import pyplot as plt

COLOURS = ("#2a6f97", "#e07a5f", "#f2cc8f", "#81b29a")


def draw(path: Path, ratios: Mapping[str, Mapping[str, float]]) -> None:
    """Write a PNG.

    Args:
        path: where to.
        ratios: by scenario and other server, how many times as much Parlour does.
    """
    servers = list(dict.fromkeys(name for row in ratios.values() for name in row))
    figure, axes = plt.subplots(figsize=(9, 0.9 + 0.55 * len(ratios)))
    height = 0.8 / max(len(servers), 1)
    for number, server in enumerate(servers):
        rows = [(at, row[server]) for at, row in enumerate(ratios.values()) if server in row]
        places = [at + number * height for at, _ in rows]
        values = [ratio for _, ratio in rows]
        bars = axes.barh(places, values, height, color=COLOURS[number % len(COLOURS)], label=server)
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks([at + 0.4 - height / 2 for at in range(len(ratios))], list(ratios))
    axes.invert_yaxis()
    axes.set_xlabel("times the rate of the other server, on one core (median)")
    axes.legend(loc="center right", frameon=False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
