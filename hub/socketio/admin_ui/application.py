"""The page `@socket.io/admin-ui` on the hub: signs operators in, shows, disconnects.

Guarantees: a page is sent nothing unless it has the operators' token or the id of a sign-in with
it; a disconnection is in the audit before it happens; no other command is carried out; few pages
are served at a time, and nothing runs for a page that is closed. Must not know: packets, what a
page is shown.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
import trio
from attrs import define, field

from hub.admin.kicks import kick_connection, kick_user
from hub.admin.operator import Operator
from hub.admin.token import Throttled, is_admin_token
from hub.assembly import Services
from hub.limits.pace import Pace
from hub.settings.redaction import Secret
from hub.socketio.admin_ui.sign_ins import SignIns
from hub.socketio.admin_ui.watch import Watch
from hub.socketio.server import Acknowledge, ConnectRefused
from hub.socketio.socket import Socket
from persistence.interface import Way
from persistence.records import StoreUnavailable
from protocol.socketio.admin_ui import DISCONNECT, FEATURES, INVALID, USERNAME, disconnection
from protocol.socketio.packets import Data

log = structlog.get_logger(__name__)

MAX_PAGES: Final = 8
SECONDS: Final = 2.0  # between two looks at the hub, as the page expects
EVENTS_PER_SECOND: Final = 10.0
BURST: Final = 100.0


@define
class _Page:
    """An operator's page. `sign_in`: the id with which it may come back, if the id is new."""

    operator: Operator
    watch: Watch
    sign_in: str | None
    scope: trio.CancelScope = field(factory=trio.CancelScope)


class AdminUi:
    """Implements `hub.socketio.server.Application`.

    Args:
        services: the hub.
        token: that of its operators.
    """

    def __init__(self, services: Services, token: Secret) -> None:
        self._services = services
        self._token = token
        self._sign_ins = SignIns()
        self._pages: dict[Socket, _Page] = {}
        self._give, self._new = trio.open_memory_channel[_Page](MAX_PAGES)

    async def run(self) -> None:
        """Serve the pages until cancelled."""
        async with trio.open_nursery() as nursery:
            async for page in self._new:
                nursery.start_soon(_show, page)

    async def connect(self, socket: Socket, auth: Mapping[str, Data]) -> Mapping[str, Data]:
        """See `Application`. The page shows the text of a refusal."""
        sign_in = self._sign_in(auth, socket.opening.network)
        if len(self._pages) >= MAX_PAGES:
            raise ConnectRefused("too many pages are open")
        socket.belongs_to(Pace(EVENTS_PER_SECOND, BURST))
        operator = Operator(Way.HTTP, socket.opening.network)
        watch = Watch(self._services.hub, self._services.status.since, socket)
        self._pages[socket] = _Page(operator, watch, sign_in)
        return {}

    def _sign_in(self, auth: Mapping[str, Data], network: str) -> str | None:
        """The id of a new sign-in; None: the page has one."""
        known, now = auth.get("sessionId"), trio.current_time()
        if isinstance(known, str) and self._sign_ins.is_good(known, now):
            return None
        password = auth.get("password")
        if auth.get("username") != USERNAME or not isinstance(password, str) or not password:
            raise ConnectRefused(INVALID)
        try:
            if is_admin_token(self._services, self._token, password, network):
                return self._sign_ins.begin(now)
        except Throttled as refusal:
            text = f"too many attempts, please wait {int(refusal.seconds) + 1} s"
            raise ConnectRefused(text) from None
        raise ConnectRefused(INVALID)

    async def connected(self, socket: Socket) -> None:
        """See `Application`."""
        page = self._pages[socket]
        if page.sign_in is not None:
            socket.emit("session", page.sign_in)
        socket.emit("config", {"supportedFeatures": FEATURES})
        await self._give.send(page)

    async def event(
        self, socket: Socket, name: str, args: Sequence[Data], acknowledge: Acknowledge | None
    ) -> None:
        """See `Application`. The page expects no acknowledgement."""
        del acknowledge
        wanted = disconnection(args) if name == DISCONNECT else None
        page = self._pages.get(socket)
        if wanted is None or page is None:
            log.info("admin_ui_command_refused", command=name)
            return
        found = page.watch.find(wanted.id)
        if found is None:
            return  # the connection has ended
        number, client = found
        try:
            if wanted.is_client:
                await kick_user(self._services, page.operator, client.user)
            else:
                await kick_connection(self._services, page.operator, client, number)
        except StoreUnavailable as error:
            log.warning("not_disconnected", user=client.user.id, reason=str(error))

    async def disconnected(self, socket: Socket) -> None:
        """See `Application`."""
        page = self._pages.pop(socket, None)
        if page is not None:
            page.scope.cancel()


async def _show(page: _Page) -> None:
    with page.scope:
        while True:
            await page.watch.send_changes()
            await trio.sleep(SECONDS)
