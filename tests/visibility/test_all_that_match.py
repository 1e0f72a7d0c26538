"""Acts on "all that match": a dialog before them means the conversations that the list has shown."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inbox.models import Label, ThreadLabel
from mailsync.domain import search_index
from mailsync.enums import AccountScope
from mailsync.models import AccountMember, Email, MailAccount, Thread
from sharing.enums import ThreadVisibility
from tests.factories.mail import make_account, make_thread

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
FIELD = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
SHARED = ThreadVisibility.SHARED


@pytest.fixture
def threads(account: MailAccount) -> dict[str, Thread]:
    found = {word: make_thread(account, f"About {word}") for word in ("merger", "lunch", "tender")}
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    return found


@pytest.fixture
def client(alice: Any) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def form_of(content: bytes, *, within: str) -> dict[str, str]:
    """The hidden fields of the form with this id, or of this page's dialog."""
    text = content.decode()
    start = text.index(within)
    return {
        name: unescape(value)
        for name, value in FIELD.findall(text[start : text.index("</form>", start)])
        if name != "csrfmiddlewaretoken"
    }


def list_form(client: Client, path: str) -> dict[str, str]:
    return {**form_of(client.get(path).content, within='id="list-form"'), "scope": "all"}


def changed(threads: dict[str, Thread], **values: Any) -> set[str]:
    ids = set(Thread.objects.filter(**values).values_list("pk", flat=True))
    return {word for word, thread in threads.items() if thread.pk in ids}


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/mail/search/?q=tender", {"tender"}),
        ("/mail/search/?q=subject:lunch", {"lunch"}),
        ("/mail/all/", {"merger", "lunch", "tender"}),
        ("/mail/all/?starred=1", set()),
    ],
)
def test_preview_of_sharing_and_sharing_mean_the_same(
    client: Client, threads: dict[str, Thread], path: str, meant: set[str]
) -> None:
    """Out of a search it has shared all mail there is."""
    given = list_form(client, path)
    preview = client.post(reverse("inbox:threads_preview", args=["share"]), given, headers=HTMX)
    text = preview.content.decode()
    words = f"{len(meant)} conversation" if meant else "Nothing would change"
    assert words in text
    form = form_of(preview.content, within=reverse("inbox:threads_act", args=["share"]))
    client.post(reverse("inbox:threads_act", args=["share"]), form, headers=HTMX)
    assert changed(threads, visibility=SHARED) == meant


@pytest.mark.parametrize("what", ["label", "account", "assigned"])
def test_what_was_filtered_by_is_gone(
    client: Client, alice: Any, bob: Any, threads: dict[str, Thread], what: str
) -> None:
    """A colleague removed the label meanwhile: the filter without it would be all mail there is."""
    label = Label.objects.create(name="Old")
    ThreadLabel.objects.create(thread=threads["lunch"], label=label)
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.bulk_create(AccountMember(account=team, user=who) for who in (alice, bob))
    threads["team"] = make_thread(team, "About the team", assigned_to=bob)
    asked = {"label": label.pk, "account": team.key, "assigned": bob.pk}
    path = f"/mail/all/?{what}={asked[what]}"
    meant = {"lunch"} if what == "label" else {"team"}
    given = list_form(client, path)
    client.post(reverse("inbox:threads_act", args=["star"]), given, headers=HTMX)
    assert changed(threads, is_flagged=True) == meant
    if what == "label":
        label.delete()
    elif what == "account":
        AccountMember.objects.filter(user=alice).delete()
    else:
        AccountMember.objects.filter(user=bob).delete()
    for act in ("trash", "share"):
        client.post(reverse("inbox:threads_act", args=[act]), given, headers=HTMX)
    assert changed(threads, trashed_at__isnull=False) == set()
    assert changed(threads, visibility=SHARED) == set()
    # Who asks anew gets the list without the filter, and means what he sees.
    client.post(reverse("inbox:threads_act", args=["trash"]), list_form(client, path), headers=HTMX)
    assert len(changed(threads, trashed_at__isnull=False)) > 2


def test_what_was_searched_in_is_gone(
    client: Client, alice: Any, threads: dict[str, Thread]
) -> None:
    team = make_account(alice, "sales@northwind.example", scope=AccountScope.TEAM)
    AccountMember.objects.create(account=team, user=alice)
    threads["team"] = make_thread(team, "About the team")
    search_index.index_emails(Email.objects.values_list("pk", flat=True))
    given = list_form(client, "/mail/search/?q=account:sales+about")
    client.post(reverse("inbox:threads_act", args=["star"]), given, headers=HTMX)
    assert changed(threads, is_flagged=True) == {"team"}
    AccountMember.objects.all().delete()
    answer = client.post(reverse("inbox:threads_act", args=["trash"]), given, headers=HTMX)
    assert answer.status_code == 200
    assert changed(threads, trashed_at__isnull=False) == set()


@pytest.mark.parametrize("dialog", ["snooze_pick", "folder_pick"])
@pytest.mark.parametrize(
    ("path", "meant"),
    [("/mail/search/?q=tender", {"tender"}), ("/mail/all/", {"merger", "lunch", "tender"})],
)
def test_other_dialogs_too(
    client: Client,
    account: MailAccount,
    threads: dict[str, Thread],
    dialog: str,
    path: str,
    meant: set[str],
) -> None:
    account.mailboxes.create(path="Filed", is_selectable=True)
    asked = client.get(reverse(f"inbox:{dialog}"), list_form(client, path), headers=HTMX)
    act = "snooze" if dialog == "snooze_pick" else "folder"
    form = form_of(asked.content, within=reverse("inbox:threads_act", args=[act]))
    # Told by an act that each conversation shows.
    client.post(reverse("inbox:threads_act", args=["mute"]), form, headers=HTMX)
    assert changed(threads, muted_at__isnull=False) == meant


def test_form_that_has_lost_its_filter_means_nothing(
    client: Client, threads: dict[str, Thread]
) -> None:
    given = {"scope": "all", "box": "all"}
    answer = client.post(reverse("inbox:threads_act", args=["share"]), given)
    assert answer.status_code == 404
    assert changed(threads, visibility=SHARED) == set()
    answer = client.post(reverse("inbox:threads_act", args=["share"]), {**given, "filter": ""})
    assert answer.status_code == 303
    assert len(changed(threads, visibility=SHARED)) == 3


def test_mail_that_came_since_the_preview_is_not_shared_unseen(
    client: Client, account: MailAccount, threads: dict[str, Thread]
) -> None:
    given = list_form(client, "/mail/all/")
    preview = client.post(reverse("inbox:threads_preview", args=["share"]), given, headers=HTMX)
    form = form_of(preview.content, within=reverse("inbox:threads_act", args=["share"]))
    make_thread(account, "Not looked at")
    path = reverse("inbox:threads_act", args=["share"])
    answer = client.post(path, form, headers=HTMX)
    assert "Look again" in answer.content.decode()
    assert not Thread.objects.filter(visibility=SHARED).exists()
    preview = client.post(reverse("inbox:threads_preview", args=["share"]), given, headers=HTMX)
    form = form_of(preview.content, within=path)
    client.post(path, form, headers=HTMX)
    assert Thread.objects.filter(visibility=SHARED).count() == 4
