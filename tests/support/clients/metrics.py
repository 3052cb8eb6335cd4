"""The series of a scrape."""

from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def samples(text: str) -> Iterator[Sample]:
    """Every series with its value. Raises ValueError if the text is not in the format."""
    for family in text_string_to_metric_families(text):
        yield from family.samples


def values(text: str) -> Mapping[str, float]:
    """The value of each series, by its name with labels in their order: `a_total{x="1",y="2"}`."""
    return {_series(each): each.value for each in samples(text)}


def _series(sample: Sample) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else sample.name
