"""What a browser is told with every answer of every address, whoever asks and whatever comes of it."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from common.policies import ContentPolicy
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import give_bytes, link, make_account, make_thread
from tests.visibility.crawling import paths

pytestmark = pytest.mark.django_db

POLICIES = {policy.value for policy in ContentPolicy}
OPERATORS = ("/operator/", "/operator/users/user/", "/operator/mailsync/mailaccount/")


def check(response: Any, path: str) -> None:
    headers = response.headers
    assert headers["Content-Security-Policy"] in POLICIES, path
    assert headers["X-Content-Type-Options"] == "nosniff", path
    assert headers["X-Frame-Options"] in {"DENY", "SAMEORIGIN"}, path
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, path
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
    # Neither tells by its change that something hidden has changed.
    assert "ETag" not in headers, path
    assert "Last-Modified" not in headers, path
    assert "Access-Control-Allow-Origin" not in headers, path
    kept = headers.get("Cache-Control", "")
    assert "public" not in kept, path
    assert "no-store" in kept, path
    for morsel in response.cookies.values():
        assert morsel["httponly"], (path, morsel.key)
        assert morsel["samesite"] == "Lax", (path, morsel.key)


@pytest.fixture
def mail(alice: Any, bob: Any, settings: Any, tmp_path: Any) -> Any:
    settings.BLOB_DIR = tmp_path / "blobs"
    thread = make_thread(make_account(alice), visibility=ThreadVisibility.SHARED)
    give_bytes(thread, file_name="page.html")
    link(thread, deal=make_deal(bob, person=make_person(bob)))
    return thread


@pytest.mark.matrix
@pytest.mark.parametrize("who", ["alice", "bob", "dana", "nobody"])
def test_every_answer(
    who: str, mail: Any, alice: Any, bob: Any, dana: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = Client()
    user = {"alice": alice, "bob": bob, "dana": dana}.get(who)
    if user:
        client.force_login(user)
    seen: dict[int, int] = {}
    for path in (*paths([1, 2, mail.pk, 999_999]), *OPERATORS, "/nowhere/"):
        if path.startswith("/events/"):
            continue
        response = client.get(path)
        if response.streaming:
            response.getvalue()
        seen[response.status_code] = seen.get(response.status_code, 0) + 1
        check(response, path)
    wanted = {302, 404} if who == "nobody" else {200, 302, 403, 404, 405}
    assert wanted <= {*seen, 403 if who == "dana" else 0}, seen


@pytest.mark.parametrize("method", ["head", "options", "put", "delete", "trace"])
def test_other_methods(method: str, mail: Any, alice: Any) -> None:
    client = Client()
    client.force_login(alice)
    for path in (reverse("inbox:thread", args=[mail.key]), "/mail/inbox/", "/mail/compose/"):
        before = mail.emails.count()
        response = getattr(client, method)(path)
        assert response.status_code in {200, 405}, (method, path)
        check(response, path)
        assert mail.emails.count() == before


def test_refusals_before_any_view(mail: Any, alice: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    path = reverse("inbox:thread_act", args=[mail.key, "archive"])
    forged = client.post(path)
    foreign = client.post(path, headers={"Sec-Fetch-Site": "cross-site"})
    host = client.get("/mail/inbox/", headers={"Host": "evil.example"})
    assert (forged.status_code, foreign.status_code, host.status_code) == (403, 403, 400)
    for response in (forged, foreign, host):
        assert response.headers["Content-Security-Policy"] in POLICIES
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert b"evil.example" not in response.content


def test_no_file_is_a_page_of_ours(mail: Any, alice: Any) -> None:
    """A page in an attachment would act as its reader."""
    client = Client()
    client.force_login(alice)
    file = mail.emails.get().attachments.get()
    for path in (
        reverse("inbox:attachment", args=[file.key]),
        reverse("inbox:raw", args=[mail.emails.get().key]),
    ):
        response = client.get(path)
        assert response.status_code == 200
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith("attachment")
        assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example/",
        "https://evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/%09/evil.example",
        "http:evil.example",
        "///evil.example",
        "https:///evil.example",
        "\x00//evil.example",
        "\t//evil.example",
    ],
)
def test_no_way_back_leads_elsewhere(target: str, mail: Any, alice: Any, bob: Any) -> None:
    client = Client()
    asked = client.post("/login/", {"email": "x@x.example", "password": "x", "next": target})
    assert b'href="//evil' not in asked.content
    client.force_login(alice)
    deal = make_deal(alice)
    answers = [
        client.get("/login/", {"next": target}),
        client.post(reverse("inbox:thread_act", args=[mail.key, "star"]), {"next": target}),
        client.post(reverse("crm:deal_win", args=[deal.pk]), {"next": target}),
        client.post(reverse("crm:deal_note_add", args=[deal.pk]), {"text": "x", "next": target}),
        client.post(
            reverse("crm:deal_note_add", args=[deal.pk]),
            {"text": "x", "next": target},
            headers={"HX-Request": "true"},
        ),
    ]
    for response in answers:
        place = response.headers.get("Location") or response.headers.get("HX-Redirect", "")
        assert response.status_code in {200, 302, 303}
        assert place.startswith("/"), place
        assert not place.startswith(("//", "/\\")), place
        assert "evil" not in place.partition("?")[0].replace("/%09/evil.example", "")


def test_cookies_of_a_safe_address() -> None:
    """Under https they are bound to this very host; no script reads them, no other site sends them."""
    names = [name for name in dir(settings) if "COOKIE" in name] + ["SECURE_HSTS_SECONDS"]
    code = f"from config import settings_test as s; import json; print(json.dumps({{n: getattr(s, n, None) for n in {names}}}))"
    given = {**os.environ, "DEALPOST_URL": "https://crm.example"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=given,
        cwd=settings.BASE_DIR,
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert found["CSRF_COOKIE_NAME"].startswith("__Host-")
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY"):
        assert found[name] is True
    # What RFC 6265bis asks of such names: this path, no domain.
    assert found["SESSION_COOKIE_DOMAIN"] is None
    assert found["SECURE_HSTS_SECONDS"] > 0
