"""The planted faults, by package."""

from typing import Final

from tests.planted.fault import Fault
from tests.planted.faults import (
    actor,
    carriers,
    identity,
    posting,
    protocol,
    rest,
    services,
    settings,
    web,
)

FAULTS: Final[tuple[Fault, ...]] = (
    *protocol.FAULTS,
    *actor.FAULTS,
    *posting.FAULTS,
    *services.FAULTS,
    *identity.FAULTS,
    *carriers.FAULTS,
    *rest.FAULTS,
    *settings.FAULTS,
    *web.FAULTS,
)
