"""Figures of a hub that is one of several nodes: a part of `hub.monitoring.figures`, with the same
guarantees. Must not know: how figures are shown.
"""

from collections.abc import Iterator

from hub.cluster.node import Cluster
from hub.engineio.forwarding.forwarder import Forwarder
from hub.metrics import Counts, Figure, count, gauge


def cluster_figures(cluster: Cluster) -> Iterator[Figure]:
    """The figures of the other nodes, and of the bus between them."""
    published, received = cluster.publisher.figures, cluster.receiving
    yield gauge(
        "nodes_living", "Nodes with a valid lease, including this one.", len(cluster.living)
    )
    yield gauge(
        "node_apart",
        "1 while the node does not receive the bulletins of all living nodes, and reads the"
        " log instead.",
        int(cluster.is_apart),
    )
    yield gauge(
        "bus_delay_seconds",
        "How long the bus took to deliver the last of the node's own heartbeats that came back.",
        cluster.bus_delay,
    )
    yield count("bus_failures", "Attempts to publish a bulletin that failed.", published.failures)
    yield gauge(
        "bulletins_waiting",
        "Bulletins that wait to be published.",
        cluster.publisher.waiting,
    )
    yield count("bulletins_published", "Bulletins that were published on the bus.", published.sent)
    yield count(
        "bulletins_dropped",
        "Bulletins that were not published, because they waited too long, or were too many or"
        " too large; the other nodes read the log instead.",
        published.dropped,
    )
    yield count(
        "bulletins_received", "Bulletins that were received from other nodes.", received.bulletins
    )
    yield count(
        "bulletins_repeated",
        "Bulletins that arrived a second time, or too late.",
        received.repeated,
    )
    yield count("bulletins_unreadable", "Bulletins that could not be read.", received.bad)
    yield count("bulletin_gaps", "How often bulletins were found to be missing.", received.gaps)
    yield count(
        "log_repairs",
        "How often the log was read for messages and revisions that no bulletin had brought.",
        cluster.repair.figures.repairs,
    )
    yield count(
        "log_repair_channels",
        "Channels and conversations in which these reads found something missing.",
        cluster.repair.figures.channels,
    )


def forwarding_figures(forwarder: Forwarder) -> Iterator[Figure]:
    """The figures of Engine.IO requests that came to another node than that of their session."""
    figures = forwarder.figures
    yield Counts(
        "forwarded",
        "Requests that were forwarded to the node that has their session.",
        [(("polling",), figures.polling), (("websocket",), figures.websockets)],
        ("transport",),
    )
    yield count(
        "forwarding_failures",
        "Requests that failed because the node that has their session lives but could not be"
        " reached.",
        figures.failures,
    )
    yield gauge(
        "forwarded_open",
        "Requests and WebSockets that are forwarded to other nodes now.",
        forwarder.under_way,
    )
