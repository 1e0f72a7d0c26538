"""What is known of the providers that people use: hosts, sign-in, switches, habits.

Facts gathered from the providers' help pages, the Thunderbird ISP database and chatmail's provider
database; nobody's text. Domains of one provider's many countries are written as a pattern.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mailsync.enums import Security


class SignIn(StrEnum):
    """What the provider takes as a password."""

    PASSWORD = "password"  # noqa: S105 -- a kind of password, not one
    APP_PASSWORD = "app_password"  # noqa: S105 -- the kind, not one
    OAUTH_ONLY = "oauth_only"


class UserName(StrEnum):
    FULL = "full"  # the whole address
    LOCAL = "local"  # the part before the @


@dataclass(frozen=True, slots=True)
class Host:
    name: str
    port: int
    security: Security = Security.TLS


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider. `mx` are endings of mail exchanger names; `domains` full domains or
    regular expressions that match whole ones."""

    key: str
    name: str
    incoming: Host | None
    outgoing: Host | None
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    sign_in: SignIn = SignIn.PASSWORD
    incoming_user: UserName = UserName.FULL
    saves_sent_copy: bool = False
    # To how many recipients a day it lets an account send, where it says so; 0 where it does not.
    recipients_a_day: int = 0
    # What the files of one mail may weigh together, where it says so; 0 where it does not.
    files_megabytes: int = 0
    # Extensions that the host offers and gets wrong.
    without: frozenset[str] = frozenset()
    help_url: str = ""
    # What to do there first; empty when nothing is.
    advice: Promise | str = ""

    @property
    def takes_no_password(self) -> bool:
        return self.sign_in is SignIn.OAUTH_ONLY


_APP_PASSWORD = _("Create an app password there and enter it here instead of your own.")
_SWITCH_ON = _("Switch on IMAP in the settings of its website first.")
_CODE = _(
    "Switch on IMAP on its website; it then gives an authorization code, which is the password."
)
_OAUTH = _("This provider takes no passwords from mail programs any more.")
_RESOLD = _("If it does not connect: newer mailboxes there run at Microsoft or Titan.")


def _tls(name: str, port: int = 993) -> Host:
    return Host(name, port)


