import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from common.partials import wanted_partial
from common.toasts import Kind, add_toast, toast_answer

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, ""),
        ({"HX-Target": "div#rows"}, ""),
        ({**HTMX, "HX-Target": "div#rows"}, "rows"),
        ({**HTMX, "HX-Target": "rows"}, "rows"),
        ({**HTMX, "HX-Target": "div#secret"}, ""),
        ({**HTMX, "HX-Target": "div#rows", "HX-Request-Type": "full"}, ""),
        ({"HX-History-Restore-Request": "true", "HX-Target": "div#rows"}, ""),
    ],
)
def test_the_target_names_the_partial_out_of_a_fixed_list(rf: RequestFactory, headers, expected):
    assert wanted_partial(rf.get("/", headers=headers), {"rows", "head"}) == expected


def test_a_dialog_is_a_page_without_htmx(dana, signed_in):
    client = signed_in.as_(dana)
    page = client.get("/styleguide/dialog/").content.decode()
    assert "<html" in page
    assert '<h1 class="page__title" id="page-heading" dir="auto">New deal</h1>' in page
    fragment = client.get("/styleguide/dialog/", headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert fragment.strip().startswith("<dialog")
    assert 'name="name"' in fragment


def test_a_toast_travels_with_an_htmx_answer(dana, signed_in):
    response = signed_in.as_(dana).post("/styleguide/toast/undo/", headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 200
    assert '<hx-partial hx-target="#toasts" hx-swap="beforeend">' in text
    assert 'action="/styleguide/toast/undone/"' in text
    assert "csrfmiddlewaretoken" in text


def test_a_toast_waits_for_the_next_page_without_htmx(dana, signed_in):
    client = signed_in.as_(dana)
    response = client.post("/styleguide/toast/undo/")
    assert (response.status_code, response["Location"]) == (303, "/styleguide/")
    page = client.get("/styleguide/").content.decode()
    assert "Conversation archived." in page
    assert 'action="/styleguide/toast/undone/"' in page
    assert "Conversation archived." not in client.get("/styleguide/").content.decode()


def test_events_go_with_the_answer(rf: RequestFactory):
    request = rf.post("/", headers=HTMX)
    response = toast_answer(
        request, "Done.", back_to="/", events=["counts-changed", "threads-changed"]
    )
    assert response["HX-Trigger"] == "counts-changed,threads-changed"


def test_the_text_of_a_toast_is_escaped(rf: RequestFactory):
    request = rf.post("/", headers=HTMX)
    response = add_toast(request, HttpResponse(), "<b>Acme</b>", kind=Kind.ERROR)
    assert "&lt;b&gt;Acme" in response.content.decode()
    assert 'role="alert"' in response.content.decode()


def test_a_redirect_by_htmx_takes_its_toast_along(dana, signed_in, rf: RequestFactory):
    request = rf.post("/", headers=HTMX)
    waiting = []

    class Store:
        def add(self, level, message, extra_tags=""):
            waiting.append((message, extra_tags))

    request._messages = Store()
    response = add_toast(request, HttpResponse(headers={"HX-Redirect": "/"}), "Converted.")
    assert response.content == b""
    assert waiting == [("Converted.", "")]
