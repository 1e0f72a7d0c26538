"""From an e-mail address to likely server settings, without ever sending a password.

In this order: our presets by domain, by mail exchanger, the domain's own autoconfig file
(https only), its SRV records (RFC 6186, RFC 8314). Nothing above the mail's own domain is asked:
whoever owns a parent domain would get the questions. A host outside the domain and outside the
presets is marked `needs_confirmation`: the user has to look at it before a password goes there.
"""

import time
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

import dns.exception
import dns.resolver
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from common.addresses import domain_of, normalise_address
from common.net import ConnectError, NetworkPolicy, encrypt, safe_connect
from mailsync.enums import Security
from mailsync.providers.presets import (
    Host,
    Preset,
    UserName,
    preset_for_domain,
    preset_for_exchanger,
    preset_for_host,
)

DNS_SECONDS = 2.0
HTTP_SECONDS = 5.0
LARGEST_CONFIG = 64 << 10
HTTPS_PORT = 443


class Source(StrEnum):
    DOMAIN = "domain"  # the address's domain is a provider's own
    EXCHANGER = "exchanger"  # the domain's mail goes to a known provider
    AUTOCONFIG = "autoconfig"  # the domain says it in a file
    SERVICE_RECORDS = "service_records"  # the domain says it in its DNS


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Settings to offer. A side that is None is unknown; `preset` has the advice to show."""

    source: Source
    incoming: Host | None
    outgoing: Host | None
    incoming_user: str
    outgoing_user: str
    preset: Preset | None = None
    # Hosts that the user has to confirm by sight; empty when they are beyond doubt.
    needs_confirmation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record's target."""

    host: str
    port: int


class Lookup:
    """The questions that go out; tests put another one in its place."""

    def exchangers(self, domain: str) -> list[str]:
        """MX names, the preferred first."""
        rows = sorted(_dns(domain, "MX"), key=lambda row: row.preference)
        return [str(row.exchange).rstrip(".") for row in rows]

    def service(self, name: str) -> Service | None:
        """The preferred target of a SRV name; a target of "." means: there is none."""
        rows = sorted(_dns(name, "SRV"), key=lambda row: (row.priority, -row.weight))
        for row in rows:
            host = str(row.target).rstrip(".")
            return Service(host, row.port) if host else None
        return None

    def document(self, host: str, path: str) -> bytes | None:
        """A small file over https; None unless it comes at once, whole and without redirect."""
        policy = NetworkPolicy.from_settings()
        only_https = NetworkPolicy(
            ports=frozenset({HTTPS_PORT}), private_networks=policy.private_networks
        )
        try:
            connection = safe_connect(host, HTTPS_PORT, timeout=HTTP_SECONDS, policy=only_https)
            return _get(encrypt(connection, host=host), host, path)
        except (ConnectError, OSError, HTTPException):
            return None


def _get(connection: Any, host: str, path: str) -> bytes | None:
    client = HTTPSConnection(host, timeout=HTTP_SECONDS)
    client.sock = connection
    try:
        client.request("GET", path, headers={"Accept": "text/xml, application/xml"})
        answer = client.getresponse()
        return _whole(answer) if answer.status == 200 else None
    finally:
        client.close()


def _whole(answer: HTTPResponse) -> bytes | None:
    """The body; None when it is too long or takes too long, however steadily it drips."""
    deadline = time.monotonic() + HTTP_SECONDS
    body = b""
    while chunk := answer.read1(LARGEST_CONFIG):
        body += chunk
        if len(body) > LARGEST_CONFIG or time.monotonic() > deadline:
            return None
    return body


def _dns(name: str, kind: str) -> Any:
    try:
        return dns.resolver.resolve(name, kind, lifetime=DNS_SECONDS)
    except dns.exception.DNSException:
        return []


def suggest(address: str, *, lookup: Lookup | None = None) -> list[Suggestion]:
    """Suggestions for an address, the likeliest first; empty when nothing was found.

    A preset is taken as final; the other sources are asked only without one.
    """
    lookup = lookup or Lookup()
    address = normalise_address(address)
    domain = domain_of(address)
    if not domain or "." not in domain:
        return []
    known = preset_for_domain(domain)
    if known:
        return [_from_preset(known, address, domain, Source.DOMAIN)]
    known = _preset_by_exchanger(domain, lookup)
    suggestions = [_from_preset(known, address, domain, Source.EXCHANGER)] if known else []
    if known is None:
        for source in (_from_autoconfig, _from_service_records):
            found = source(address, domain, lookup)
            if found and (found.incoming or found.outgoing):
                suggestions.append(found)
    return suggestions


