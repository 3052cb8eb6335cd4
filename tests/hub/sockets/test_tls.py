"""Which certificates can be used."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from hub.settings.config import Config
from hub.settings.setting import ConfigError
from hub.sockets.tls import certificate_end, server_context


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate chain and its key."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = trustme.CA().issue_cert("127.0.0.1")
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    return cert, key


def refusal(cert: Path, key: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        server_context(Config(tls_cert=cert, tls_key=key))
    text = str(refused.value)
    assert str(cert) in text
    assert str(key) in text
    assert "\n" not in text
    return text


def test_a_certificate_with_its_key_is_used(files: tuple[Path, Path]) -> None:
    cert, key = files
    assert isinstance(server_context(Config(tls_cert=cert, tls_key=key)), ssl.SSLContext)
    assert server_context(Config()) is None


def test_files_that_are_no_pem_are_refused_in_one_line(files: tuple[Path, Path]) -> None:
    cert, key = files
    refusal(key, cert)
    cert.write_text("this is no certificate")
    refusal(cert, key)


def test_the_end_of_a_certificate_is_read(files: tuple[Path, Path]) -> None:
    end = datetime(2034, 5, 6, tzinfo=UTC)
    cert, key = files
    made = trustme.CA().issue_cert("127.0.0.1", not_after=end)
    made.cert_chain_pems[0].write_to_path(cert)
    assert certificate_end(Config(tls_cert=cert, tls_key=key)) == end
    assert certificate_end(Config()) is None
    cert.write_text("this is no certificate")
    with pytest.raises(ConfigError, match="is no certificate"):
        certificate_end(Config(tls_cert=cert, tls_key=key))


def test_the_key_of_another_certificate_is_refused(files: tuple[Path, Path]) -> None:
    cert, key = files
    trustme.CA().issue_cert("127.0.0.1").private_key_pem.write_to_path(key)
    assert "the key is another certificate's" in refusal(cert, key)


def test_a_key_with_a_passphrase_is_refused_without_a_prompt(files: tuple[Path, Path]) -> None:
    cert, key = files
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    assert refusal(cert, key).endswith("the key has a passphrase")


def test_files_that_cannot_be_read_are_named(files: tuple[Path, Path]) -> None:
    cert, key = files
    config = Config(tls_cert=cert, tls_key=key)
    key.unlink()
    with pytest.raises(ConfigError, match="No such file"):
        server_context(config)
