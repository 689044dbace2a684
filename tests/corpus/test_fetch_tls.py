"""The connection goes to a checked address, and yet the certificate must be the named host's."""

import datetime
import hashlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_httpserver import HTTPServer

from llmlab.artifacts.errors import LabError
from llmlab.corpus.fetch import fetch
from llmlab.corpus.limits import FetchLimits

BODY = b"over an encrypted connection"
SHA = hashlib.sha256(BODY).hexdigest()
LIMITS = FetchLimits(attempts=1, allow_private_hosts=["secure.example", "other.example"])


def write_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(encoding))
    private = serialization.PrivateFormat.TraditionalOpenSSL
    paths[1].write_bytes(key.private_bytes(encoding, private, serialization.NoEncryption()))
    return paths


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    certificate, key = write_certificate(tmp_path, "secure.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with HTTPServer(host="127.0.0.1", ssl_context=context) as running:
        running.expect_request("/file").respond_with_data(BODY)
        answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", running.port))]
        real = socket.getaddrinfo

        def resolve(host: str, *rest: object, **named: object) -> object:
            return answer if host.endswith(".example") else real(host, *rest, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        yield running


def test_the_certificate_is_checked_against_the_name(server: HTTPServer, tmp_path: Path) -> None:
    path = fetch(f"https://secure.example:{server.port}/file", sha256=SHA, cache=tmp_path, limits=LIMITS)
    assert path.read_bytes() == BODY


def test_another_names_certificate_is_refused(server: HTTPServer, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(f"https://other.example:{server.port}/file", sha256=SHA, cache=tmp_path, limits=LIMITS)
