"""Certificates for servers in tests: an authority, and leaves that are right or wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Leaf:
    cert: Path
    key: Path
    fingerprint: str


class Authority:
    """`ca` is the file to trust (SSL_CERT_FILE)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Dealpost test authority")
        certificate = self._signed(
            self._name, self._key, names=(), days=(-1, 30), is_authority=True
        )
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def leaf(
        self, label: str, *, host: str = "localhost", days: tuple[int, int] = (-1, 30)
    ) -> Leaf:
        """A certificate signed by the authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(label, self._signed(_name(host), key, names=(host,), days=days), key)

    def self_signed(self, label: str, *, host: str = "localhost") -> Leaf:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(
            _name(host), key, names=(host,), days=(-1, 30), issuer=_name(host), signer=key
        )
        return self._write(label, certificate, key)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        names: tuple[str, ...],
        days: tuple[int, int],
        is_authority: bool = False,
        issuer: x509.Name | None = None,
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        signing_key = signer or self._key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
                critical=False,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        if is_authority:
            usage = x509.KeyUsage(*(n in (5, 6) for n in range(9)))
            builder = builder.add_extension(usage, critical=True)
        if names:
            alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
            if "localhost" in names:
                alternatives.append(x509.IPAddress(ip_address("127.0.0.1")))
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        return builder.sign(signing_key, hashes.SHA256())

    def _write(
        self, label: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> Leaf:
        leaf = Leaf(
            cert=self._folder / f"{label}.crt",
            key=self._folder / f"{label}.key",
            fingerprint=sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest(),
        )
        leaf.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        leaf.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return leaf


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
