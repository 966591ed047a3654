"""A time-stamping authority of our own: ``openssl ts -reply`` behind HTTP."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)
SETTINGS = """
[tsa]
default_tsa = ours
[ours]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
certs = {folder}/chain.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = {digest}
ess_cert_id_alg = sha256
accuracy = secs:1
"""


@dataclass(frozen=True)
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def certified(
    name: str,
    by: Certified | None = None,
    *,
    days: tuple[int, int] = (-400, 400),
    purpose: x509.ObjectIdentifier | None = None,
) -> Certified:
    """Make a certificate: of an authority, or with ``purpose`` of one of its servers."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today + days[0] * DAY)
        .not_valid_after(today + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=purpose is None, path_length=None), critical=True)
    )
    if purpose:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return Certified(builder.sign(by.key if by else key, hashes.SHA256()), key)


def server_of(by: Certified, **options: object) -> Certified:
    """Make the certificate with which ``by`` lets somebody stamp."""
    purpose = ExtendedKeyUsageOID.TIME_STAMPING
    return certified("Stamps", by, purpose=purpose, **options)  # type: ignore[arg-type]


@contextmanager
def running_authority(
    folder: Path,
    signer: Certified,
    *chain: Certified,
    digest: str = "sha256",
    misread: Callable[[bytes], bytes] = bytes,
) -> Iterator[str]:
    """Yield its URL; ``misread`` changes the question before it is answered."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    pem = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "signer.pem").write_bytes(signer.pem)
    (folder / "signer.key").write_bytes(signer.key.private_bytes(*pem))
    (folder / "chain.pem").write_bytes(b"".join(c.pem for c in chain or [signer]))
    (folder / "serial").write_text("01\n", encoding="ascii")
    settings = folder / "tsa.cnf"
    settings.write_text(SETTINGS.format(folder=folder, digest=digest), encoding="ascii")

    def answer(question: bytes) -> bytes:
        (folder / "q.tsq").write_bytes(misread(question))
        command = ["openssl", "ts", "-reply", "-config", str(settings)]
        command += ["-queryfile", str(folder / "q.tsq"), "-out", str(folder / "a.tsr")]
        subprocess.run(command, check=True, capture_output=True)
        return (folder / "a.tsr").read_bytes()

    with answering(answer) as url:
        yield url


@contextmanager
def answering(
    answer: Callable[[bytes], bytes], *, status: int = 200, headers: dict[str, str] | None = None
) -> Iterator[str]:
    """Yield the URL of an HTTP server that answers what is posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            content = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
