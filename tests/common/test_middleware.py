import io
import time

import pytest
from asgiref.sync import async_to_sync
from django.http import (
    FileResponse,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.test import AsyncRequestFactory, Client, RequestFactory

from common.middleware import (
    headers_middleware,
    htmx_sign_in_middleware,
    plain_query_middleware,
    same_site_middleware,
    streams_middleware,
)
from common.policies import ContentPolicy, with_policy

FILE = bytes(range(256)) * 4096
KNOWN = {policy.value for policy in ContentPolicy}
HTMX = {"HX-Request": "true"}


def fails(request):
    raise RuntimeError("on purpose")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/styleguide/", {}, 200),
        ("/styleguide/dialog/", HTMX, 200),
        ("/nowhere/", {}, 404),
        ("/nowhere/", HTMX, 404),
        ("/about/licences/", {}, 200),
        ("/static/mark.svg", {}, 200),
    ],
)
def test_every_answer_has_the_policy_of_pages(dana, signed_in, path, headers, status):
    response = signed_in.as_(dana).get(path, headers=headers)
    assert response.status_code == status
    assert response["Content-Security-Policy"] == ContentPolicy.PAGE.value
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]
    response.close()


def test_the_policy_of_pages_allows_nothing_inline():
    assert "unsafe" not in ContentPolicy.PAGE.value
    assert "default-src 'none'" in ContentPolicy.PAGE.value
    assert "frame-ancestors 'none'" in ContentPolicy.PAGE.value
    assert all("script-src" not in policy for policy in KNOWN - {ContentPolicy.PAGE.value})


def test_redirects_and_broken_pages_have_a_policy(dana, company, monkeypatch):
    client = Client(raise_request_exception=False)
    response = client.get("/styleguide/nothing/here")
    assert response.status_code in (301, 302, 404)
    assert response["Content-Security-Policy"] in KNOWN
    client.force_login(dana)
    monkeypatch.setattr("common.views.about.served_packages", fails)
    monkeypatch.setattr("common.views.about.render", fails)
    broken = client.get("/about/licences/")
    assert broken.status_code == 500
    assert broken["Content-Security-Policy"] == ContentPolicy.PAGE.value
    assert "Something broke" in broken.content.decode()
    fragment = client.get("/about/licences/", headers=HTMX)
    assert fragment.status_code == 500
    assert "<html" not in fragment.content.decode()
    assert fragment["X-Error-Text"].startswith("Something broke")


def test_a_view_may_have_another_policy(rf: RequestFactory):
    view = with_policy(ContentPolicy.MAIL_BODY)(lambda request: HttpResponse("<p>mail"))
    response = headers_middleware(view)(rf.get("/"))
    assert response["Content-Security-Policy"] == ContentPolicy.MAIL_BODY.value
    assert response["X-Frame-Options"] == "SAMEORIGIN"


def test_async_views_get_the_same_headers():
    @with_policy(ContentPolicy.FILE)
    async def view(request):
        return HttpResponse("file")

    response = async_to_sync(headers_middleware(view))(AsyncRequestFactory().get("/"))
    assert response["Content-Security-Policy"] == ContentPolicy.FILE.value


def test_what_used_a_session_is_not_kept(dana, signed_in):
    assert signed_in.as_(dana).get("/styleguide/")["Cache-Control"] == "private, no-store"


def test_both_shapes_of_a_page_are_told_apart(dana, signed_in):
    vary = signed_in.as_(dana).get("/styleguide/")["Vary"]
    assert {"HX-Request", "HX-Request-Type", "HX-Target", "Cookie"} <= set(vary.split(", "))


@pytest.mark.parametrize(
    ("method", "site", "status"),
    [
        ("post", "cross-site", 403),
        ("delete", "cross-site", 403),
        ("get", "cross-site", 200),
        ("post", "same-origin", 200),
        ("post", "none", 200),
        ("post", None, 200),
    ],
)
def test_changes_asked_for_by_another_site_are_refused(rf: RequestFactory, method, site, status):
    headers = {"Sec-Fetch-Site": site} if site else {}
    request = getattr(rf, method)("/", headers=headers)
    assert same_site_middleware(lambda _: HttpResponse())(request).status_code == status


