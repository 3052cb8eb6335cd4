"""The table, the dashboard and the alerts for operators name metrics that exist. The alerts are
tested where promtool is installed.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import trio
from attrs import evolve
from prometheus_client.parser import text_string_to_metric_families

from hub.engineio.forwarding.forwarder import Forwarder
from hub.engineio.forwarding.signature import Signer
from hub.metrics import PREFIX, Counts, Figure, Gauges, Metrics, Spreads
from hub.monitoring.disk import Disk
from hub.monitoring.figures import Figures
from hub.socketio.mount import SETTINGS
from hub.sockets.listener import Acceptor, Caps
from persistence.bus.memory import Medium
from persistence.figures import PoolFigures, StoreFigures
from persistence.interface import Store
from tests.support.documents.pages import ROOT, rows, section
from tests.support.world import open_world

MONITORING: Final = ROOT / "docs" / "operations"
ALERTS: Final = MONITORING / "alerts.yml"
ALERT_TESTS: Final = Path(__file__).parent / "alerts_test.yml"
PAGE: Final = ROOT / "docs" / "operations" / "observing.md"
PROMETHEUS_OWN: Final = {"up"}
TYPES: Final = {Counts: "counter", Gauges: "gauge", Spreads: "histogram"}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="Debian's package `prometheus` has promtool"
)


@pytest.fixture
async def metrics(memory_store: Store, tmp_path: Path) -> AsyncIterator[Metrics]:
    """The metrics of a hub that has everything: a database, a disk, a certificate, other nodes."""
    store = evolve(memory_store, figures=StoreFigures((PoolFigures("main", 1),)))
    bus = Medium().member()
    async with open_world(store, carrier=bus, bus="postgres") as world:
        disk, found = Disk(tmp_path), Metrics()
        await disk.look()
        files = world.services.upload_files
        files.availability.space = await files.store.space()
        end = datetime(2030, 1, 1, tzinfo=UTC)
        acceptor = Acceptor(world.admission.serve, Caps(1, 1))
        assert world.services.cluster is not None
        signer = Signer(world.services.cluster.name, b"key", time.time)
        forwarder = Forwarder(world.services.cluster, signer, SETTINGS)
        found.watch(Figures(world.services, acceptor, disk, lambda: end, forwarder).look)
        yield found


def full_name(figure: Figure) -> str:
    """The name of a metric in Prometheus."""
    return f"{PREFIX}{figure.name}" + ("_total" if isinstance(figure, Counts) else "")


def table_of(metrics: Metrics) -> list[list[str]]:
    """The rows that the page should have."""
    found = []
    for figure in metrics.figures():
        labels = f"{{{','.join(figure.labels)}}}" if figure.labels else ""
        found.append([f"`{full_name(figure)}{labels}`", TYPES[type(figure)], figure.meaning])
    return sorted(found)


async def names_of(metrics: Metrics) -> set[str]:
    """The metrics of a scrape; a histogram is one."""
    text = (await metrics.page()).decode()
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }


def named_in(expression: str) -> set[str]:
    """The metrics that an expression of PromQL selects."""
    found = re.findall(r"\b(?:parlour|process)_\w+\b|\bup\b", expression)
    return {re.sub(r"_bucket$", "", name) for name in found}


def dashboard_expressions() -> list[str]:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def alert_expressions() -> list[str]:
    """Everything between `expr:` and the next key; YAML is read by promtool alone."""
    return re.findall(r"expr:(.*?)\n +(?:for|labels):", ALERTS.read_text(), re.DOTALL)


async def test_the_documented_table_of_metrics_is_that_of_the_hub(metrics: Metrics) -> None:
    shown = table_of(metrics)
    assert len(shown) > 40
    assert sorted(rows(section(PAGE, "Metrics"))) == shown


async def test_the_metrics_of_the_process_are_documented(metrics: Metrics) -> None:
    names = {name for name in await names_of(metrics) if name.startswith("process_")}
    assert len(names) > 4
    assert set(re.findall(r"`(process_\w+)`", section(PAGE, "Metrics"))) == names


async def test_a_scrape_has_a_type_and_a_meaning_for_everything(metrics: Metrics) -> None:
    text = (await metrics.page()).decode()
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families) > 40
    assert [family.name for family in families if not family.documentation.endswith(".")] == []


async def test_the_dashboard_shows_metrics_that_exist_and_all_of_them(metrics: Metrics) -> None:
    expressions, names = dashboard_expressions(), await names_of(metrics)
    assert len(expressions) > 50
    shown = set[str]().union(*map(named_in, expressions))
    assert shown - names == set()
    assert {full_name(figure) for figure in metrics.figures()} - shown == set()


async def test_panels_do_not_cover_each_other() -> None:
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels)
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in panels}) == len(panels)


async def test_alerts_are_about_metrics_that_exist(metrics: Metrics) -> None:
    expressions, names = alert_expressions(), await names_of(metrics)
    assert len(expressions) == ALERTS.read_text().count("- alert:") > 15
    assert set[str]().union(*map(named_in, expressions)) - names == PROMETHEUS_OWN


async def test_alerts_and_panels_select_by_labels_that_exist(metrics: Metrics) -> None:
    labels = {full_name(figure): figure.labels for figure in metrics.figures()}
    beside = {"job", "instance", "le"}
    for expression in (*alert_expressions(), *dashboard_expressions()):
        for name, asked in re.findall(r"(parlour_\w+)\{([^}]*)\}", expression):
            known = {*labels[re.sub(r"_bucket$", "", name)], *beside}
            assert set(re.findall(r"(\w+)(?:=|!)", asked)) <= known, expression


def test_every_alert_is_tested() -> None:
    alerts = set(re.findall(r"- alert: (\w+)", ALERTS.read_text()))
    assert alerts == set(re.findall(r"Parlour\w+", ALERT_TESTS.read_text()))


@needs_promtool
def test_alerts_are_raised_for_a_hub_in_trouble_and_for_no_other() -> None:
    check = ["promtool", "check", "rules", str(ALERTS)]
    subprocess.run(check, check=True, capture_output=True, text=True)
    done = subprocess.run(
        ["promtool", "test", "rules", ALERT_TESTS.name],
        cwd=ALERT_TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
async def test_promtool_finds_no_flaw_in_a_scrape(metrics: Metrics) -> None:
    check = ["promtool", "check", "metrics"]
    done = await trio.run_process(
        check, stdin=await metrics.page(), capture_stdout=True, capture_stderr=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
