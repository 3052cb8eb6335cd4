"""Settings that are changed while the hub runs."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
import trio
import trustme
from attrs import evolve

from hub.app import Server
from hub.reloading import RELOADABLE
from hub.settings.config import SETTINGS
from hub.settings.setting import ConfigError
from persistence.interface import Store
from protocol.model import UserId
from tests.support.clients.http import Reply, request
from tests.support.programs.server import serve


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


END = datetime(2034, 5, 6, tzinfo=UTC)


def issue(authority: trustme.CA, folder: Path, end: datetime | None = None) -> dict[str, Any]:
    """Settings of a new certificate, in the same files as the one before."""
    files: dict[str, Any] = {"tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}
    made = authority.issue_cert("127.0.0.1", not_after=end)
    made.cert_chain_pems[0].write_to_path(files["tls_cert"])
    made.private_key_pem.write_to_path(files["tls_key"])
    return files


def apply(server: Server, **settings: Any) -> Any:
    """Apply settings; returns the log line about them."""
    with structlog.testing.capture_logs() as lines:
        server.reloading.apply(evolve(server.reloading.config, **settings))
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("settings_reloaded", "info")
    return line


@asynccontextmanager
async def tls_connection(
    server: Server, authority: trustme.CA
) -> AsyncIterator[tuple["trio.SSLStream[trio.SocketStream]", bytes]]:
    """A connection, and the certificate that was shown on it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    port = urlsplit(server.url).port
    assert port is not None
    stream = await trio.open_ssl_over_tcp_stream(
        "127.0.0.1", port, ssl_context=context, https_compatible=True
    )
    async with stream:
        await stream.do_handshake()
        yield stream, stream.getpeercert(binary_form=True)


async def test_new_connections_get_the_new_certificate_and_old_ones_stay(
    memory_store: Store, authority: trustme.CA, tmp_path: Path
) -> None:
    async with (
        serve(memory_store, **issue(authority, tmp_path)) as server,
        tls_connection(server, authority) as (old, before),
    ):
        assert server.reloading.certificate_end != END
        files = issue(authority, tmp_path, END)
        assert apply(server, **files)["certificate_is_read"]
        assert server.reloading.certificate_end == END
        async with tls_connection(server, authority) as (_, after):
            assert after != before
        assert (await request(old, "GET", "/healthz")).status == 200


async def test_a_certificate_that_cannot_be_used_changes_nothing(
    memory_store: Store, authority: trustme.CA, tmp_path: Path
) -> None:
    async with serve(memory_store, **issue(authority, tmp_path)) as server:
        issue(authority, tmp_path)
        (tmp_path / "key.pem").write_text("torn")
        with pytest.raises(ConfigError, match=r"key\.pem"):
            apply(server, max_connections=1, user_connections=1)
        assert server.reloading.config.max_connections > 1
        for _ in range(2):
            async with tls_connection(server, authority):
                pass


async def register(server: Server, name: str) -> Reply:
    account = {
        "email": f"{name}@example.org", "password": "correct horse", "first_name": name,
        "last_name": "Test", "date_of_birth": "2000-01-01",
    }  # fmt: skip
    return await call(server, "POST", "/api/auth/login", account)


async def call(server: Server, method: str, path: str, body: object = None) -> Reply:
    port = urlsplit(server.url).port
    assert port is not None
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        return await request(stream, method, path, body)


async def test_changed_limits_of_logins_apply_at_once(memory_store: Store) -> None:
    async with serve(memory_store, login_attempts=1) as server:
        assert (await register(server, "ann")).status == 401
        assert (await register(server, "ann")).status == 429
        assert apply(server, login_attempts=3)["changed"] == ["login_attempts"]
        assert (await register(server, "ann")).status == 401
        apply(server, login_attempts_per_address=1)
        assert (await register(server, "ben")).status == 429


async def test_changed_limits_of_users_apply_at_once_also_to_connected_users(
    memory_store: Store,
) -> None:
    async with serve(memory_store, user_connections=1) as server:
        quota = server.services.quotas.of(UserId(1))
        place = quota.connect()
        assert place is not None
        assert quota.connect() is None
        apply(server, user_connections=2)
        other = quota.connect()
        assert other is not None
        apply(server, user_connections=1)
        other.release()
        assert quota.connect() is None, "the first one still counts"
        place.release()
        assert quota.connect() is not None


async def test_a_changed_cap_of_connections_applies_at_once(memory_store: Store) -> None:
    async with serve(memory_store, max_connections=1, max_connections_per_address=1) as server:
        port = urlsplit(server.url).port
        assert port is not None
        async with await trio.open_tcp_stream("127.0.0.1", port) as first:
            assert (await request(first, "GET", "/healthz")).status == 200
            apply(server, max_connections=2, max_connections_per_address=2)
            assert (await call(server, "GET", "/healthz")).status == 200


async def test_changed_settings_that_need_a_restart_are_logged_at_each_reload(
    memory_store: Store,
) -> None:
    async with serve(memory_store) as server:
        for _ in range(2):
            line = apply(server, max_content_chars=100, drain_seconds=5.0)
            assert line["need_restart"] == ["max_content_chars"]
        assert line["changed"] == []
        assert server.services.config.max_content_chars != 100
        assert server.reloading.config.drain_seconds == 5.0


async def test_tls_is_not_switched_on_while_the_hub_runs(
    memory_store: Store, authority: trustme.CA, tmp_path: Path
) -> None:
    async with serve(memory_store) as server:
        line = apply(server, **issue(authority, tmp_path))
        assert line["need_restart"] == ["tls_cert", "tls_key"]
        assert (await call(server, "GET", "/healthz")).status == 200


async def test_the_threshold_of_slow_statements_can_be_reloaded(memory_store: Store) -> None:
    slow: list[float] = []
    async with serve(memory_store) as server:
        server.reloading.warn_from = slow.append
        assert apply(server, slow_statement=0.25)["changed"] == ["slow_statement"]
        assert slow == [0.25]


def test_every_reloadable_name_is_that_of_a_setting() -> None:
    assert {setting.name for setting in SETTINGS} >= RELOADABLE


def test_all_limits_of_users_but_upload_bytes_can_be_reloaded() -> None:
    """As the manual says."""
    of_users = {setting.name for setting in SETTINGS if setting.name.startswith("user_")}
    assert of_users - RELOADABLE == {"user_upload_bytes"}
