"""Ids in forms: a foreign one, alone or among own ones, is as one that does not exist."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from common.opaque import seal
from crm.domain.activities import add_activity
from crm.models import Activity, Note
from inbox.models import Draft, Label, MailTemplate, Signature
from mailsync.enums import LinkOrigin
from mailsync.models import MailAccount, Thread, ThreadLink
from sharing.enums import ItemVisibility, ThreadVisibility
from tests.changes import snapshot
from tests.factories.crm import make_deal, make_organization, make_person
from tests.factories.mail import make_account, make_thread

pytestmark = pytest.mark.django_db
NOWHERE = 999_999_999


@pytest.fixture
def foreign(alice: Any) -> dict[str, Any]:
    """What alice has and carol may not know of."""
    own = {"visibility": ItemVisibility.OWNER}
    account = make_account(alice)
    thread = make_thread(account, "Canary", visibility=ThreadVisibility.PRIVATE)
    organization = make_organization(alice, "Canary Ltd", **own)
    return {
        "account": account,
        "thread": thread,
        "email": thread.emails.get(),
        "deal": make_deal(alice, "Canary deal", **own),
        "person": make_person(alice, "Canary person", organization=organization, **own),
        "organization": organization,
        "draft": Draft.objects.create(author=alice, account=account, subject="Canary"),
        "signature": Signature.objects.create(owner=alice, name="Canary", html="Canary"),
    }


@pytest.fixture
def client(carol: Any) -> Client:
    client = Client()
    client.force_login(carol)
    return client


@pytest.fixture
def mine(carol: Any) -> Thread:
    thread = make_thread(make_account(carol), "Own")
    Label.objects.create(name="Later")
    return thread


def both(client: Client, path: str, data: dict[str, Any], made_up: dict[str, Any]) -> None:
    """The foreign id and the made-up one: nothing changes, nothing is named, same answer."""
    before = snapshot()
    with_foreign = client.post(path, data)
    assert snapshot() == before, path
    with_made_up = client.post(path, made_up)
    assert snapshot() == before, path
    assert with_foreign.status_code == with_made_up.status_code, path
    assert b"anary" not in with_foreign.content
    assert with_foreign.headers.get("Location") == with_made_up.headers.get("Location")


@pytest.mark.parametrize("kind", ["deal", "person", "organization"])
@pytest.mark.parametrize("act", ["thread_link", "thread_unlink", "thread_main_link"])
def test_records_in_the_link_form(
    client: Client, mine: Thread, foreign: dict[str, Any], kind: str, act: str
) -> None:
    ThreadLink.objects.create(thread=mine, origin=LinkOrigin.HAND, **{kind: foreign[kind]})
    path = reverse(f"inbox:{act}", args=[mine.key])
    both(
        client, path, {"kind": kind, "record": foreign[kind].pk}, {"kind": kind, "record": NOWHERE}
    )


@pytest.mark.parametrize("act", ["archive", "trash", "star", "share", "hide", "mute"])
def test_threads_of_bulk_acts(
    client: Client, mine: Thread, foreign: dict[str, Any], act: str
) -> None:
    path = reverse("inbox:threads_act", args=[act])
    made_up = seal("thread", NOWHERE)
    both(client, path, {"thread": foreign["thread"].key}, {"thread": made_up})
    before = Thread.objects.filter(pk=foreign["thread"].pk).values().get()
    client.post(path, {"thread": [mine.key, foreign["thread"].key, made_up]})
    assert Thread.objects.filter(pk=foreign["thread"].pk).values().get() == before


def test_threads_and_mails_to_be_joined_or_moved(
    client: Client, mine: Thread, foreign: dict[str, Any]
) -> None:
    made_up = seal("thread", NOWHERE)
    for path in (reverse("inbox:threads_merge"), reverse("inbox:thread_merge", args=[mine.key])):
        both(
            client,
            path,
            {"thread": [mine.key, foreign["thread"].key]},
            {"thread": [mine.key, made_up]},
        )
    for name in ("thread_split", "thread_move"):
        path = reverse(f"inbox:{name}", args=[mine.key])
        both(client, path, {"email": foreign["email"].key}, {"email": seal("email", NOWHERE)})
    own = mine.emails.get().key
    both(
        client,
        reverse("inbox:thread_move", args=[mine.key]),
        {"email": own, "thread": foreign["thread"].key},
        {"email": own, "thread": made_up},
    )


def test_threads_offered_for_a_record(
    client: Client, carol: Any, mine: Thread, foreign: dict[str, Any]
) -> None:
    deal = make_deal(carol)
    path = reverse("inbox:earlier", args=["deal", deal.pk])
    both(client, path, {"thread": foreign["thread"].key}, {"thread": seal("thread", NOWHERE)})


@pytest.mark.parametrize("kind", ["person", "organization"])
def test_records_named_in_forms_of_records(
    client: Client, carol: Any, foreign: dict[str, Any], kind: str
) -> None:
    deal = make_deal(carol)
    row = foreign[kind]
    form = {"title": "Deal", "stage": deal.stage.pk, "currency": "EUR", "visibility": "company"}
    response = client.post(
        reverse("crm:deal_edit", args=[deal.pk]), {**form, kind: f"X (#{row.pk})"}
    )
    deal.refresh_from_db()
    assert getattr(deal, f"{kind}_id") != row.pk
    assert b"anary" not in response.content


def test_records_of_bulk_acts(client: Client, carol: Any, foreign: dict[str, Any]) -> None:
    for act, more in (
        ("owner", {"owner": carol.pk}),
        ("visibility", {"visibility": "company"}),
        ("delete", {}),
    ):
        for plural, kind in (("deals", "deal"), ("people", "person")):
            path = reverse(f"crm:{plural}_bulk_{act}")
            both(
                client,
                path,
                {"ids": foreign[kind].pk, "record": foreign[kind].pk, **more},
                {"ids": NOWHERE, "record": NOWHERE, **more},
            )


def test_activities_of_bulk_acts(
    client: Client, alice: Any, carol: Any, foreign: dict[str, Any]
) -> None:
    hidden = add_activity(by=alice, title="Canary", deal=foreign["deal"])
    for act, more in (
        ("assign", {"assign": carol.pk}),
        ("due", {"due": "2027-01-02"}),
        ("done", {}),
        ("delete", {}),
    ):
        path = reverse(f"crm:activities_bulk_{act}")
        both(client, path, {"ids": hidden.pk, **more}, {"ids": NOWHERE, **more})
    hidden.refresh_from_db()
    assert (hidden.assigned_to, hidden.due_date, hidden.done_at) == (alice, None, None)


def test_forms_under_a_foreign_record_add_nothing(client: Client, foreign: dict[str, Any]) -> None:
    for kind in ("deal", "person", "organization"):
        for name, data in (("note", {"text": "x"}), ("activity", {"title": "x"})):
            path = reverse(f"crm:{kind}_{name}_add", args=[foreign[kind].pk])
            assert client.post(path, data).status_code == 404
    assert not Note.objects.exists()
    assert not Activity.objects.exists()


def test_accounts_of_filters_are_own_ones(
    client: Client, mine: Thread, foreign: dict[str, Any]
) -> None:
    key = foreign["account"].key
    with_foreign = client.get("/mail/all/", {"account": key}).content.decode()
    with_made_up = client.get("/mail/all/", {"account": seal("account", NOWHERE)}).content.decode()
    assert "Canary" not in with_foreign
    assert with_foreign.count("thread-row-") == with_made_up.count("thread-row-")
    assert MailAccount.objects.count() == 2


def test_everything_that_the_compose_window_names(
    client: Client, carol: Any, mine: Thread, foreign: dict[str, Any]
) -> None:
    """Account, record, signature, the mail that is answered, the draft that is gone on with."""
    draft = Draft.objects.create(author=carol, account=mine.account, subject="Own", version=2)
    form = {
        "act": "save",
        "draft": draft.key,
        "version": 2,
        "format": "html",
        "account": mine.account.key,
        "to": "x@acme.example",
        "subject": "Own",
        "content": "<p>Hi</p>",
    }
    named = {
        "account": (foreign["account"].key, seal("account", NOWHERE)),
        "signature": (foreign["signature"].pk, NOWHERE),
        "record": (f"deal:{foreign['deal'].pk}", f"deal:{NOWHERE}"),
        "draft": (foreign["draft"].key, seal("draft", NOWHERE)),
    }
    path = reverse("inbox:compose")
    for name, (theirs, made_up) in named.items():
        both(client, path, {**form, name: theirs}, {**form, name: made_up})
    answer = {**form, "draft": "", "kind": "reply"}
    both(
        client,
        path,
        {**answer, "parent": foreign["email"].key},
        {**answer, "parent": seal("email", NOWHERE)},
    )
    # The positive control: nothing but the foreign id was in the way.
    assert client.post(path, form).status_code == 303
    draft.refresh_from_db()
    assert draft.version == 3
    fields = reverse("inbox:field_values")
    for name in ("account", "signature", "record"):
        theirs, made_up = named[name]
        both(client, fields, {**form, name: theirs}, {**form, name: made_up})
    for name in ("deal", "person"):
        with_foreign = client.get(path, {name: foreign[name].pk})
        assert (with_foreign.status_code, client.get(path, {name: NOWHERE}).status_code) == (
            404,
            404,
        )


def test_mail_that_a_template_is_made_of_or_used_in(
    client: Client, carol: Any, foreign: dict[str, Any]
) -> None:
    template = MailTemplate.objects.create(author=carol, name="Own", html="<p>Hi</p>")
    made_up = seal("draft", NOWHERE)
    theirs = MailTemplate.objects.create(author=foreign["account"].owner, name="Canary")
    for path in (
        reverse("inbox:template_new"),
        reverse("inbox:template_use", args=[template.pk]),
    ):
        more = {"name": "New", "html": "x", "format": "html"}
        both(client, path, {**more, "mail": foreign["draft"].key}, {**more, "mail": made_up})
    for name in ("template_use", "template_copy", "template_remove"):
        path = reverse(f"inbox:{name}", args=[theirs.pk])
        nowhere = reverse(f"inbox:{name}", args=[NOWHERE])
        assert (client.post(path).status_code, client.post(nowhere).status_code) == (404, 404)


def test_folder_and_colleague_of_acts(
    client: Client, carol: Any, bob: Any, mine: Thread, foreign: dict[str, Any]
) -> None:
    folder = foreign["account"].mailboxes.create(path="Canary", is_selectable=True)
    own = mine.account.mailboxes.create(path="Own", is_selectable=True)
    for path in (
        reverse("inbox:thread_act", args=[mine.key, "folder"]),
        reverse("inbox:threads_act", args=["folder"]),
    ):
        given = {"thread": mine.key}
        both(
            client,
            path,
            {**given, "mailbox": folder.key},
            {**given, "mailbox": seal("mailbox", NOWHERE)},
        )
        assert b"anary" not in client.get(reverse("inbox:folder_pick"), given).content
    assert own.path.encode() in client.get(reverse("inbox:folder_pick"), given).content
    path = reverse("inbox:thread_act", args=[mine.key, "assign"])
    before = Thread.objects.values().get(pk=mine.pk)
    client.post(path, {"assignee": bob.pk})
    client.post(path, {"assignee": NOWHERE})
    assert Thread.objects.values().get(pk=mine.pk) == before, "no team's conversation"
