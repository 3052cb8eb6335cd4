"""The certificate that the hub shows, which may be replaced while it runs.

Guarantees: a certificate that cannot be used is refused with an error that names the files, and the
previous one stays in use; a key with a passphrase is refused, and no terminal prompt asks for the
passphrase. Must not know: the protocol inside TLS.
"""

import ssl
from datetime import datetime
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from hub.settings.config import Config
from hub.settings.setting import ConfigError


def server_context(config: Config) -> ssl.SSLContext | None:
    """The TLS context of the hub; None: it does not use TLS.

    Raises:
        ConfigError: the files are no certificate with its key.
    """
    if config.tls_cert is None or config.tls_key is None:
        return None
    return _context(config.tls_cert, config.tls_key)


def certificate_end(config: Config) -> datetime | None:
    """When the certificate that the hub shows is no longer valid; None: it shows none.

    Raises:
        ConfigError: the file is no certificate.
    """
    if config.tls_cert is None:
        return None
    try:
        return load_pem_x509_certificates(config.tls_cert.read_bytes())[0].not_valid_after_utc
    except (OSError, ValueError) as error:
        raise ConfigError(f"tls_cert {config.tls_cert} is no certificate: {error}") from None


def _context(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key, password=_refuse_passphrase)
    except (OSError, ValueError) as error:  # ValueError: by `_refuse_passphrase`
        raise ConfigError(
            f"tls_cert {cert} and tls_key {key} are no certificate chain and its private key in PEM"
            f" format: {_reason(error)}"
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _refuse_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLError(reason="KEY_VALUES_MISMATCH"):
            return "the key is another certificate's"
        case ssl.SSLError(reason=str(reason)):
            return reason.lower().replace("_", " ")
        case OSError(strerror=str(reason)):
            return reason
        case _:
            return str(error)
