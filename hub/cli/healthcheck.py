"""Checks the health of the hub of these settings, for tools that can only run a command.

Guarantees: each step of the call ends within `SECONDS`. Must not know: what makes a hub healthy.
"""

import http.client
import socket
import ssl
from http import HTTPStatus
from typing import Final

from hub.settings.config import Config
from hub.settings.reasons import reason_of
from hub.sockets.addresses import in_url, unix_path

SECONDS: Final = 5.0
_NAME: Final = "localhost"  # a host name that every hub accepts


class NotWell(Exception):
    """The hub cannot be reached, or reports that it is not well; the text says which."""


def check(config: Config, path: str) -> str:
    """The text of the hub's response for `path`.

    Raises:
        NotWell: the hub cannot be reached, takes too long, or returns another status than 200.
    """
    connection = http.client.HTTPConnection(_NAME)
    is_file = unix_path(config.host) is not None
    place = config.host if is_file else f"{in_url(config.host)}:{config.port}"
    try:
        connection.sock = _connect(config)
        connection.request("GET", path)
        response = connection.getresponse()
        said = response.read().decode(errors="replace")
    except OSError as error:
        raise NotWell(f"The hub at {place} does not answer: {reason_of(error)}") from None
    except http.client.HTTPException:
        raise NotWell(f"What answers at {place} speaks no HTTP: see tls_cert, port") from None
    finally:
        connection.close()
    if response.status != HTTPStatus.OK:
        raise NotWell(f"The hub at {place} is not well: {response.status} {said}")
    return said


def _connect(config: Config) -> socket.socket:
    path = unix_path(config.host)
    plain = (  # a connection to 0.0.0.0 or :: reaches this machine
        socket.create_connection((config.host, config.port), SECONDS)
        if path is None
        else _connect_to_file(str(path))
    )
    if config.tls_cert is None:
        return plain
    context = ssl.create_default_context()
    context.check_hostname = False  # it is our own hub, whatever the certificate names
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)


def _connect_to_file(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(SECONDS)
        made.connect(path)
    except OSError:
        made.close()
        raise
    return made
