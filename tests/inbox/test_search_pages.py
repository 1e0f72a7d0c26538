"""Search and saved views through the client: shapes, rights, acts, nothing of a mail as markup."""

import re

import pytest
from django.db import connection
from django.urls import reverse

from inbox.domain import search
from inbox.models import SavedView
from mailsync.domain import search_index
from mailsync.models import Attachment, Thread
from sharing.enums import ThreadVisibility
from tests.accidents import without_accidents
from tests.factories.crm import make_deal
from tests.factories.mail import link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
URL = "/mail/search/"


def indexed(account, *args, **fields):
    thread = make_thread(account, *args, **fields)
    search_index.index_emails(thread.emails.values_list("pk", flat=True))
    return thread


def look(client, text, **more):
    response = client.get(URL, {"q": text}, **more)
    assert response.status_code == 200
    return response.content.decode()


def test_search_has_three_shapes(alice, account, signed_in, monkeypatch):
    monkeypatch.setattr(search, "PAGE_SIZE", 2)
    made = [indexed(account, text="needle") for _ in range(3)]
    client = signed_in.as_(alice)
    page = look(client, "needle")
    assert "</html>" in page
    assert "<mark>needle</mark>" in page
    part = look(client, "needle", headers=HTMX)
    assert "<html" not in part
    assert f"thread-row-{made[2].key}" in part
    assert f"thread-row-{made[0].key}" not in part
    following = re.search(r'hx-get="([^"]*after=[^"]*)"', part)[1].replace("&amp;", "&")
    more = client.get(following, headers=HTMX).content.decode()
    assert f"thread-row-{made[0].key}" in more
    assert "mail-list" not in more
    assert "Load older" not in more


def test_nothing_asked_and_nothing_found_say_so(alice, account, signed_in):
    client = signed_in.as_(alice)
    assert "autofocus" in look(client, "")
    assert "Nothing found" in look(client, "nonsense")


@pytest.mark.parametrize("who", ["bob", "carol", "dana", "eve_like"])
def test_hidden_mail_answers_like_a_word_that_nobody_wrote(
    account, alice, company, signed_in, who, request
):
    user = request.getfixturevalue("carol" if who == "eve_like" else who)
    thread = indexed(account, "Subject canary", text="canary")
    link(thread, deal=make_deal(user))
    client = signed_in.as_(user)
    path = {"canary": "", "qwerty": ""}
    for word in path:
        text = look(client, word).replace(word, "")
        path[word] = without_accidents(text)
    assert path["canary"] == path["qwerty"]
    for url in ("/search/", "/search/palette/"):
        answers = {
            without_accidents(client.get(url, {"q": word}).content.decode().replace(word, ""))
            for word in path
        }
        assert len(answers) == 1

    # The positive control: its owner finds it in all three, and once shared so does this user.
    def is_found(client):
        return thread.key in look(client, "canary") and all(
            thread.key in client.get(url, {"q": "canary"}).content.decode()
            for url in ("/search/", "/search/palette/")
        )

    assert is_found(signed_in.as_(alice))
    assert not is_found(client)
    Thread.objects.update(visibility=ThreadVisibility.SHARED)
    assert is_found(client)
    assert "Alice" in look(client, "canary")


def test_a_mail_cannot_mark_up_the_page(alice, account, signed_in):
    evil = "<script>alert(1)</script> needle <img src=x onerror=alert(2)>"
    thread = indexed(account, evil, text=f"{evil} </mark><b>needle</b>")
    Attachment.objects.create(
        email=thread.emails.get(), section="2", name="needle<svg onload=alert(3)>.pdf"
    )
    search_index.index_emails(thread.emails.values_list("pk", flat=True))
    text = look(signed_in.as_(alice), "needle", headers=HTMX)
    assert text.count("<mark>needle</mark>") == 4
    for piece in ("<script>alert", "<img src=x", "<b>needle", "<svg onload"):
        assert piece not in text
    for typed in ('"><script>alert(4)</script>', "is:<script>alert(4)</script>", "x:<b>"):
        assert "<script>alert(4)" not in look(signed_in.as_(alice), typed)
        assert "x:<b>" not in look(signed_in.as_(alice), typed)
    marked = look(signed_in.as_(alice), "script")
    assert "&lt;<mark>script</mark>&gt;" in marked


def test_operators_are_chips_and_strangers_are_named(alice, account, signed_in):
    indexed(account, text="needle")
    text = look(signed_in.as_(alice), "needle from:ada -has:file is:blue larger:10M")
    assert "From ada" in text
    assert "Not: Has a file" in text
    assert 'href="/mail/search/?q=needle+-has%3Afile+is%3Ablue+larger%3A10M"' in text
    assert "left out: is:blue" in text
    assert "looked for as words: larger:10M" in text


