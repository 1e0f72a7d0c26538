"""From an address to settings, without a password, and without asking above the domain."""

import pytest

from mailsync.enums import Security
from mailsync.providers.discovery import Lookup, Service, Source, suggest
from mailsync.providers.presets import (
    PRESETS,
    Host,
    SignIn,
    preset_for_domain,
    preset_for_exchanger,
    preset_for_host,
)

CONFIG = b"""<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="corp.example">
<incomingServer type="pop3"><hostname>pop.corp.example</hostname><port>995</port>
<socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>open.corp.example</hostname><port>143</port>
<socketType>plain</socketType></incomingServer>
<incomingServer type="imap"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port>
<socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.corp.example</hostname><port>587</port>
<socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>"""


class FakeLookup(Lookup):
    def __init__(
        self,
        *,
        exchangers: list[str] | None = None,
        services: dict[str, Service] | None = None,
        documents: dict[str, bytes] | None = None,
    ) -> None:
        self._exchangers = exchangers or []
        self._services = services or {}
        self._documents = documents or {}
        self.asked: list[str] = []

    def exchangers(self, domain: str) -> list[str]:
        self.asked.append(domain)
        return self._exchangers

    def service(self, name: str) -> Service | None:
        self.asked.append(name)
        return self._services.get(name)

    def document(self, host: str, path: str) -> bytes | None:
        self.asked.append(host)
        assert "@" not in path
        assert "?" not in path
        return self._documents.get(host + path)


@pytest.mark.parametrize(
    ("address", "key", "user"),
    [
        ("Grace@GMail.com", "gmail", "grace@gmail.com"),
        ("grace@hotmail.co.uk", "outlook", "grace@hotmail.co.uk"),
        ("grace@icloud.com", "icloud", "grace"),
        ("grace@126.com", "126", "grace@126.com"),
    ],
)
def test_a_providers_own_domain_needs_no_question(address: str, key: str, user: str) -> None:
    lookup = FakeLookup()
    (found,) = suggest(address, lookup=lookup)
    assert found.preset
    assert (found.preset.key, found.incoming_user, found.source) == (key, user, Source.DOMAIN)
    assert found.needs_confirmation == ()
    assert lookup.asked == []


def test_a_company_domain_is_found_by_its_exchanger() -> None:
    lookup = FakeLookup(exchangers=["aspmx.l.google.com"])
    (found,) = suggest("grace@northwind.example", lookup=lookup)
    assert found.preset
    assert (found.preset.key, found.source) == ("gmail", Source.EXCHANGER)
    assert found.incoming == Host("imap.gmail.com", 993, Security.TLS)
    assert lookup.asked == ["northwind.example"]


def test_an_own_domain_at_apple_signs_in_with_the_whole_address() -> None:
    lookup = FakeLookup(exchangers=["mx01.mail.icloud.com"])
    (found,) = suggest("grace@northwind.example", lookup=lookup)
    assert found.incoming_user == "grace@northwind.example"


def test_a_host_in_the_domain_is_filled_in() -> None:
    lookup = FakeLookup(exchangers=["mx1.unifiedlayer.com"])
    (found,) = suggest("grace@northwind.example", lookup=lookup)
    assert found.incoming == Host("mail.northwind.example", 993, Security.TLS)


def test_the_domains_own_file() -> None:
    lookup = FakeLookup(documents={"autoconfig.corp.example/mail/config-v1.1.xml": CONFIG})
    (found,) = suggest("grace@corp.example", lookup=lookup)
    assert found.source is Source.AUTOCONFIG
    assert found.incoming == Host("imap.corp.example", 993, Security.TLS)
    assert found.outgoing == Host("smtp.corp.example", 587, Security.STARTTLS)
    assert (found.incoming_user, found.outgoing_user) == ("grace", "grace@corp.example")
    assert found.needs_confirmation == ()


def test_service_records() -> None:
    lookup = FakeLookup(
        services={
            "_imaps._tcp.corp.example": Service("mail.corp.example", 993),
            "_submission._tcp.corp.example": Service("smtp.elsewhere.example", 587),
        }
    )
    (found,) = suggest("grace@corp.example", lookup=lookup)
    assert found.source is Source.SERVICE_RECORDS
    assert found.incoming == Host("mail.corp.example", 993, Security.TLS)
    assert found.outgoing == Host("smtp.elsewhere.example", 587, Security.STARTTLS)
    assert found.needs_confirmation == ("smtp.elsewhere.example",)


