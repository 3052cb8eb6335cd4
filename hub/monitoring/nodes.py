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
        "nodes_living", "Nodes whose lease holds, this one among them.", len(cluster.living)
    )
    yield gauge(
        "node_apart",
        "1 while the node does not hear every node that lives, and reads the log instead.",
        int(cluster.is_apart),
    )
    yield gauge(
        "bus_delay_seconds",
        "How long the bus took for the node's own heartbeat that came back last.",
        cluster.bus_delay,
    )
    yield count("bus_failures", "Attempts to publish that the bus refused.", published.failures)
    yield gauge(
        "bulletins_waiting",
        "Bulletins that the bus has still to take.",
        cluster.publisher.waiting,
    )
    yield count("bulletins_published", "Bulletins that the bus took.", published.sent)
    yield count(
        "bulletins_dropped",
        "Bulletins that the bus did not take in time, or that were too many: the other nodes read"
        " the log.",
        published.dropped,
    )
    yield count("bulletins_received", "Bulletins of other nodes.", received.bulletins)
    yield count("bulletins_repeated", "Bulletins that came again, or too late.", received.repeated)
    yield count("bulletins_unreadable", "Bulletins that could not be read.", received.bad)
    yield count("bulletin_gaps", "How often bulletins were found to be missing.", received.gaps)
    yield count(
        "log_repairs",
        "How often the log was looked at for what bulletins did not say.",
        cluster.repair.figures.repairs,
    )
    yield count(
        "log_repair_channels",
        "Channels and conversations that lacked something then.",
        cluster.repair.figures.channels,
    )


def forwarding_figures(forwarder: Forwarder) -> Iterator[Figure]:
    """The figures of Engine.IO requests that came to another node than that of their session."""
    figures = forwarder.figures
    yield Counts(
        "forwarded",
        "Requests that were forwarded to the node that their session is at.",
        [(("polling",), figures.polling), (("websocket",), figures.websockets)],
        ("transport",),
    )
    yield count(
        "forwarding_failures",
        "Requests for a session at a node that lives and could not be reached.",
        figures.failures,
    )
    yield gauge(
        "forwarded_open", "Connections that are forwarded to other nodes now.", forwarder.under_way
    )