def _preset_by_exchanger(domain: str, lookup: Lookup) -> Preset | None:
    for exchanger in lookup.exchangers(domain)[:5]:
        known = preset_for_exchanger(exchanger)
        if known:
            return known
    return None


def _from_preset(known: Preset, address: str, domain: str, source: Source) -> Suggestion:
    local = address.rpartition("@")[0]
    uses_local = known.incoming_user is UserName.LOCAL and source is Source.DOMAIN
    return Suggestion(
        source=source,
        incoming=_with_domain(known.incoming, domain),
        outgoing=_with_domain(known.outgoing, domain),
        incoming_user=local if uses_local else address,
        outgoing_user=address,
        preset=known,
    )


def _with_domain(host: Host | None, domain: str) -> Host | None:
    if host is None or "{domain}" not in host.name:
        return host
    return Host(host.name.format(domain=domain), host.port, host.security)


# --- The domain's own word --------------------------------------------------------------------


def _from_autoconfig(address: str, domain: str, lookup: Lookup) -> Suggestion | None:
    """The file that Thunderbird's makers defined. The address is not put into the question."""
    places = (
        (f"autoconfig.{domain}", "/mail/config-v1.1.xml"),
        (domain, "/.well-known/autoconfig/mail/config-v1.1.xml"),
    )
    for host, path in places:
        body = lookup.document(host, path)
        root = _xml(body) if body else None
        if root is None:
            continue
        incoming, incoming_user = _server(root, "incomingServer", "imap", address)
        outgoing, outgoing_user = _server(root, "outgoingServer", "smtp", address)
        if incoming or outgoing:
            return Suggestion(
                source=Source.AUTOCONFIG,
                incoming=incoming,
                outgoing=outgoing,
                incoming_user=incoming_user or address,
                outgoing_user=outgoing_user or address,
                needs_confirmation=_doubtful(domain, incoming, outgoing),
            )
    return None


def _xml(body: bytes) -> Any:
    try:
        return ElementTree.fromstring(body, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):
        return None


def _server(root: Any, tag: str, kind: str, address: str) -> tuple[Host | None, str]:
    """The first server with encryption; one without is as good as none."""
    local, _, domain = address.rpartition("@")
    words = {"%EMAILADDRESS%": address, "%EMAILLOCALPART%": local, "%EMAILDOMAIN%": domain}
    for server in root.iter(tag):
        if server.get("type") != kind:
            continue
        name = _filled(server.findtext("hostname") or "", words).lower().rstrip(".")
        port = (server.findtext("port") or "").strip()
        security = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS}.get(
            (server.findtext("socketType") or "").strip().upper()
        )
        if name and port.isdigit() and 0 < int(port) < 65536 and security:
            user = _filled(server.findtext("username") or "", words)
            return Host(name, int(port), security), user
    return None, ""


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text.strip()[:254]


def _from_service_records(address: str, domain: str, lookup: Lookup) -> Suggestion | None:
    incoming = _service_host(
        domain, lookup, (("_imaps._tcp", Security.TLS), ("_imap._tcp", Security.STARTTLS))
    )
    outgoing = _service_host(
        domain,
        lookup,
        (("_submissions._tcp", Security.TLS), ("_submission._tcp", Security.STARTTLS)),
    )
    return Suggestion(
        source=Source.SERVICE_RECORDS,
        incoming=incoming,
        outgoing=outgoing,
        incoming_user=address,
        outgoing_user=address,
        needs_confirmation=_doubtful(domain, incoming, outgoing),
    )


def _service_host(
    domain: str, lookup: Lookup, names: tuple[tuple[str, Security], ...]
) -> Host | None:
    for name, security in names:
        found = lookup.service(f"{name}.{domain}")
        if found:
            return Host(found.host.lower(), found.port, security)
    return None


def _doubtful(domain: str, *hosts: Host | None) -> tuple[str, ...]:
    names = [host.name for host in hosts if host is not None]
    return tuple(
        name
        for name in dict.fromkeys(names)
        if name != domain and not name.endswith(f".{domain}") and not preset_for_host(name)
    )
