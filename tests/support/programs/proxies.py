"""Proxies in front of a hub, as people run them: Debian's nginx with TLS, and haproxy.

A proxy gets its listening socket, so its port is known before it starts, and no test has to wait
until it is ready: connections wait instead.
"""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import trustme

SEARCHED: Final = f"{os.environ.get('PATH', '')}:/usr/sbin"
NGINX: Final = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""
NGINX_SITE: Final = """\
map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/chain.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{
        proxy_pass http://{hub};
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_read_timeout 90s;
    }}
}}
"""
HAPROXY: Final = """
defaults
    mode http
    timeout connect 5s
    timeout client 90s
    timeout server 90s
    timeout tunnel 90s
frontend people
    bind fd@{fd}
    option forwardfor
    default_backend hub
backend hub
    server hub {hub}
"""


@contextmanager
def listener() -> Iterator[tuple[socket.socket, int]]:
    """A socket for a proxy, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, server.getsockname()[1]


def nginx_command(folder: Path, site: str) -> tuple[str, ...]:
    """Nginx in the foreground with everything in one folder; `site`: its servers."""
    (folder / "site.conf").write_text(site)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    return ("nginx", "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf"))


@contextmanager
def nginx(server: socket.socket, hub: str, folder: Path) -> Iterator[None]:
    """With TLS, for the name `localhost`."""
    require("nginx")
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for number, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(folder / "chain.pem", append=number > 0)
    site = NGINX_SITE.format(folder=folder, port=server.getsockname()[1], hub=hub)
    command = nginx_command(folder, site)
    with _running(command, server, {"NGINX": f"{server.fileno()};"}):
        yield


@contextmanager
def haproxy(server: socket.socket, hub: str, folder: Path) -> Iterator[None]:
    """Without TLS."""
    require("haproxy")
    (folder / "haproxy.cfg").write_text(HAPROXY.format(fd=server.fileno(), hub=hub))
    with _running(("haproxy", "-db", "-q", "-f", str(folder / "haproxy.cfg")), server, {}):
        yield


def require(program: str) -> None:
    """Skip the test where the program is not installed."""
    if shutil.which(program, path=SEARCHED) is None:
        pytest.skip(f"{program} is not installed, so nothing can be tested through it")


@contextmanager
def _running(
    command: tuple[str, ...], server: socket.socket, environment: Mapping[str, str]
) -> Iterator[None]:
    env = {**os.environ, "PATH": SEARCHED, **environment}
    with subprocess.Popen(command, env=env, pass_fds=[server.fileno()]) as process:
        try:
            yield
            assert process.poll() is None, f"{command[0]} ended by itself"
        finally:
            process.terminate()