def test_nothing_above_the_domain_is_asked() -> None:
    lookup = FakeLookup()
    assert suggest("grace@corp.com.br", lookup=lookup) == []
    assert lookup.asked
    assert all(name == "corp.com.br" or name.endswith(".corp.com.br") for name in lookup.asked)


@pytest.mark.parametrize("host", ["imap.evil.com", "corp.example.evil.com", "evilcorp.example"])
def test_a_foreign_host_has_to_be_confirmed(host: str) -> None:
    config = CONFIG.replace(b"imap.%EMAILDOMAIN%", host.encode())
    lookup = FakeLookup(documents={"autoconfig.corp.example/mail/config-v1.1.xml": config})
    (found,) = suggest("grace@corp.example", lookup=lookup)
    assert found.needs_confirmation == (host,)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b"<html>login here</html>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><clientConfig>&b;</clientConfig>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><clientConfig/>',
        CONFIG.replace(b"993", b"99999").replace(b"587", b"x"),
        CONFIG.replace(b">SSL<", b">plain<").replace(b">STARTTLS<", b">plain<"),
    ],
)
def test_bad_files_suggest_nothing(body: bytes) -> None:
    lookup = FakeLookup(documents={"autoconfig.corp.example/mail/config-v1.1.xml": body})
    assert suggest("grace@corp.example", lookup=lookup) == []


@pytest.mark.parametrize("address", ["", "grace", "grace@", "@", "grace@localhost"])
def test_what_is_no_address_suggests_nothing(address: str) -> None:
    lookup = FakeLookup()
    assert suggest(address, lookup=lookup) == []
    assert lookup.asked == []


def test_documents_come_from_allowed_places_only(settings: object) -> None:
    settings.ALLOWED_PRIVATE_NETWORKS = []  # type: ignore[attr-defined]
    assert Lookup().document("localhost", "/mail/config-v1.1.xml") is None


# --- The table --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exchanger", "key"),
    [
        ("ASPMX.L.GOOGLE.COM.", "gmail"),
        ("corp-com.mail.protection.outlook.com", "microsoft365"),
        ("outlook-com.olc.protection.outlook.com", "outlook"),
        ("mta7.am0.yahoodns.net", "yahoo"),
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("spool.mail.gandi.net", "gandi"),
        ("163mx01.mxmail.netease.com", "163"),
        ("126mx02.mxmail.netease.com", "126"),
        ("qiye163mx01.mxmail.netease.com", "netease"),
        ("mx3.qq.com", "qq"),
        ("mxbiz1.qq.com", "qq_enterprise"),
        ("mailstore1.europe.secureserver.net", "godaddy"),
        ("mx1.titan.email", "titan"),
    ],
)
def test_exchangers_are_known(exchanger: str, key: str) -> None:
    found = preset_for_exchanger(exchanger)
    assert found
    assert found.key == key


@pytest.mark.parametrize("name", ["evilgoogle.com", "google.com.evil.example", "yahoo.co.jp", ""])
def test_lookalikes_are_not(name: str) -> None:
    assert preset_for_exchanger(name) is None
    assert preset_for_domain(name) is None


def test_the_table_is_sound() -> None:
    assert len({known.key for known in PRESETS}) == len(PRESETS) >= 26
    for known in PRESETS:
        hosts = [host for host in (known.incoming, known.outgoing) if host]
        assert len(hosts) in (0, 2), known.key
        assert all(host.security is not Security.PLAIN for host in hosts)
        if known.sign_in is not SignIn.PASSWORD or not hosts:
            assert known.advice, f"{known.key}: people need to be told"


def test_habits_are_found_by_host() -> None:
    gmail = preset_for_host("smtp.gmail.com")
    assert gmail
    assert gmail.saves_sent_copy
    icloud = preset_for_host("IMAP.mail.me.com.")
    assert icloud
    assert icloud.without == {"QRESYNC"}