@pytest.mark.parametrize(
    ("query", "asked"), [("q=a%00b", "ab"), ("q=a%2500b", "a%00b"), ("q=%000%%0000b", "0b")]
)
@pytest.mark.parametrize("is_async", [False, True])
def test_nobody_asks_for_nul(query, asked, is_async):
    def answer(request):
        return HttpResponse(request.GET["q"])

    async def answer_async(request):
        return answer(request)

    if is_async:
        request = AsyncRequestFactory().get(f"/mail/?{query}")
        response = async_to_sync(plain_query_middleware(answer_async))(request)
    else:
        response = plain_query_middleware(answer)(RequestFactory().get(f"/mail/?{query}"))
    assert response.content.decode() == asked


def test_nul_within_nul_is_taken_out_in_one_pass():
    """As many passes as somebody nests took three seconds for an address as long as a server
    reads, with every other request of the process waiting."""
    request = RequestFactory().get("/mail/")
    request.META["QUERY_STRING"] = "q=a" + "%" * 21_000 + "00" * 21_000 + "b"
    began = time.process_time()
    answer = plain_query_middleware(lambda asked: HttpResponse(asked.GET["q"]))(request)
    assert answer.content == b"ab"
    assert time.process_time() - began < 0.5


def test_a_lost_session_leads_the_page_to_sign_in(company, client):
    response = client.get(
        "/settings/",
        headers={**HTMX, "HX-Current-URL": "http://testserver/mail/inbox/?q=offer"},
    )
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/login/?next=%2Fmail%2Finbox%2F%3Fq%3Doffer"
    assert response.content == b""


def test_other_redirects_stay_redirects(rf: RequestFactory):
    answer = htmx_sign_in_middleware(lambda _: HttpResponseRedirect("/deals/1/"))
    assert answer(rf.post("/", headers=HTMX)).status_code == 302
    plain = htmx_sign_in_middleware(lambda _: HttpResponseRedirect("/login/"))
    assert plain(rf.get("/")).status_code == 302


def sent(response):
    """The pieces that a server of the other kind would send."""

    async def read():
        answer = await streams_middleware(answered_with(response))(AsyncRequestFactory().get("/"))
        assert answer.is_async
        return [piece async for piece in answer]

    return async_to_sync(read)()


def answered_with(response):
    async def answer(request):
        return response

    return answer


@pytest.mark.django_db
def test_file_is_sent_in_pieces_where_the_server_is_asynchronous():
    file = io.BytesIO(FILE)
    response = FileResponse(file, filename="offer.pdf")
    pieces = sent(response)
    assert b"".join(pieces) == FILE
    assert [len(piece) for piece in pieces] == [256 * 1024] * 4
    assert response["Content-Length"] == str(len(FILE))
    response.close()
    assert file.closed


def test_only_what_is_sent_has_been_read():
    read = []

    def rows():
        for number in range(3):
            read.append(number)
            yield f"row {number}" if number != 1 else ""

    async def first():
        response = StreamingHttpResponse(rows())
        answer = await streams_middleware(answered_with(response))(AsyncRequestFactory().get("/"))
        assert await anext(aiter(answer)) == b"row 0"

    async_to_sync(first)()
    assert read == [0]
    assert sent(StreamingHttpResponse(rows())) == [b"row 0", b"row 2"]


def test_other_servers_and_answers_are_left_alone():
    response = StreamingHttpResponse(iter(["one"]))
    answer = streams_middleware(lambda request: response)(RequestFactory().get("/"))
    assert not answer.is_async
    assert list(answer) == [b"one"]
    plain = HttpResponse("two")
    assert streams_middleware(lambda request: plain)(RequestFactory().get("/")) is plain
