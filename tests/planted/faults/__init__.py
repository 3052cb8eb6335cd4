"""The planted faults, by package."""

from typing import Final

from tests.planted.fault import Fault
from tests.planted.faults import (
    carriers,
    files,
    identity,
    operating,
    posting,
    protocol,
    rest,
    rights,
    services,
    sessions,
    settings,
)
from tests.planted.faults.browser import page, sdk
from tests.planted.faults.cluster import bus, forwarding, nodes, repairing
from tests.planted.faults.live import (
    admin_ui,
    command_line,
    company,
    monitoring,
    operators,
    ordering,
    presence,
    revising,
    revocation,
    telemetry,
)
from tests.planted.faults.sign_in import accounts, oidc
from tests.planted.faults.storage import (
    backups,
    database,
    log,
    mentions,
    notes,
    people,
    persistence,
    revisions,
    routines,
    searching,
    threads,
)

FAULTS: Final[tuple[Fault, ...]] = (
    *protocol.FAULTS,
    *routines.FAULTS,
    *rights.FAULTS,
    *persistence.FAULTS,
    *database.FAULTS,
    *bus.FAULTS,
    *repairing.FAULTS,
    *forwarding.FAULTS,
    *nodes.FAULTS,
    *people.FAULTS,
    *searching.FAULTS,
    *posting.FAULTS,
    *ordering.FAULTS,
    *revisions.FAULTS,
    *notes.FAULTS,
    *threads.FAULTS,
    *mentions.FAULTS,
    *log.FAULTS,
    *backups.FAULTS,
    *command_line.FAULTS,
    *services.FAULTS,
    *revocation.FAULTS,
    *presence.FAULTS,
    *company.FAULTS,
    *revising.FAULTS,
    *operators.FAULTS,
    *admin_ui.FAULTS,
    *identity.FAULTS,
    *accounts.FAULTS,
    *oidc.FAULTS,
    *carriers.FAULTS,
    *sessions.FAULTS,
    *rest.FAULTS,
    *files.FAULTS,
    *settings.FAULTS,
    *operating.FAULTS,
    *monitoring.FAULTS,
    *telemetry.FAULTS,
    *page.FAULTS,
    *sdk.FAULTS,
)
