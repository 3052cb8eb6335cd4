"""The metrics of all workers as those of one hub: counters are added up.

Guarantees: a counter does not go down because a worker has ended: the last known count of the
worker stays in the sum. A gauge in `RULES` becomes one value by its rule, and every other one is
shown for each worker, by its number. Must not know: what a figure means, how it is fetched.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from attrs import define, field

RULES: Final[Mapping[str, Callable[[Iterable[float]], float]]] = {
    **dict.fromkeys(
        (
            "parlour_connections",
            "parlour_sockets",
            "parlour_hub_inbox_letters",
            "parlour_conversations_in_doubt",
            "parlour_lane_queue_messages",
            "parlour_bulletins_waiting",
            "parlour_forwarded_open",
            "parlour_database_connections",
            "parlour_database_connections_in_use",
            "parlour_database_statements_waiting",
            "process_resident_memory_bytes",
            "process_virtual_memory_bytes",
            "process_open_fds",
        ),
        sum,
    ),
    **dict.fromkeys(
        (
            "parlour_ready",
            "parlour_database_up",
            "parlour_files_available",
            "parlour_files_free_bytes",
            "parlour_certificate_end_timestamp_seconds",
            "parlour_disk_free_bytes",
            "process_start_time_seconds",
        ),
        min,
    ),
    **dict.fromkeys(
        (
            "parlour_lane_failing",
            "parlour_disk_size_bytes",
            "parlour_build_info",
            "parlour_nodes_living",
            "parlour_node_apart",
            "parlour_bus_delay_seconds",
        ),
        max,
    ),
}
"""How the values of several workers become one, by the name of a gauge."""
_ADDED: Final = frozenset({"counter", "histogram"})


@define
class _Family:
    """A metric: its lines before the values, and the values of each series by worker."""

    head: list[str] = field(factory=list)
    kind: str = "untyped"
    series: dict[str, dict[int, float]] = field(factory=dict)


@define
class Totals:
    """The last known counters of the workers."""

    _seen: dict[str, Mapping[str, float]] = field(factory=dict, init=False)  # counters, by worker
    _ended: dict[str, float] = field(factory=dict, init=False)  # counters of those that ended

    def ended(self, name: str) -> None:
        """A worker has ended."""
        for series, value in self._seen.pop(name, {}).items():
            self._ended[series] = self._ended.get(series, 0.0) + value

    def text(self, pages: Mapping[str, tuple[int, str]]) -> str:
        """The metrics of all workers, in the format of Prometheus.

        Args:
            pages: the number and the page of each worker that responded, by its name. One that
                lives and did not respond counts with its last known counters.
        """
        families: dict[str, _Family] = {}
        for name, (number, page) in pages.items():
            self._seen[name] = _read(page, number, families)
        counted = dict(self._ended)
        for seen in self._seen.values():
            for series, value in seen.items():
                counted[series] = counted.get(series, 0.0) + value
        return "".join(
            line for name, family in families.items() for line in _lines(name, family, counted)
        )


def _read(page: str, number: int, families: dict[str, _Family]) -> Mapping[str, float]:
    """Add the page of a worker to `families`; returns its counters, by series."""
    counters: dict[str, float] = {}
    family = _Family()
    for line in page.splitlines():
        words = line.split(" ", 3)
        if words[0] == "#":
            family = families.setdefault(words[2], _Family())
            if words[1] == "TYPE":
                family.kind = words[3]
            if line not in family.head:
                family.head.append(line)
            continue
        series, _, value = line.rpartition(" ")
        family.series.setdefault(series, {})[number] = float(value)
        if family.kind in _ADDED:
            counters[series] = float(value)
    return counters


def _lines(name: str, family: _Family, counted: Mapping[str, float]) -> Iterable[str]:
    yield from (f"{line}\n" for line in family.head)
    rule = RULES.get(name)
    for series, values in family.series.items():
        if family.kind in _ADDED:
            yield f"{series} {_shown(counted[series])}\n"
        elif rule is not None:
            yield f"{series} {_shown(rule(values.values()))}\n"
        else:
            for number, value in values.items():
                yield f"{_of_worker(series, number)} {_shown(value)}\n"


def _of_worker(series: str, number: int) -> str:
    label = f'worker="{number}"'
    return f"{series[:-1]},{label}}}" if series.endswith("}") else f"{series}{{{label}}}"


def _shown(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)
