"""ejabberd as Debian packages it: XMPP over WebSocket, each message archived in Postgres.

A message has a row in the archive of either user (XEP-0313), and is delivered when both are
committed. The server does nothing else: no rosters, no messages for offline users, no limits.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from attrs import frozen

from tests.bench.exchange import Line, Step
from tests.bench.hubs import People
from tests.bench.load import Peer

USR: Final = Path("/usr")
PACKAGED: Final = {
    "ejabberdctl": "sbin/ejabberdctl",
    "erlang-p1-pgsql": "lib/erlang/lib/p1_pgsql-*/ebin",  # a package of its own
}
PROGRAM: Final = "lib/*/ejabberd-*/ebin"
SCHEMA: Final = USR / "share/ejabberd/sql/pg.sql"
DATABASE: Final = "ejabberd"
PASSWORD: Final = "secret"
DELIVERED: Final = "<body>"
CONFIG: Final = """
hosts: [localhost]
loglevel: none
s2s_access: none
acme:
  auto: false
auth_method: sql
auth_password_format: plain
sql_type: pgsql
sql_server: %(host)s
sql_port: %(port)s
sql_username: %(user)s
sql_password: %(password)s
sql_database: %(database)s
listen:
  -
    ip: 127.0.0.1
    port: %(listen)s
    backlog: 1024
    module: ejabberd_http
    request_handlers:
      /ws: ejabberd_http_ws
modules:
  mod_mam:
    db_type: sql
    default: always
"""
# The driver supports TCP only, and the Postgres that is measured listens on a Unix socket only.
LOCAL: Final = """
{ok, {_, [{_, {_, Forms}}]}} = beam_lib:chunks(code:which(pgsql_util), [abstract_code]),
{ok, Tokens, _} = erl_scan:string(
    "connect(Path, _, Timeout) -> gen_tcp:connect("
    "{local, Path}, 0, [{active, false}, binary, {packet, raw}], Timeout)."),
{ok, Connect} = erl_parse:parse_form(Tokens),
{ok, Module, Code} = compile:forms([
    case Form of {function, _, connect, 3, _} -> Connect; _ -> Form end || Form <- Forms]),
{module, _} = code:load_binary(Module, "local", Code).
"""


@frozen
class Ejabberd:
    """The server, with its configuration, its log and its spool in a folder.

    Args:
        folder: where they are made.
        dsn: its database.
    """

    folder: Path
    dsn: str

    def command(self, port: int) -> Sequence[str]:
        """Starts it in the foreground, as the current account. It is a node that others cannot
        reach, and so it starts no epmd.
        """
        config = self.folder / "ejabberd.yml"
        settings = _settings(self.dsn)
        config.write_text(CONFIG % {"listen": port, **settings})
        return [
            "env", f"EJABBERD_CONFIG_PATH={config}",
            f"EJABBERD_LOG_PATH={self.folder}/ejabberd.log",
            "erl", "-noinput", "+S", "1:1", "-pa", *map(str, USR.glob(PROGRAM)),
            "-mnesia", "dir", f'"{self.folder}/spool"',
            *(("-eval", LOCAL) if settings["host"].startswith('"/') else ()), "-s", "ejabberd",
        ]  # fmt: skip


def lacking() -> Sequence[str]:
    """The packages that are not installed."""
    return [name for name, place in PACKAGED.items() if not any(USR.glob(place))]


def accounts(people: People) -> str:
    """SQL that makes the tables in an empty database, and an account for each user."""
    rows = ",".join(f"('{_name(peer)}','{PASSWORD}')" for peer in people.private)
    return f"{SCHEMA.read_text()}; INSERT INTO users (username, password) VALUES {rows}; ANALYZE"


def talkers(peers: Sequence[Peer]) -> Sequence[Line]:
    """Connections that log in; each writes to the other one of its pair."""
    return [_talker(_name(peer), _name(peers[at ^ 1])) for at, peer in enumerate(peers)]


def _talker(name: str, other: str) -> Line:
    plain = b64encode(f"\0{name}\0{PASSWORD}".encode()).decode()
    start = '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="localhost" version="1.0"/>'
    bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>bench</resource></bind>'
    # No earlier frame contains this marker.
    opening = [
        Step(start, "</stream:features>"),
        Step(
            f'<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">{plain}</auth>',
            "<success",
        ),
        Step(start, "xmpp-bind"),
        Step(f'<iq xmlns="jabber:client" type="set" id="1">{bind}</iq>', "<jid>"),
        Step('<presence xmlns="jabber:client"/>', "<presence"),
    ]
    message = (
        f'<message xmlns="jabber:client" type="chat" to="{other}@localhost" id="2">'
        "<body>S=1 T=1 xxxxxxxxxxxxxxxxxxxxxxxx</body></message>"
    )
    return Line("/ws", "Sec-WebSocket-Protocol: xmpp", opening, message)


def _name(peer: Peer) -> str:
    return f"user{peer.user_id}"


def _settings(dsn: str) -> Mapping[str, str]:
    """The address of the database, as YAML."""
    parts = urlsplit(dsn)
    (folder,) = parse_qs(parts.query).get("host", [""])
    settings = {
        "host": f"{folder}/.s.PGSQL.5432" if folder.startswith("/") else parts.hostname,
        "port": parts.port or 5432,
        "user": parts.username,
        "password": parts.password or "",
        "database": parts.path.removeprefix("/"),
    }
    return {name: json.dumps(value) for name, value in settings.items()}
