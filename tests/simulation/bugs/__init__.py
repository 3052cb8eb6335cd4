"""Mistakes that the simulation must find, planted one at a time."""

from collections.abc import Mapping

from tests.simulation.bugs import (
    forwarding,
    mentioning,
    messages,
    nodes,
    notes,
    revisions,
    searching,
    threads,
)
from tests.simulation.bugs.planting import Bug

BUGS: Mapping[str, Bug] = {
    **messages.BUGS,
    **revisions.BUGS,
    **searching.BUGS,
    **forwarding.BUGS,
    **threads.BUGS,
    **notes.BUGS,
    **mentioning.BUGS,
    **nodes.BUGS,
}
