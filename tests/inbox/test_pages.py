"""The pages of the inbox through the client: shapes, rights, acts."""

import pytest
from django.urls import reverse

from inbox.enums import Act, Box
from inbox.models import Label, ThreadLabel, UndoToken
from mailsync.enums import AccountScope
from mailsync.models import AccountMember, Attachment, Mailbox, MailboxEntry, Thread
from sharing.enums import ThreadVisibility
from tests.factories.crm import make_deal, make_person
from tests.factories.mail import link, make_account, make_thread

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def private(account):
    return make_thread(account, "Private canary-4711", text="secret-canary-4711 text")


@pytest.fixture
def shared(account, alice):
    thread = make_thread(account, "Shared offer", visibility=ThreadVisibility.SHARED)
    link(thread, deal=make_deal(alice, "Acme renewal"))
    return thread


@pytest.mark.parametrize("box", Box.values)
def test_every_box_opens(alice, private, signed_in, box):
    response = signed_in.as_(alice).get(reverse("inbox:box", args=[box]))
    assert response.status_code == 200
    assert b"</html>" in response.content


def test_inbox_shows_the_row(alice, private, signed_in):
    response = signed_in.as_(alice).get("/mail/inbox/")
    assert "Private canary-4711" in response.content.decode()


def test_list_answers_htmx_with_the_list_alone(alice, private, signed_in):
    response = signed_in.as_(alice).get("/mail/inbox/", headers=HTMX)
    text = response.content.decode()
    assert "<html" not in text
    assert f"thread-row-{private.key}" in text


def test_without_an_account_the_page_offers_to_connect_one(bob, signed_in):
    text = signed_in.as_(bob).get("/mail/inbox/").content.decode()
    assert reverse("mailsync:account_add") in text


