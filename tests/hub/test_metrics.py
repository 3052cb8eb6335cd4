"""What the hub counts, and which requests may read it."""

from collections.abc import Iterator

import trio
from trio.testing import MockClock

from hub.limits.quotas import Allowance, Kind, Quotas
from hub.metrics import FRESH_SECONDS, LOOK_SECONDS, Counts, Metrics, Spreads, count, gauge
from hub.settings.redaction import Secret
from persistence.figures import Spread
from persistence.interface import Store
from protocol.model import UserId
from tests.support.clients.metrics import values
from tests.support.world import open_world

TOKEN = "t" * 16


def sample(metrics: Metrics, name: str) -> float:
    """The value of a series."""
    lines = metrics.text().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).rpartition(" ")[2])


async def test_a_blocked_event_loop_is_measured(mock_clock: MockClock) -> None:
    metrics = Metrics()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(metrics.watch_loop)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(LOOK_SECONDS)
        await trio.testing.wait_all_tasks_blocked()
        assert sample(metrics, 'parlour_loop_lag_seconds_bucket{le="0.001"}') == 1
        mock_clock.jump(LOOK_SECONDS + 0.3)  # no other task ran
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert sample(metrics, 'parlour_loop_lag_seconds_bucket{le="0.25"}') == 1
    assert sample(metrics, 'parlour_loop_lag_seconds_bucket{le="0.5"}') == 2


def test_a_garbage_collection_is_counted_by_its_duration() -> None:
    metrics = Metrics()
    metrics.collected(0.03)
    assert sample(metrics, 'parlour_garbage_collection_seconds_bucket{le="0.02"}') == 0
    assert sample(metrics, 'parlour_garbage_collection_seconds_bucket{le="0.05"}') == 1


def test_refusals_are_counted_by_their_kind() -> None:
    limits = {Kind.PINS: Allowance(1, 60), Kind.CONNECTIONS: Allowance(1, None)}
    quotas = Quotas(limits)
    ann, ben = quotas.of(UserId(1)), quotas.of(UserId(2))
    taken = [quota.take(Kind.PINS, 0.0) for quota in (ann, ann, ann, ben)]
    assert taken == [True, False, False, True]
    assert [place is None for place in (ann.connect(), ann.connect())] == [False, True]
    assert quotas.refusals == {Kind.PINS: 2, Kind.CONNECTIONS: 1}


def test_dropped_log_lines_are_counted_when_metrics_are_read() -> None:
    metrics, dropped = Metrics(), [0]
    metrics.watch_log(lambda: dropped[0])
    dropped[0] = 7
    assert sample(metrics, "parlour_log_lines_dropped_total") == 7


def test_watched_figures_are_shown_in_the_format_of_prometheus() -> None:
    metrics, spread = Metrics(), Spread((0.5, 2))
    for value in (0.25, 1, 3):
        spread.add(value)
    metrics.watch(
        lambda: [
            Counts("a", "Counts.", [(("x", 'y"\\\n'), 3)], ("one", "other")),
            gauge("b", "Goes up and down.", 0.5),
            Spreads("c", "Is spread.", [(("x",), spread)], ("one",)),
        ]
    )
    found = values(metrics.text())
    assert found['parlour_a_total{one="x",other="y"\\\n"}'] == 3
    assert found["parlour_b"] == 0.5
    buckets = [found[f'parlour_c_bucket{{le="{le}",one="x"}}'] for le in ("0.5", "2", "+Inf")]
    assert buckets == [1, 2, 3]
    assert (found['parlour_c_sum{one="x"}'], found['parlour_c_count{one="x"}']) == (4.25, 3)


async def test_the_page_is_made_at_most_once_a_second(mock_clock: MockClock) -> None:
    metrics, looks = Metrics(), list[int]()

    def look() -> Iterator[Counts]:
        looks.append(1)
        yield count("looks", "How often somebody looked.", len(looks))

    metrics.watch(look)
    pages = list[bytes]()

    async def ask() -> None:
        pages.append(await metrics.page())

    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(ask)
    assert len(looks) == 1
    mock_clock.jump(FRESH_SECONDS - 0.01)
    assert values((await metrics.page()).decode())["parlour_looks_total"] == 1
    mock_clock.jump(0.01)
    fresh = values((await metrics.page()).decode())
    assert fresh["parlour_looks_total"] == 2
    assert fresh["process_open_fds"] > 0
    assert len(set(pages)) == 1


def test_unknown_http_methods_are_counted_as_other() -> None:
    metrics = Metrics()
    for method, status in (("GET", 200), ("BREW", 418), ("get", None)):
        metrics.responded("/", method, status, 0.01)
    found = values(metrics.text())
    assert found['parlour_http_requests_total{method="GET",route="/",status="2xx"}'] == 1
    assert found['parlour_http_requests_total{method="other",route="/",status="4xx"}'] == 1
    assert found['parlour_http_requests_total{method="other",route="/",status="none"}'] == 1
    assert found['parlour_http_request_seconds_bucket{le="0.025",route="/"}'] == 3


async def test_metrics_are_shown_only_to_requests_with_the_token(memory_store: Store) -> None:
    async with open_world(memory_store, metrics_token=Secret(TOKEN)) as world:
        for wrong in ({}, {"Authorization": "Bearer no"}, {"Authorization": TOKEN}):
            refused = await world.call("GET", "/metrics", headers=wrong)
            assert (refused.status, refused.json["code"]) == (401, "unauthorized")
        shown = await world.call("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        refusals = 'parlour_http_requests_total{method="GET",route="/metrics",status="4xx"}'
        assert values(world.services.metrics.text())[refusals] == 3
        assert shown.status == 200
        assert "parlour_loop_lag_seconds_count 0" in shown.text


async def test_without_a_configured_token_there_is_no_metrics_page(memory_store: Store) -> None:
    async with open_world(memory_store) as world:
        missing = await world.call("GET", "/metrics", headers={"Authorization": "Bearer no"})
        assert missing.status == 404
