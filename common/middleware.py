"""What holds for every request and answer: whose page asked, what a browser may do with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.decorators import sync_and_async_middleware

from common.policies import ContentPolicy

GetResponse = Callable[[HttpRequest], HttpResponseBase]
AsyncGetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "microphone=(), midi=(), payment=(), usb=(), browsing-topics=()"
)
# Bytes of a file that one turn of its thread reads.
FILE_PIECE = 256 * 1024
# Both shapes of a page live under one URL; no cache may mistake one for the other.
SHAPE_HEADERS = ("HX-Request", "HX-Request-Type", "HX-Target")


def _around(
    get_response: GetResponse | AsyncGetResponse,
    *,
    ask: Callable[[HttpRequest], HttpResponse | None] = lambda _: None,
    finish: Callable[[HttpRequest, HttpResponseBase], HttpResponseBase] = lambda _, response: (
        response
    ),
) -> GetResponse | AsyncGetResponse:
    """`ask` may answer instead of the page, `finish` has the last word; either way of serving."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            return finish(request, ask(request) or await get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        return finish(request, ask(request) or get_response(request))  # type: ignore[arg-type]

    return answer


@sync_and_async_middleware
def headers_middleware(
    get_response: GetResponse | AsyncGetResponse,
) -> GetResponse | AsyncGetResponse:
    """Outermost, so that redirects, errors and files get the headers too."""
    return _around(get_response, finish=_with_headers)


def _with_headers(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    policy = getattr(response, "content_policy", ContentPolicy.PAGE)
    response.headers["Content-Security-Policy"] = policy.value
    response.headers["X-Frame-Options"] = "SAMEORIGIN" if policy.may_be_framed else "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers["Permissions-Policy"] = PERMISSIONS
    response.headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
    if response.headers.get("Content-Type", "").startswith("text/html"):
        patch_vary_headers(response, SHAPE_HEADERS)
    # Whatever depended on a session must not survive in a shared computer's cache.
    session = getattr(request, "session", None)
    if session is not None and session.accessed:
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


@sync_and_async_middleware
def streams_middleware(
    get_response: GetResponse | AsyncGetResponse,
) -> GetResponse | AsyncGetResponse:
    """Sends files and other plain iterators piece by piece where the server is asynchronous.
    Django would read them to their end before the first byte goes out."""
    return _around(get_response, finish=_in_turn)


def _in_turn(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if (
        isinstance(request, ASGIRequest)
        and isinstance(response, StreamingHttpResponse)
        and not response.is_async
    ):
        file = getattr(response, "file_to_stream", None)
        # An empty piece is not the end.
        content = filter(None, response)
        response.streaming_content = _pieces(
            partial(file.read, FILE_PIECE) if file else partial(next, content, None)
        )
    return response


async def _pieces(read: Callable[[], Any]) -> AsyncIterator[Any]:
    while piece := await sync_to_async(read)():
        yield piece


@sync_and_async_middleware
def same_site_middleware(
    get_response: GetResponse | AsyncGetResponse,
) -> GetResponse | AsyncGetResponse:
    """Refuses changes that another site's page asks for (Fetch Metadata).

    Browsers say where a request comes from; whatever is not a browser says nothing and is left
    to the CSRF token.
    """
    return _around(get_response, ask=_refusal)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if request.method in SAFE_METHODS or request.headers.get("Sec-Fetch-Site") != "cross-site":
        return None
    return HttpResponse("Refused: this request comes from another site.", status=403)


@sync_and_async_middleware
def plain_query_middleware(
    get_response: GetResponse | AsyncGetResponse,
) -> GetResponse | AsyncGetResponse:
    """Takes NUL out of what is asked for: PostgreSQL has none in a text, so each look-up by one
    would be an error of ours."""
    return _around(get_response, ask=_without_nul)


def _without_nul(request: HttpRequest) -> None:
    query = request.META.get("QUERY_STRING", "")
    if "%00" not in query:
        return
    # One pass: what is left may be one again (%%0000), and to look for it anew each time would
    # take as many passes as somebody nests, with all other requests waiting.
    kept: list[str] = []
    for letter in query:
        kept.append(letter)
        if kept[-3:] == ["%", "0", "0"]:
            del kept[-3:]
    request.META["QUERY_STRING"] = "".join(kept)


@sync_and_async_middleware
def htmx_sign_in_middleware(
    get_response: GetResponse | AsyncGetResponse,
) -> GetResponse | AsyncGetResponse:
    """A fragment that needs a session leads the whole page to sign-in.

    Otherwise htmx would follow the redirect and put the sign-in page into a row.
    """
    return _around(get_response, finish=_lead_page)


def _lead_page(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    sign_in = resolve_url(settings.LOGIN_URL)
    if request.headers.get("HX-Request") != "true" or not 300 <= response.status_code < 400:
        return response
    if urlsplit(response.headers.get("Location", "")).path != sign_in:
        return response
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    way_back = f"{page.path}?{page.query}" if page.query else page.path
    query = f"?{urlencode({'next': way_back})}" if way_back else ""
    return HttpResponse(status=401, headers={"HX-Redirect": f"{sign_in}{query}"})
