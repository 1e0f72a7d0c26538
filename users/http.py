"""What our pages ask of a request: who is at the other end, and where to go next."""

import ipaddress
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.http import url_has_allowed_host_and_scheme

from users.models import User

FORWARDING_HEADERS = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Forwarded",
    "Via",
)


def current_user(request: HttpRequest) -> User:
    """The signed-in user, for views behind the sign-in middleware."""
    return cast("User", request.user)


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to. An empty POST is bound too: it lacks every field."""
    return request.POST if request.method == "POST" else None


def client_ip(request: HttpRequest) -> str:
    """The visitor's network address. X-Forwarded-For is believed for as many hops from its end
    as the operator says that proxies stand before us, and not at all by default."""
    address = request.META.get("REMOTE_ADDR", "")
    hops = settings.TRUSTED_PROXIES
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    if hops and len(forwarded) >= hops:
        address = forwarded[-hops]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return "0.0.0.0"  # noqa: S104 -- a value for "unknown", nothing listens on it


def is_at_the_machine(request: HttpRequest) -> bool:
    """Whether the visitor sits at the machine itself.

    A proxy on the same machine makes all the world look local, so any trace of one says no. A
    Host that is not a loopback name says no as well: it may be a foreign name that was pointed
    at this machine to let a web page act for its visitor.
    """
    if any(header in request.headers for header in FORWARDING_HEADERS):
        return False
    host = request.get_host().rpartition(":")[0] or request.get_host()
    try:
        peer = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return peer.is_loopback and host in {"localhost", "127.0.0.1", "[::1]"}


def safe_next(request: HttpRequest, default: str = "/") -> str:
    """Where the visitor wanted to go, if that is one of our pages."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if target and allowed else default


def see_other(request: HttpRequest, url: str) -> HttpResponse:
    """After an act: 303 to the page that shows it (RFC 9110 15.4.4), told to htmx in its way."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": url})
    return HttpResponseRedirect(url, status=303)


def browser_name(agent: str) -> str:
    """A few words for a User-Agent, such as "Firefox, Linux". Order matters: most of them
    name others as well."""
    browsers = (
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    )
    systems = (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in agent), "")
    system = next((name for mark, name in systems if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part)
