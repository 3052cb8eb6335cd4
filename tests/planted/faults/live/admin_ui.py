"""Faults in the page `@socket.io/admin-ui`."""

from typing import Final

from tests.planted.fault import Fault

PAGE: Final = "tests/hub/socketio/admin_ui/test_application.py"
WATCH: Final = "tests/hub/socketio/admin_ui/test_watch.py"
SIGN_INS: Final = "tests/hub/socketio/admin_ui/test_sign_ins.py"
APPLICATION: Final = "hub/socketio/admin_ui/application.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "the page of operators is there without its setting",
        "hub/socketio/mount.py",
        "    if not services.config.admin_ui or token is None:\n",
        "    if token is None:\n",
        (PAGE,),
    ),
    Fault(
        "the page of operators takes any password",
        APPLICATION,
        "            if is_admin_token(self._services, self._token, password, network):\n",
        "            if password:\n",
        (PAGE,),
    ),
    Fault(
        "the page of operators takes any user name",
        APPLICATION,
        'if auth.get("username") != USERNAME or not isinstance',
        "if not isinstance",
        (PAGE,),
    ),
    Fault(
        "the page of operators takes any id of a sign-in",
        APPLICATION,
        "if isinstance(known, str) and self._sign_ins.is_good(known, now):\n",
        "if isinstance(known, str):\n",
        (PAGE,),
    ),
    Fault(
        "a sign-in of the page of operators is good for ever",
        "hub/socketio/admin_ui/sign_ins.py",
        "return now < self._until.get(_digest(sign_in), now)",
        "return _digest(sign_in) in self._until",
        (SIGN_INS, PAGE),
    ),
    Fault(
        "one connection is closed without a row in the audit",
        "hub/admin/kicks.py",
        "    await services.store.audit.note(entry, client.user)\n",
        "",
        (PAGE,),
    ),
    Fault(
        "to disconnect a socket closes all of the user's connections",
        "hub/admin/kicks.py",
        "    await services.hub.post(Close([client], KICKED))\n",
        "    await services.hub.send_back([client.user.id], KICKED)\n",
        (PAGE,),
    ),
    Fault(
        "the page of operators goes by the number of a connection, whoever's it is",
        "hub/socketio/admin_ui/watch.py",
        "if shown is None or _id(number, shown.client) != id_:\n",
        "if shown is None:\n",
        (PAGE,),
    ),
    Fault(
        "any number of operators' pages is looked after",
        APPLICATION,
        "        if len(self._pages) >= MAX_PAGES:\n",
        "        if self._pages is None:\n",
        (PAGE,),
    ),
    Fault(
        "an operator's page is looked after when it is gone",
        APPLICATION,
        "            page.scope.cancel()\n",
        "            pass\n",
        (PAGE,),
    ),
    Fault(
        "everything is queued at once for an operator's page",
        "hub/socketio/admin_ui/watch.py",
        "        await self._page.caught_up()\n",
        "",
        (WATCH,),
    ),
    Fault(
        "an operator's page is told all rooms of a connection",
        "hub/actor/hub.py",
        "itertools.islice(self._joined.get(client, ()), limit)",
        "itertools.islice(self._joined.get(client, ()), None)",
        (WATCH,),
    ),
    Fault(
        "an operator's page is told again what has not changed",
        "hub/socketio/admin_ui/watch.py",
        "            shown.rooms = rooms\n",
        "",
        (PAGE,),
    ),
)