def test_conversation_has_two_shapes(alice, private, signed_in):
    url = reverse("inbox:thread", args=[private.key])
    client = signed_in.as_(alice)
    assert b"</html>" in client.get(url).content
    fragment = client.get(url, headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "secret-canary-4711" in fragment


READ_PAGES = ["thread", "thread_side", "thread_link_choose"]


@pytest.mark.parametrize("name", READ_PAGES)
def test_private_conversation_is_the_owners_alone(
    alice, bob, carol, dana, private, signed_in, name
):
    url = reverse(f"inbox:{name}", args=[private.key])
    assert signed_in.as_(alice).get(url).status_code == 200
    for other in (bob, carol, dana):
        assert signed_in.as_(other).get(url).status_code == 404


@pytest.mark.parametrize("name", READ_PAGES)
def test_shared_conversation_is_seen_with_its_record(alice, bob, shared, signed_in, name):
    url = reverse(f"inbox:{name}", args=[shared.key])
    assert signed_in.as_(bob).get(url).status_code == 200
    shared.links.update(removed_at=shared.created_at)
    assert signed_in.as_(bob).get(url).status_code == 404
    assert signed_in.as_(alice).get(url).status_code == 200


def test_nobody_signed_in_goes_to_the_door(client, private):
    for url in ("/mail/inbox/", reverse("inbox:thread", args=[private.key])):
        assert client.get(url).status_code == 302


def test_deactivated_user_sees_nothing(eve, private, client):
    client.force_login(eve)
    assert client.get(reverse("inbox:thread", args=[private.key])).status_code in (302, 404)


@pytest.mark.parametrize("act", Act.values)
def test_seeing_is_not_acting(bob, carol, dana, shared, signed_in, act):
    before = Thread.objects.filter(pk=shared.pk).values().get()
    url = reverse("inbox:thread_act", args=[shared.key, act])
    for other in (bob, carol, dana):
        client = signed_in.as_(other)
        assert client.post(url, {"preset": "hour", "label": "1"}).status_code == 404
        bulk = reverse("inbox:threads_act", args=[act])
        client.post(bulk, {"thread": shared.key, "preset": "hour"})
        client.post(bulk, {"scope": "all", "box": "all", "filter": "", "preset": "hour"})
    assert Thread.objects.filter(pk=shared.pk).values().get() == before
    assert not UndoToken.objects.exists()


@pytest.mark.parametrize("act", Act.values)
def test_acts_are_posts(alice, shared, signed_in, act):
    client = signed_in.as_(alice)
    assert client.get(reverse("inbox:thread_act", args=[shared.key, act])).status_code == 405
    assert client.get(reverse("inbox:threads_act", args=[act])).status_code == 405


def post(client, thread, act, **data):
    return client.post(
        reverse("inbox:thread_act", args=[thread.key, act]),
        {"box": "inbox", **data},
        headers=HTMX,
    )


PAIRS = [
    ("trash", lambda thread: thread.trashed_at is not None),
    ("mute", lambda thread: thread.muted_at is not None),
    ("snooze", lambda thread: thread.snoozed_until is not None),
    ("share", lambda thread: thread.visibility == ThreadVisibility.SHARED),
    ("read", lambda thread: thread.unread_count == 0),
    ("star", lambda thread: thread.is_flagged),
]


@pytest.mark.parametrize(("act", "holds"), PAIRS)
def test_act_and_its_undo(alice, private, signed_in, act, holds):
    client = signed_in.as_(alice)
    response = post(client, private, act, preset="hour")
    assert response.status_code == 200
    private.refresh_from_db()
    assert holds(private)
    token = UndoToken.objects.get(user=alice)
    assert token.token in response.content.decode()
    assert client.post(reverse("inbox:undo", args=[token.token]), headers=HTMX).status_code == 200
    private.refresh_from_db()
    assert not holds(private)
    again = client.post(reverse("inbox:undo", args=[token.token]), headers=HTMX)
    assert "nothing to undo" in again.content.decode()


def test_archive_leaves_the_inbox_and_comes_back(alice, private, signed_in):
    box = Mailbox.objects.create(account=private.account, path="INBOX", role="inbox")
    MailboxEntry.objects.create(
        mailbox=box, uidvalidity=1, uid=1, email=private.emails.get(), outcome="stored", places=1
    )
    client = signed_in.as_(alice)
    response = post(client, private, "archive")
    private.refresh_from_db()
    assert not private.in_inbox
    assert f'hx-target="#thread-row-{private.key}" hx-swap="delete"' in response.content.decode()
    client.post(reverse("inbox:undo_newest"), headers=HTMX)
    private.refresh_from_db()
    assert private.in_inbox


def test_undo_belongs_to_the_one_who_acted(alice, bob, private, signed_in):
    post(signed_in.as_(alice), private, "mute")
    token = UndoToken.objects.get()
    signed_in.as_(bob).post(reverse("inbox:undo", args=[token.token]))
    private.refresh_from_db()
    assert private.muted_at is not None


def test_act_twice_is_harmless(alice, private, signed_in):
    client = signed_in.as_(alice)
    post(client, private, "mute")
    first = Thread.objects.get(pk=private.pk).muted_at
    post(client, private, "mute")
    assert Thread.objects.get(pk=private.pk).muted_at == first


def test_label_and_unlabel(alice, private, signed_in):
    label = Label.objects.create(name="Legal", hue="red")
    client = signed_in.as_(alice)
    post(client, private, "label", label=label.pk)
    assert ThreadLabel.objects.get().thread == private
    post(client, private, "unlabel", label=label.pk)
    assert not ThreadLabel.objects.exists()


def test_bulk_acts_on_the_ticked_ones(alice, account, signed_in):
    one, two, three = (make_thread(account, name) for name in ("one", "two", "three"))
    signed_in.as_(alice).post("/mail/threads/mute/", {"thread": [one.key, two.key]})
    assert set(Thread.objects.exclude(muted_at=None)) == {one, two}
    assert not Thread.objects.get(pk=three.pk).muted_at


def test_bulk_acts_on_all_that_match(alice, account, signed_in):
    make_thread(account, "file", has_attachments=True)
    make_thread(account, "other file", has_attachments=True)
    make_thread(account, "none")
    signed_in.as_(alice).post(
        "/mail/threads/mute/", {"scope": "all", "box": "inbox", "filter": "file=1"}
    )
    muted = Thread.objects.exclude(muted_at=None).values_list("subject", flat=True)
    assert set(muted) == {"file", "other file"}


def test_bulk_ignores_what_is_not_ones_own(alice, bob, account, signed_in):
    mine = make_thread(account, "mine")
    theirs = make_thread(make_account(bob), "theirs")
    signed_in.as_(alice).post("/mail/threads/mute/", {"thread": [mine.key, theirs.key, "junk"]})
    assert list(Thread.objects.exclude(muted_at=None)) == [mine]


def test_without_script_the_act_leads_back(alice, private, signed_in):
    client = signed_in.as_(alice)
    url = reverse("inbox:thread_act", args=[private.key, "mute"])
    assert client.post(url, {"next": "/mail/sent/"}).headers["Location"] == "/mail/sent/"
    away = client.post(url, {"next": "https://evil.example/"})
    assert away.status_code == 303
    assert away.headers["Location"] == reverse("inbox:home")


def test_snooze_into_the_past_is_refused(alice, private, signed_in):
    post(signed_in.as_(alice), private, "snooze", until="2001-01-01 10:00")
    assert Thread.objects.get(pk=private.pk).snoozed_until is None


def test_shown_marks_read_for_the_owner_alone(alice, bob, shared, signed_in):
    url = reverse("inbox:thread_shown", args=[shared.key])
    signed_in.as_(bob).post(url, headers=HTMX)
    assert Thread.objects.get(pk=shared.pk).unread_count == 1
    signed_in.as_(alice).post(url, headers=HTMX)
    assert Thread.objects.get(pk=shared.pk).unread_count == 0


def test_counts_are_of_ones_own_mail(alice, bob, shared, signed_in):
    assert "1<span" in signed_in.as_(alice).get("/mail/counts/").content.decode()
    assert "1<span" not in signed_in.as_(bob).get("/mail/counts/").content.decode()


def test_team_account_is_its_members(bob, carol, dana, signed_in):
    team = make_account(dana, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.create(account=team, user=bob)
    thread = make_thread(team, "For the team", visibility=ThreadVisibility.TEAM)
    url = reverse("inbox:thread", args=[thread.key])
    assert signed_in.as_(bob).get(url).status_code == 200
    assert signed_in.as_(carol).get(url).status_code == 404
    assert signed_in.as_(dana).get(url).status_code == 404


# --- The panel -------------------------------------------------------------------------------


def test_side_names_the_person_or_offers_to_add_one(alice, account, signed_in):
    thread = make_thread(account)
    url = reverse("inbox:thread_side", args=[thread.key])
    client = signed_in.as_(alice)
    assert "not a contact yet" in client.get(url).content.decode()
    make_person(alice, "Ada Byron", "ada@acme.example")
    text = client.get(url).content.decode()
    assert "not a contact yet" not in text
    assert "Ada Byron" in text


def test_side_does_not_name_a_hidden_person(alice, bob, account, signed_in):
    make_person(bob, "Hidden canary-0815", "ada@acme.example", visibility="owner")
    url = reverse("inbox:thread_side", args=[make_thread(account).key])
    text = signed_in.as_(alice).get(url).content.decode()
    assert "canary-0815" not in text
    assert "not a contact yet" in text


def test_link_and_unlink_by_hand(alice, private, signed_in):
    deal = make_deal(alice)
    client = signed_in.as_(alice)
    data = {"kind": "deal", "record": deal.pk}
    client.post(reverse("inbox:thread_link", args=[private.key]), data, headers=HTMX)
    assert private.links.standing().get().deal == deal
    client.post(reverse("inbox:thread_unlink", args=[private.key]), data, headers=HTMX)
    assert not private.links.standing().exists()


def test_link_to_a_record_out_of_sight_is_refused(alice, bob, private, signed_in):
    hidden = make_deal(bob, visibility="owner")
    response = signed_in.as_(alice).post(
        reverse("inbox:thread_link", args=[private.key]), {"kind": "deal", "record": hidden.pk}
    )
    assert response.status_code == 404
    assert not private.links.exists()


def test_outsider_cannot_link(carol, private, signed_in):
    deal = make_deal(carol)
    response = signed_in.as_(carol).post(
        reverse("inbox:thread_link", args=[private.key]), {"kind": "deal", "record": deal.pk}
    )
    assert response.status_code == 404
    assert not private.links.exists()


def test_who_names_the_readers(alice, bob, shared, signed_in):
    url = reverse("inbox:thread_who", args=[shared.key])
    text = signed_in.as_(alice).get(url, headers=HTMX).content.decode()
    assert "Bob" in text
    assert signed_in.as_(bob).get(url).status_code == 404


# --- Files -----------------------------------------------------------------------------------


@pytest.fixture
def with_file(private, settings, tmp_path):
    settings.BLOB_DIR = tmp_path
    from mailsync.domain import blobs

    raw = (
        b"From: ada@acme.example\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/html\r\n\r\n<p>Hi <img src=cid:pic> "
        b"<img src=http://evil.example/1></p><script>alert(1)</script>\r\n"
        b"--x\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=a.html\r\n\r\n"
        b"<script>alert(1)</script>\r\n"
        b"--x\r\nContent-Type: image/png\r\nContent-ID: <pic>\r\n\r\n\x89PNG\r\n\x1a\nrest\r\n"
        b"--x\r\nContent-Type: image/png\r\nContent-ID: <lie>\r\n\r\n<html><script>1</script>\r\n"
        b"--x--\r\n"
    )
    email = private.emails.get()
    email.blob = blobs.store(private.account_id, raw)
    email.save()
    email.body.has_html = True
    email.body.save()
    for section, name, kind, content_id in (
        ("2", "a\u202egpj.html", "text/html", ""),
        ("3", "", "image/png", "pic"),
        ("4", "", "image/png", "lie"),
    ):
        Attachment.objects.create(
            email=email, section=section, name=name, content_type=kind, content_id=content_id
        )
    return email


def test_file_is_saved_and_never_shown(alice, with_file, signed_in):
    file = with_file.attachments.get(section="2")
    response = signed_in.as_(alice).get(reverse("inbox:attachment", args=[file.key]))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert "%E2%80%AE" not in response.headers["Content-Disposition"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "no-store" in response.headers["Cache-Control"]


def test_content_is_its_readers_alone(alice, bob, carol, dana, with_file, signed_in):
    file = with_file.attachments.get(section="2")
    urls = [
        reverse("inbox:attachment", args=[file.key]),
        reverse("inbox:body", args=[with_file.key]),
        reverse("inbox:raw", args=[with_file.key]),
        reverse("inbox:inline_picture", args=[with_file.key, "3"]),
    ]
    for url in urls:
        assert signed_in.as_(alice).get(url).status_code == 200
        for other in (bob, carol, dana):
            assert signed_in.as_(other).get(url).status_code == 404


def test_body_has_its_own_policy_and_no_remote_picture(alice, with_file, signed_in):
    response = signed_in.as_(alice).get(reverse("inbox:body", args=[with_file.key]))
    text = response.content.decode()
    assert "<script" not in text
    assert ' src="http://evil.example' not in text
    assert reverse("inbox:inline_picture", args=[with_file.key, "3"]) in text
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_picture_is_one_by_its_bytes(alice, with_file, signed_in):
    client = signed_in.as_(alice)
    good = client.get(reverse("inbox:inline_picture", args=[with_file.key, "3"]))
    assert good.headers["Content-Type"] == "image/png"
    assert client.get(reverse("inbox:inline_picture", args=[with_file.key, "4"])).status_code == 415


def test_raw_is_not_for_those_who_only_see_it(bob, shared, signed_in):
    email = shared.emails.get()
    assert (
        signed_in.as_(bob).get(reverse("inbox:message", args=[email.key]), headers=HTMX).status_code
        == 200
    )
    assert signed_in.as_(bob).get(reverse("inbox:raw", args=[email.key])).status_code == 404


# --- Labels ----------------------------------------------------------------------------------


def test_label_names_are_taken_once(alice, signed_in):
    client = signed_in.as_(alice)
    assert client.post("/settings/labels/", {"name": "Legal", "hue": "red"}).status_code == 303
    assert client.post("/settings/labels/", {"name": "legal", "hue": "red"}).status_code == 422
    assert Label.objects.count() == 1


def test_only_administrators_remove_a_label(alice, dana, signed_in):
    label = Label.objects.create(name="Legal")
    url = reverse("inbox:label_remove", args=[label.pk])
    signed_in.as_(alice).post(url)
    assert Label.objects.exists()
    signed_in.as_(dana).post(url)
    assert not Label.objects.exists()


@pytest.mark.parametrize("number", [1, 3])
def test_inbox_page_takes_a_fixed_number_of_queries(
    alice, account, signed_in, number, django_assert_max_num_queries
):
    for turn in range(number):
        link(make_thread(account, f"mail {turn}"), deal=make_deal(alice, f"deal {turn}"))
    client = signed_in.as_(alice)
    client.get("/mail/inbox/")
    with django_assert_max_num_queries(13) as first:
        client.get("/mail/inbox/", headers=HTMX)
    assert len(first) <= 13