def test_acts_are_offered_for_ones_own_mail_alone(alice, bob, account, signed_in):
    theirs = indexed(account, text="needle", visibility=ThreadVisibility.SHARED)
    link(theirs, deal=make_deal(alice))
    mine = indexed(make_account(bob), text="needle")
    client = signed_in.as_(bob)
    text = look(client, "needle")
    assert f'value="{mine.key}"' in text
    assert f'value="{theirs.key}"' not in text
    assert reverse("inbox:thread_act", args=[mine.key, "archive"]) in text
    assert reverse("inbox:thread_act", args=[theirs.key, "archive"]) not in text
    client.post("/mail/threads/mute/", {"scope": "all", "box": "all", "q": "needle"})
    assert list(Thread.objects.exclude(muted_at=None)) == [mine]
    client.post("/mail/threads/mute/", {"thread": [theirs.key]})
    assert Thread.objects.exclude(muted_at=None).count() == 1


def test_all_that_match_is_what_the_search_finds(alice, account, signed_in):
    found = indexed(account, text="needle")
    indexed(account, text="straw")
    signed_in.as_(alice).post("/mail/threads/mute/", {"scope": "all", "box": "all", "q": "needle"})
    assert list(Thread.objects.exclude(muted_at=None)) == [found]
    signed_in.as_(alice).post("/mail/threads/star/", {"scope": "all", "box": "all", "q": ""})
    assert not Thread.objects.filter(is_flagged=True).exists()


def test_a_cursor_that_is_none_of_ours_gives_the_first_page(alice, account, signed_in):
    thread = indexed(account, text="needle")
    response = signed_in.as_(alice).get(URL, {"q": "needle", "after": "1"}, headers=HTMX)
    assert thread.key in response.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_takes_the_same_queries(
    alice, account, signed_in, number, django_assert_num_queries
):
    for _ in range(number):
        indexed(account, text="needle")
    client = signed_in.as_(alice)
    with django_assert_num_queries(17 if connection.vendor == "postgresql" else 15):
        look(client, "needle", headers=HTMX)


# --- Saved views -------------------------------------------------------------------------------


def save(client, name="Mine", box="inbox", query="starred=1"):
    return client.post("/mail/views/", {"name": name, "box": box, "query": query})


def test_a_view_is_saved_shown_renamed_and_removed(alice, account, signed_in):
    client = signed_in.as_(alice)
    response = save(client)
    assert response["Location"] == "/mail/inbox/?starred=1"
    view = SavedView.objects.get(user=alice)
    shown = client.get("/mail/inbox/").content.decode()
    assert 'href="/mail/inbox/?starred=1"' in shown
    assert "Saved views" in shown
    opened = client.get(view.get_absolute_url()).content.decode()
    assert re.search(r'href="/mail/inbox/\?starred=1" aria-current="page"', opened)
    client.post(f"/mail/views/{view.pk}/", {"name": "Stars"})
    assert "Stars" in client.get("/mail/views/").content.decode()
    client.post(f"/mail/views/{view.pk}/remove/")
    assert not SavedView.objects.exists()


def test_a_search_is_saved_too(alice, account, signed_in):
    client = signed_in.as_(alice)
    assert save(client, box="", query="q=from%3Aada")["Location"] == "/mail/search/?q=from%3Aada"
    assert 'href="/mail/search/?q=from%3Aada"' in client.get("/mail/inbox/").content.decode()


def test_views_are_their_users_alone(alice, bob, account, signed_in):
    save(signed_in.as_(alice), name="canary-4711")
    view = SavedView.objects.get()
    client = signed_in.as_(bob)
    for path in ("/mail/inbox/", "/mail/views/"):
        assert "canary-4711" not in client.get(path).content.decode()
    assert client.post(f"/mail/views/{view.pk}/", {"name": "x"}).status_code == 404
    assert client.post(f"/mail/views/{view.pk}/remove/").status_code == 404
    assert SavedView.objects.get().name == "canary-4711"
    assert save(client, name="canary-4711").status_code == 303


@pytest.mark.parametrize(
    "data",
    [
        {"name": ""},
        {"name": "mine"},
        {"name": "Other", "query": ""},
        {"name": "Other", "query": "next=//evil.example&after=1"},
        {"name": "Other", "box": "secret"},
    ],
)
def test_what_is_no_view_is_refused(alice, account, signed_in, data):
    client = signed_in.as_(alice)
    save(client)
    assert save(client, **data).status_code == 422
    assert SavedView.objects.count() == 1


def test_the_address_of_a_view_holds_filters_alone(alice, account, signed_in):
    save(signed_in.as_(alice), query="starred=1&next=//evil.example&q=x")
    assert SavedView.objects.get().query == "starred=1"
