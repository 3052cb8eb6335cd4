"""The planted faults, by package."""

from typing import Final

from tests.planted.fault import Fault
from tests.planted.faults import services

FAULTS: Final[tuple[Fault, ...]] = (*services.FAULTS,)
