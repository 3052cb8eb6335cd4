"""The metrics of several workers, added up."""

from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hub.metrics import Metrics
from hub.supervision.totals import RULES, Totals

PAGE: Final = """\
# HELP parlour_uploads_total Files.
# TYPE parlour_uploads_total counter
parlour_uploads_total {count}
# HELP parlour_http_request_seconds How long.
# TYPE parlour_http_request_seconds histogram
parlour_http_request_seconds_bucket{{route="/a b",le="0.5"}} {count}
parlour_http_request_seconds_bucket{{route="/a b",le="+Inf"}} {count}
parlour_http_request_seconds_sum{{route="/a b"}} 0.25
parlour_http_request_seconds_count{{route="/a b"}} {count}
# HELP parlour_connections Connections.
# TYPE parlour_connections gauge
parlour_connections{{dialect="gateway"}} {count}
# HELP parlour_ready Whether.
# TYPE parlour_ready gauge
parlour_ready {ready}
# HELP parlour_users_online People.
# TYPE parlour_users_online gauge
parlour_users_online {count}
"""


def page(count: int, ready: int = 1) -> str:
    return PAGE.format(count=count, ready=ready)


def values(text: str) -> dict[tuple[str, ...], float]:
    """Each sample, by its name and the values of its labels, as a program reads it."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counters_are_added_up_and_gauges_follow_their_rules() -> None:
    found = values(Totals().text({"n-1": (1, page(3)), "n-2": (2, page(4, ready=0))}))
    assert found == {
        ("parlour_uploads_total",): 7,
        ("parlour_http_request_seconds_bucket", "/a b", "0.5"): 7,
        ("parlour_http_request_seconds_bucket", "/a b", "+Inf"): 7,
        ("parlour_http_request_seconds_sum", "/a b"): 0.5,
        ("parlour_http_request_seconds_count", "/a b"): 7,
        ("parlour_connections", "gateway"): 7,
        ("parlour_ready",): 0,
        ("parlour_users_online", "1"): 3,
        ("parlour_users_online", "2"): 4,
    }


def test_a_counter_does_not_go_down_when_a_worker_ends() -> None:
    totals = Totals()
    totals.text({"n-1": (1, page(3)), "n-2": (2, page(4))})
    totals.ended("n-2")
    assert values(totals.text({"n-1": (1, page(5))}))["parlour_uploads_total",] == 9
    totals.text({"n-1": (1, page(5)), "n-2-2": (2, page(1))})
    totals.ended("n-2-2")
    found = values(totals.text({"n-1": (1, page(5))}))
    assert found["parlour_uploads_total",] == 10
    assert found["parlour_connections", "gateway"] == 5


def test_the_last_counters_of_a_worker_that_does_not_respond_still_count() -> None:
    totals = Totals()
    totals.text({"n-1": (1, page(3)), "n-2": (2, page(4))})
    found = values(totals.text({"n-1": (1, page(3))}))
    assert found["parlour_uploads_total",] == 7
    assert found["parlour_connections", "gateway"] == 3


async def test_the_metrics_page_of_a_hub_is_parsed() -> None:
    text = (await Metrics().page()).decode()
    found = values(Totals().text({"n-1": (1, text)}))
    assert {name for name, *_ in found} == {name for name, *_ in values(text)}


@pytest.mark.parametrize("name", RULES)
def test_each_rule_combines_several_values(name: str) -> None:
    assert RULES[name]([1.0, 2.0]) in (1.0, 2.0, 3.0)