PRESETS = (
    Preset(
        "gmail", "Gmail, Google Workspace", _tls("imap.gmail.com"), _tls("smtp.gmail.com", 465),
        domains=("gmail.com", "googlemail.com"), mx=("google.com", "googlemail.com"),
        sign_in=SignIn.APP_PASSWORD, saves_sent_copy=True, files_megabytes=25,
        help_url="https://myaccount.google.com/apppasswords",
        advice=_("Switch on two-step verification, then create an app password and enter it here."),
    ),
    Preset(
        "microsoft365", "Microsoft 365", _tls("outlook.office365.com"),
        Host("smtp.office365.com", 587, Security.STARTTLS),
        mx=("mail.protection.outlook.com",), sign_in=SignIn.OAUTH_ONLY, saves_sent_copy=True,
        files_megabytes=25,
        advice=_OAUTH,
    ),
    Preset(
        "outlook", "Outlook.com, Hotmail, Live, MSN", _tls("outlook.office365.com"),
        Host("smtp-mail.outlook.com", 587, Security.STARTTLS),
        domains=(
            r"outlook\.[a-z]{2,3}(\.[a-z]{2})?", r"hotmail\.[a-z]{2,3}(\.[a-z]{2})?",
            r"live\.[a-z]{2,3}(\.[a-z]{2})?", "msn.com", "passport.com", "windowslive.com",
        ),
        mx=("olc.protection.outlook.com",), sign_in=SignIn.OAUTH_ONLY, saves_sent_copy=True,
        files_megabytes=20,
        advice=_OAUTH,
    ),
    Preset(
        "exchange", "Exchange (own server)", None, None,
        advice=_("Works where the administrator has opened IMAP; enter the server by hand."),
    ),
    Preset(
        "yahoo", "Yahoo", _tls("imap.mail.yahoo.com"), _tls("smtp.mail.yahoo.com", 465),
        # yahoo.co.jp is another company.
        domains=(
            r"(?!yahoo\.co\.jp)yahoo\.[a-z]{2,3}(\.[a-z]{2})?", "ymail.com", "rocketmail.com",
        ),
        mx=("yahoodns.net",), sign_in=SignIn.APP_PASSWORD, advice=_APP_PASSWORD,
        recipients_a_day=500, files_megabytes=25,
        help_url="https://login.yahoo.com/account/security",
    ),
    Preset(
        "aol", "AOL", _tls("imap.aol.com"), _tls("smtp.aol.com", 465),
        domains=(r"aol\.[a-z]{2,3}(\.[a-z]{2})?", "aim.com"), mx=("mx.aol.com",),
        sign_in=SignIn.APP_PASSWORD, advice=_APP_PASSWORD, files_megabytes=25,
        help_url="https://login.aol.com/account/security",
    ),
    Preset(
        "icloud", "iCloud", _tls("imap.mail.me.com"),
        Host("smtp.mail.me.com", 587, Security.STARTTLS),
        domains=("icloud.com", "me.com", "mac.com"), mx=("mail.icloud.com",),
        sign_in=SignIn.APP_PASSWORD, incoming_user=UserName.LOCAL,
        without=frozenset({"QRESYNC"}), help_url="https://account.apple.com/",
        recipients_a_day=1000,
        advice=_("Create an app-specific password at Apple and enter it here."),
    ),
    Preset(
        "fastmail", "Fastmail", _tls("imap.fastmail.com"), _tls("smtp.fastmail.com", 465),
        domains=("fastmail.com", "fastmail.fm", "sent.com", "messagingengine.com"),
        mx=("messagingengine.com",), sign_in=SignIn.APP_PASSWORD, advice=_APP_PASSWORD,
        help_url="https://app.fastmail.com/settings/security",
    ),
    Preset(
        "gandi", "Gandi", _tls("mail.gandi.net"), _tls("mail.gandi.net", 465),
        mx=("mail.gandi.net",),
    ),
    Preset(
        "gmx", "GMX", _tls("imap.gmx.net"), _tls("mail.gmx.net", 465),
        domains=("gmx.net", "gmx.de", "gmx.at", "gmx.ch", "gmx.org", "gmx.info"),
        mx=("gmx.net",), advice=_SWITCH_ON,
    ),
    Preset(
        "gmx_com", "GMX", _tls("imap.gmx.com"), _tls("mail.gmx.com", 465),
        domains=("gmx.com", "gmx.us", "gmx.co.uk"), advice=_SWITCH_ON,
    ),
    Preset(
        "mail_ru", "Mail.ru", _tls("imap.mail.ru"), _tls("smtp.mail.ru", 465),
        domains=("mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru", "vk.com"),
        mx=("mxs.mail.ru",), sign_in=SignIn.APP_PASSWORD,
        advice=_("Create a password for external applications there and enter it here."),
    ),
    Preset(
        "yandex", "Yandex", _tls("imap.yandex.com"), _tls("smtp.yandex.com", 465),
        domains=(r"yandex\.[a-z]{2,3}(\.[a-z]{2})?", "ya.ru", "narod.ru"),
        mx=("mx.yandex.ru", "mx.yandex.net"), sign_in=SignIn.APP_PASSWORD,
        advice=_("Switch on IMAP on its website, create an app password and enter it here."),
    ),
    Preset(
        "godaddy", "GoDaddy", _tls("imap.secureserver.net"), _tls("smtpout.secureserver.net", 465),
        mx=("secureserver.net",), advice=_RESOLD,
    ),
    Preset(
        "hover", "Hover", _tls("mail.hover.com"), _tls("mail.hover.com", 465),
        mx=("hostedemail.com",),
    ),
    Preset(
        "namecheap", "Namecheap Private Email", _tls("mail.privateemail.com"),
        _tls("mail.privateemail.com", 465), mx=("privateemail.com",),
    ),
    Preset(
        "bluehost", "Bluehost", _tls("mail.{domain}"), _tls("mail.{domain}", 465),
        mx=("bluehost.com", "unifiedlayer.com"),
        advice=_("If the certificate names another server, enter that name as the server."),
    ),
    Preset(
        "titan", "Titan", _tls("imap.titan.email"), _tls("smtp.titan.email", 465),
        mx=("titan.email",),
        advice=_("Switch on access by other mail programs on its website first."),
    ),
    Preset(
        "soverin", "Soverin", _tls("imap.soverin.net"), _tls("smtp.soverin.net", 465),
        domains=("soverin.net",), mx=("mx.soverin.net",),
    ),
    Preset(
        "zimbra", "Zimbra (own server)", None, None,
        advice=_("Every Zimbra has a host name of its own; its administrator knows it."),
    ),
    Preset(
        "123reg", "123-reg", _tls("imap.123-reg.co.uk"), _tls("smtp.123-reg.co.uk", 465),
        mx=("123-reg.co.uk",), advice=_RESOLD,
    ),
    Preset(
        "163", "163 (NetEase)", _tls("imap.163.com"), _tls("smtp.163.com", 465),
        domains=("163.com",), mx=(r"163mx\d*.mxmail.netease.com",),
        sign_in=SignIn.APP_PASSWORD, advice=_CODE,
    ),
    Preset(
        "126", "126 (NetEase)", _tls("imap.126.com"), _tls("smtp.126.com", 465),
        domains=("126.com",), mx=(r"126mx\d*.mxmail.netease.com",),
        sign_in=SignIn.APP_PASSWORD, advice=_CODE,
    ),
    Preset(
        "yeah", "Yeah.net (NetEase)", _tls("imap.yeah.net"), _tls("smtp.yeah.net", 465),
        domains=("yeah.net",), mx=(r"yeahmx\d*.mxmail.netease.com",),
        sign_in=SignIn.APP_PASSWORD, advice=_CODE,
    ),
    Preset(
        "netease", "NetEase enterprise", _tls("imap.qiye.163.com"), _tls("smtp.qiye.163.com", 994),
        mx=(r"qiye163mx\d*.mxmail.netease.com",), sign_in=SignIn.APP_PASSWORD, advice=_CODE,
    ),
    Preset(
        "qq", "QQ, Foxmail", _tls("imap.qq.com"), _tls("smtp.qq.com", 465),
        domains=("qq.com", "vip.qq.com", "foxmail.com"), mx=(r"mx\d?.qq.com",),
        sign_in=SignIn.APP_PASSWORD, advice=_CODE,
    ),
    Preset(
        "qq_enterprise", "QQ enterprise", _tls("imap.exmail.qq.com"),
        _tls("smtp.exmail.qq.com", 465), mx=(r"mxbiz\d*.qq.com",),
    ),
    Preset(
        "aliyun", "Aliyun", _tls("imap.aliyun.com"), _tls("smtp.aliyun.com", 465),
        domains=("aliyun.com",), mx=("mail.aliyun.com",),
        advice=_("Company mailboxes: the administrator has to allow other mail programs."),
    ),
    Preset(
        "139", "139 (China Mobile)", _tls("imap.139.com"), _tls("smtp.139.com", 465),
        domains=("139.com",), mx=("mail.139.com",), sign_in=SignIn.APP_PASSWORD, advice=_CODE,
    ),
)  # fmt: skip

_BY_KEY = {preset.key: preset for preset in PRESETS}
_BY_HOST = {
    host.name: preset
    for preset in reversed(PRESETS)
    for host in (preset.incoming, preset.outgoing)
    if host is not None and "{" not in host.name
}


def preset(key: str) -> Preset | None:
    return _BY_KEY.get(key)


def preset_for_host(host: str) -> Preset | None:
    """The provider that a configured server belongs to."""
    return _BY_HOST.get(host.lower().rstrip("."))


def preset_for_domain(domain: str) -> Preset | None:
    """The provider whose own domain this is."""
    domain = domain.lower().rstrip(".")
    for known in PRESETS:
        if any(domain == name or re.fullmatch(name, domain) for name in known.domains):
            return known
    return None


def preset_for_exchanger(exchanger: str) -> Preset | None:
    """The provider that receives mail under this MX name; the longest ending wins."""
    exchanger = exchanger.lower().rstrip(".")
    best: tuple[int, Preset] | None = None
    for known in PRESETS:
        for ending in known.mx:
            pattern = rf"(.+\.)?{ending}"
            if re.fullmatch(pattern, exchanger) and (best is None or len(ending) > best[0]):
                best = (len(ending), known)
    return best[1] if best else None
