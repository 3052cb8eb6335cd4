"""Faults in the page `@socket.io/admin-ui`."""

from typing import Final

from tests.planted.fault import Fault

PAGE: Final = "tests/hub/socketio/admin_ui/test_application.py"
WATCH: Final = "tests/hub/socketio/admin_ui/test_watch.py"
SIGN_INS: Final = "tests/hub/socketio/admin_ui/test_sign_ins.py"
APPLICATION: Final = "hub/socketio/admin_ui/application.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "the admin page is served although its setting is off",
        "hub/socketio/mount.py",
        "    if not services.config.admin_ui or token is None:\n",
        "    if token is None:\n",
        (PAGE,),
    ),
    Fault(
        "the admin page accepts any password",
        APPLICATION,
        "            if is_admin_token(self._services, self._token, password, network):\n",
        "            if password:\n",
        (PAGE,),
    ),
    Fault(
        "the admin page accepts any user name",
        APPLICATION,
        'if auth.get("username") != USERNAME or not isinstance',
        "if not isinstance",
        (PAGE,),
    ),
    Fault(
        "the admin page accepts any sign-in id",
        APPLICATION,
        "if isinstance(known, str) and self._sign_ins.is_good(known, now):\n",
        "if isinstance(known, str):\n",
        (PAGE,),
    ),
    Fault(
        "a sign-in to the admin page never expires",
        "hub/socketio/admin_ui/sign_ins.py",
        "return now < self._until.get(_digest(sign_in), now)",
        "return _digest(sign_in) in self._until",
        (SIGN_INS, PAGE),
    ),
    Fault(
        "an operator closes one connection without a row in the audit",
        "hub/admin/kicks.py",
        "    await services.store.audit.note(entry, client.user)\n",
        "",
        (PAGE,),
    ),
    Fault(
        "disconnecting one socket closes all connections of its user",
        "hub/admin/kicks.py",
        "    await services.hub.post(Close([client], KICKED))\n",
        "    await services.hub.send_back([client.user.id], KICKED)\n",
        (PAGE,),
    ),
    Fault(
        "the admin page acts on a connection by its number even if it is another client's",
        "hub/socketio/admin_ui/watch.py",
        "if shown is None or _id(number, shown.client) != id_:\n",
        "if shown is None:\n",
        (PAGE,),
    ),
    Fault(
        "any number of admin pages is served at the same time",
        APPLICATION,
        "        if len(self._pages) >= MAX_PAGES:\n",
        "        if self._pages is None:\n",
        (PAGE,),
    ),
    Fault(
        "an admin page that was closed is still updated",
        APPLICATION,
        "            page.scope.cancel()\n",
        "            pass\n",
        (PAGE,),
    ),
    Fault(
        "all events for an admin page are queued at once",
        "hub/socketio/admin_ui/watch.py",
        "        await self._page.caught_up()\n",
        "",
        (WATCH,),
    ),
    Fault(
        "an admin page gets every room of a connection, without a limit",
        "hub/actor/hub.py",
        "itertools.islice(self._joined.get(client, ()), limit)",
        "itertools.islice(self._joined.get(client, ()), None)",
        (WATCH,),
    ),
    Fault(
        "an admin page gets updates for connections that have not changed",
        "hub/socketio/admin_ui/watch.py",
        "            shown.rooms = rooms\n",
        "",
        (PAGE,),
    ),
)
